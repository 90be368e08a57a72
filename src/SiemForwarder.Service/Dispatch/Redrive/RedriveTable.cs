using Npgsql;
using SiemForwarder.Service.Dispatch.Delivery;
using SiemForwarder.Service.Integrations;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Dispatch.Redrive;

/// <summary>Set-aside events as used by the redrive lane.</summary>
internal interface IRedriveTable
{
    /// <summary>The oldest events that are requested to be sent again.</summary>
    Task<IReadOnlyList<RequestedEvent>> ListRequestedAsync(int integrationId, int limit, CancellationToken cancellationToken);

    /// <summary>Records the outcome of one event.</summary>
    Task SettleAsync(long id, string state, string note, CancellationToken cancellationToken);
}

/// <summary>The stored decisions on set-aside events.</summary>
internal sealed class RedriveTable(NpgsqlDataSource database, ConfigurationSignal configuration, TimeProvider time) : IRedriveTable
{
    private readonly WaitingIntegrations requested = new(
        database, "SELECT DISTINCT integration_id FROM set_aside WHERE state = 'requested'", TimeSpan.FromSeconds(4), configuration, time);

    public async Task<IReadOnlyList<RequestedEvent>> ListRequestedAsync(int integrationId, int limit, CancellationToken cancellationToken)
    {
        if (!await requested.ContainAsync(integrationId, cancellationToken))
        {
            return [];
        }

        await using var command = database.CreateCommand("""
            SELECT id, source_id, position, bytes, render_again FROM set_aside WHERE integration_id = $1 AND state = 'requested' ORDER BY id LIMIT $2
            """);
        command.Parameters.AddWithValue(integrationId);
        command.Parameters.AddWithValue(limit);
        var events = new List<RequestedEvent>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            events.Add(new RequestedEvent(
                reader.GetInt64(0), reader.GetInt32(1), reader.GetInt64(2), reader.GetFieldValue<byte[]>(3), reader.GetBoolean(4)));
        }

        return events;
    }

    public async Task SettleAsync(long id, string state, string note, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand($"""
            WITH settled AS (UPDATE set_aside SET state = $2, note = $3, decided_at = $4 WHERE id = $1 RETURNING integration_id)
            {IntegrationStatusTable.ShowRedriven}
            """);
        command.Parameters.AddWithValue(id);
        command.Parameters.AddWithValue(state);
        command.Parameters.AddWithValue(StoredText.Of(note));
        command.Parameters.AddWithValue(time.GetUtcNow());
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Requests that open events be sent again: by id, by a part of the reason, or all; returns how many.</summary>
    public Task<int> RequestAsync(int integrationId, long[]? ids, string? reason, bool renderAgain, CancellationToken cancellationToken) =>
        DecideAsync("state = 'requested', render_again = $4, note = NULL, decided_at = $5", integrationId, ids, reason, renderAgain, cancellationToken);

    /// <summary>Discards open events with the given reason; returns how many.</summary>
    public async Task<int> DiscardAsync(int integrationId, long[]? ids, string? reason, string why, CancellationToken cancellationToken)
    {
        var count = await DecideAsync("state = 'discarded', note = $4, decided_at = $5", integrationId, ids, reason, StoredText.Of(why), cancellationToken);
        await using var command = database.CreateCommand($"""
            {IntegrationStatusTable.EndRefusal}
                AND NOT EXISTS (SELECT 1 FROM set_aside a WHERE a.integration_id = $1 AND a.state IN ('open', 'requested'))
            """);
        command.Parameters.AddWithValue(integrationId);
        command.Parameters.AddWithValue(time.GetUtcNow());
        await command.ExecuteNonQueryAsync(cancellationToken);
        return count;
    }

    private async Task<int> DecideAsync(
        string change, int integrationId, long[]? ids, string? reason, object value, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand($"""
            UPDATE set_aside SET {change} WHERE integration_id = $1 AND state = 'open'
                AND ($2::bigint[] IS NULL OR id = ANY ($2)) AND ($3::text IS NULL OR position(lower($3) IN lower(reason)) > 0)
            """);
        command.Parameters.AddWithValue(integrationId);
        command.Parameters.AddWithValue(NpgsqlTypes.NpgsqlDbType.Array | NpgsqlTypes.NpgsqlDbType.Bigint, (object?)ids ?? DBNull.Value);
        command.Parameters.AddWithValue(NpgsqlTypes.NpgsqlDbType.Text, (object?)reason ?? DBNull.Value);
        command.Parameters.AddWithValue(value);
        command.Parameters.AddWithValue(time.GetUtcNow());
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
