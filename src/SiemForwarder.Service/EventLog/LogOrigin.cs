using System.Globalization;
using Npgsql;
using NpgsqlTypes;
using SiemForwarder.Events;

namespace SiemForwarder.Service.EventLog;

/// <summary>The server of a session, and the server on which the log was last seen.</summary>
/// <param name="IsStandby">Whether the server is a standby of another one.</param>
/// <param name="SystemIdentifier">Identity of the database cluster; null if the server does not reveal it.</param>
/// <param name="Timeline">Changes with every promotion and point-in-time recovery; null if the server does not reveal it.</param>
/// <param name="Stored">The server on which the log was last seen; null before the first check.</param>
internal sealed record LogOrigin(bool IsStandby, string? SystemIdentifier, string? Timeline, (string SystemIdentifier, string Timeline)? Stored)
{
    /// <summary>What differs, in a sentence; null if nothing does.</summary>
    public string? Difference => Stored is not { } stored || SystemIdentifier is null || Timeline is null ? null
        : stored.SystemIdentifier != SystemIdentifier ? "The database was moved to or restored on another server."
        : stored.Timeline != Timeline ? "A standby took over, or the database was restored to an earlier point in time."
        : null;

    public static async Task<LogOrigin> ReadAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        bool isStandby;
        (string, string)? stored;
        await using (var command = new NpgsqlCommand("""
            SELECT pg_is_in_recovery(), o.system_identifier, o.timeline FROM (SELECT 1) one LEFT JOIN log_origin o ON true
            """, connection))
        await using (var reader = await command.ExecuteReaderAsync(cancellationToken))
        {
            await reader.ReadAsync(cancellationToken);
            isStandby = reader.GetBoolean(0);
            stored = reader.IsDBNull(1) ? null : (reader.GetString(1), reader.GetString(2));
        }

        if (isStandby)
        {
            return new LogOrigin(true, null, null, stored);
        }

        var (system, timeline) = await ReadServerAsync(connection, cancellationToken);
        if (stored is null && system is not null && timeline is not null)
        {
            await using var first = new NpgsqlCommand(
                "INSERT INTO log_origin (system_identifier, timeline) VALUES ($1, $2) ON CONFLICT DO NOTHING", connection);
            first.Parameters.AddWithValue(system);
            first.Parameters.AddWithValue(timeline);
            await first.ExecuteNonQueryAsync(cancellationToken);
        }

        return new LogOrigin(false, system, timeline, stored);
    }

    /// <summary>Where every log ends.</summary>
    public static async Task<IReadOnlyDictionary<int, KnownHead>> ReadHeadsAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("SELECT source_id, next_position, incarnation FROM log_head", connection);
        var heads = new Dictionary<int, KnownHead>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            heads[reader.GetInt32(0)] = new KnownHead(reader.GetInt64(1), reader.GetInt64(2), null);
        }

        return heads;
    }

    /// <summary>Whether a log holds a different event at the position where this process stored its last one. False if the day no longer exists.</summary>
    public static async Task<bool> HasOtherTailAsync(
        NpgsqlConnection connection, IEnumerable<KeyValuePair<int, KnownHead>> known, CancellationToken cancellationToken)
    {
        foreach (var day in known.Where(pair => pair.Value.Tail is not null).GroupBy(pair => pair.Value.Tail!.Value.Day))
        {
            await using var command = new NpgsqlCommand(string.Create(CultureInfo.InvariantCulture, $"""
                SELECT EXISTS (
                    SELECT 1 FROM unnest($1::int[], $2::bigint[], $3::bytea[]) AS k (source_id, position, key)
                    CROSS JOIN LATERAL (
                        SELECT first_position, keys FROM {DayPartitions.NameOf("segment", day.Key)}
                        WHERE source_id = k.source_id AND last_position >= k.position ORDER BY last_position LIMIT 1) s
                    WHERE s.first_position <= k.position AND substring(s.keys FROM ((k.position - s.first_position) * 16 + 1)::int FOR 16) <> k.key)
                """), connection);
            command.Parameters.AddWithValue(day.Select(pair => pair.Key).ToArray());
            command.Parameters.AddWithValue(day.Select(pair => pair.Value.NextPosition - 1).ToArray());
            command.Parameters.AddWithValue(NpgsqlDbType.Array | NpgsqlDbType.Bytea, day.Select(pair => BytesOf(pair.Value.Tail!.Value.Key)).ToArray());
            try
            {
                if (await command.ExecuteScalarAsync(cancellationToken) is true)
                {
                    return true;
                }
            }
            catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.UndefinedTable)
            {
                continue;
            }
        }

        return false;
    }

    // Some hosted PostgreSQL services restrict these functions; then the ends of the logs and their last keys have to suffice.
    private static async Task<(string? SystemIdentifier, string? Timeline)> ReadServerAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        try
        {
            await using var command = new NpgsqlCommand(
                "SELECT (SELECT system_identifier::text FROM pg_control_system()), left(pg_walfile_name(pg_current_wal_lsn()), 8)", connection);
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            await reader.ReadAsync(cancellationToken);
            return (reader.GetString(0), reader.GetString(1));
        }
        catch (PostgresException exception) when (!exception.IsTransient && exception.SqlState[..2] is "42" or "0A" or "55")
        {
            return (null, null);
        }
    }

    private static byte[] BytesOf(EventKey key)
    {
        var bytes = new byte[EventKey.Size];
        key.Write(bytes);
        return bytes;
    }
}
