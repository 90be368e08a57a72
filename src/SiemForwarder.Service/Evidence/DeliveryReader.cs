using System.Text;
using Npgsql;
using NpgsqlTypes;
using SiemForwarder.Service.Dispatch.Delivery;

namespace SiemForwarder.Service.Evidence;

/// <summary>Reads the records written by dispatch.</summary>
internal sealed class DeliveryReader(NpgsqlDataSource database)
{
    private const string DeliveryColumns =
        "id, source_id, first_position, last_position, event_count, byte_count, sha256, attempts, answer, filtered, delivered_at, replay_id";

    private const string SetAsideColumns =
        "id, source_id, position, event_id, event_type, occurred_at, bytes, reason, answer, set_aside_at, state, note, decided_at, mapping_version";

    // Live batches follow each other, so the first that ends at or behind an event contains it; where some were sent again, others overlap it.
    private const int OverlappingBatches = 50;

    public async Task<DeliveryList> ListDeliveriesAsync(int integrationId, int page, int pageSize, CancellationToken cancellationToken) => new(
        await ReadAsync(
            $"SELECT {DeliveryColumns} FROM {DeliveryTables.Deliveries} d WHERE integration_id = $1 ORDER BY delivered_at DESC, id DESC OFFSET $2 LIMIT $3",
            [integrationId, (page - 1) * pageSize, pageSize], ReadDelivery, cancellationToken),
        await CountAsync($"SELECT count(*) FROM {DeliveryTables.Deliveries} d WHERE integration_id = $1", integrationId, cancellationToken), page, pageSize);

    public async Task<SetAsideList> ListSetAsideAsync(int integrationId, int page, int pageSize, CancellationToken cancellationToken) => new(
        await ReadAsync($"SELECT {SetAsideColumns} FROM {DeliveryTables.SetAside} a WHERE integration_id = $1 ORDER BY id DESC OFFSET $2 LIMIT $3",
            [integrationId, (page - 1) * pageSize, pageSize], ReadSetAside, cancellationToken),
        await CountAsync($"SELECT count(*) FROM {DeliveryTables.SetAside} a WHERE integration_id = $1", integrationId, cancellationToken), page, pageSize);

    /// <summary>The first delivery of each of these integrations that contained an event; none for those that did not deliver it.</summary>
    public async Task<IReadOnlyDictionary<int, DeliveryResponse>> FindDeliveriesAsync(
        int[] integrationIds, int sourceId, long position, CancellationToken cancellationToken)
    {
        if (integrationIds.Length == 0)
        {
            return new Dictionary<int, DeliveryResponse>();
        }

        var found = await ReadAsync($"""
            SELECT {DeliveryColumns}, one.integration_id FROM unnest($1) i (integration_id) CROSS JOIN LATERAL (
                SELECT * FROM (
                    (SELECT * FROM {DeliveryTables.Deliveries} d
                        WHERE d.integration_id = i.integration_id AND source_id = $2 AND last_position >= $3 AND replay_id IS NULL
                        ORDER BY last_position LIMIT {OverlappingBatches})
                    UNION ALL (SELECT * FROM {DeliveryTables.Deliveries} d
                        WHERE d.integration_id = i.integration_id AND source_id = $2 AND last_position >= $3 AND replay_id IS NOT NULL)
                ) near WHERE first_position <= $3 AND (filtered IS NULL OR NOT filtered @> $3) ORDER BY delivered_at, id LIMIT 1) one
            """, [integrationIds, sourceId, position], reader => Of(reader, ReadDelivery), cancellationToken);
        return found.ToDictionary();
    }

    /// <summary>What each of these integrations set aside of an event; none for those that did not.</summary>
    public async Task<IReadOnlyDictionary<int, SetAsideResponse>> FindSetAsideAsync(
        int[] integrationIds, int sourceId, long position, CancellationToken cancellationToken)
    {
        if (integrationIds.Length == 0)
        {
            return new Dictionary<int, SetAsideResponse>();
        }

        var found = await ReadAsync(
            $"SELECT {SetAsideColumns}, integration_id FROM {DeliveryTables.SetAside} a WHERE integration_id = ANY ($1) AND source_id = $2 AND position = $3",
            [integrationIds, sourceId, position], reader => Of(reader, ReadSetAside), cancellationToken);
        return found.ToDictionary();
    }

    private async Task<List<T>> ReadAsync<T>(string sql, object[] values, Func<NpgsqlDataReader, T> read, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(sql);
        foreach (var value in values)
        {
            command.Parameters.AddWithValue(value);
        }

        var rows = new List<T>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add(read(reader));
        }

        return rows;
    }

    private async Task<long> CountAsync(string sql, int integrationId, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(sql);
        command.Parameters.AddWithValue(integrationId);
        return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    private static KeyValuePair<int, T> Of<T>(NpgsqlDataReader reader, Func<NpgsqlDataReader, T> read) =>
        KeyValuePair.Create(reader.GetInt32(reader.GetOrdinal("integration_id")), read(reader));

    private static DeliveryResponse ReadDelivery(NpgsqlDataReader reader) => new(
        reader.GetInt64(0),
        reader.GetInt32(1),
        reader.GetInt64(2),
        reader.GetInt64(3),
        reader.GetInt32(4),
        reader.GetInt64(5),
        Convert.ToHexStringLower(reader.GetFieldValue<byte[]>(6)),
        reader.GetInt32(7),
        reader.GetString(8),
        reader.IsDBNull(9) ? [] : [.. reader.GetFieldValue<NpgsqlRange<long>[]>(9).Select(Shown)],
        reader.GetFieldValue<DateTimeOffset>(10),
        reader.IsDBNull(11) ? null : reader.GetInt64(11));

    private static string Shown(NpgsqlRange<long> range)
    {
        // PostgreSQL returns half-open ranges whatever was stored.
        var last = range.UpperBoundIsInclusive ? range.UpperBound : range.UpperBound - 1;
        return range.LowerBound == last ? $"{last}" : $"{range.LowerBound}-{last}";
    }

    private static SetAsideResponse ReadSetAside(NpgsqlDataReader reader)
    {
        var bytes = reader.GetFieldValue<byte[]>(6);
        return new SetAsideResponse(
            reader.GetInt64(0),
            reader.GetInt32(1),
            reader.GetInt64(2),
            reader.GetString(3),
            reader.GetString(4),
            reader.GetFieldValue<DateTimeOffset>(5),
            Encoding.UTF8.GetString(bytes),
            Convert.ToBase64String(bytes),
            reader.GetString(7),
            reader.GetString(8),
            reader.GetFieldValue<DateTimeOffset>(9),
            reader.GetString(10),
            reader.IsDBNull(11) ? null : reader.GetString(11),
            reader.IsDBNull(12) ? null : reader.GetFieldValue<DateTimeOffset>(12),
            reader.GetInt32(13));
    }
}
