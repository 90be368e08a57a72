using Npgsql;
using SiemForwarder.Service.Dispatch.Delivery;
using SiemForwarder.Service.Engines;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Integrations;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Status;

/// <summary>Reads the status that dispatch stored: headline, backlog, set-aside events.</summary>
internal sealed class StatusReader(NpgsqlDataSource database, EventLogReader log, EngineReader engines, ExpiryWatch expiry, TimeProvider time)
{
    /// <summary>The status as stored; an enabled integration whose pool has no live engine is in error whatever is stored.</summary>
    public async Task<IntegrationStatusResponse> ReadAsync(Integration integration, CancellationToken cancellationToken)
    {
        var sources = IntegrationSettings.ReadKnown(integration.Definition).Sources;
        var backlog = await ReadBacklogAsync(integration.Id, sources, cancellationToken);
        var stored = await ReadStoredAsync(integration.Id, cancellationToken);
        var hasEngine = !integration.Enabled || integration is { PausedAt: not null, PausedBy: not null }
            || await engines.HasLivingEngineAsync(integration.EnginePool, cancellationToken);
        var told = StatusRules.Tell(integration, stored, backlog, hasEngine, time.GetUtcNow());
        var ending = await expiry.ReadWarningsAsync($"integration:{integration.Id}", integration.Version, cancellationToken);
        return told with { Warnings = StatusRules.Warn(ending, told) };
    }

    private async Task<StoredStatus> ReadStoredAsync(int id, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand($"""
            SELECT s.status, s.since, s.last_attempt_at, s.last_success_at, s.error_category, s.error_message, s.error_at, s.next_attempt_at, s.engine,
                (SELECT count(*) FROM {DeliveryTables.SetAside} a WHERE integration_id = $1 AND state IN ('open', 'requested'))
            FROM {ConfigurationTables.Integrations} i LEFT JOIN {IntegrationStatusTable.Rows} s ON s.integration_id = i.id WHERE i.id = $1
            """);
        command.Parameters.AddWithValue(id);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        var error = reader.IsDBNull(5) ? null : new StatusError(reader.GetString(4), reader.GetString(5), reader.GetFieldValue<DateTimeOffset>(6));
        return new StoredStatus(
            reader.IsDBNull(0) ? null : reader.GetString(0),
            Instant(reader, 1),
            Instant(reader, 2),
            Instant(reader, 3),
            error,
            Instant(reader, 7),
            reader.IsDBNull(8) ? null : reader.GetString(8),
            reader.GetInt64(9));
    }

    private async Task<IReadOnlyList<SourceBacklog>> ReadBacklogAsync(int id, IReadOnlyList<int> sources, CancellationToken cancellationToken)
    {
        var behind = new List<(int SourceId, long Position, long Count)>();
        await using (var command = database.CreateCommand($"""
            SELECT h.source_id, coalesce(c.position, 0), h.next_position - 1 - coalesce(c.position, 0)
            FROM {LogTables.Heads} h
            LEFT JOIN {LogTables.Checkpoints} c ON c.source_id = h.source_id AND c.integration_id = $1
            WHERE h.next_position - 1 > coalesce(c.position, 0) AND (cardinality($2::int[]) = 0 OR h.source_id = ANY ($2))
            """))
        {
            command.Parameters.AddWithValue(id);
            command.Parameters.AddWithValue(sources.ToArray());
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
            {
                behind.Add((reader.GetInt32(0), reader.GetInt64(1), reader.GetInt64(2)));
            }
        }

        var backlog = new List<SourceBacklog>();
        foreach (var (sourceId, position, count) in behind)
        {
            backlog.Add(new SourceBacklog(count, (await log.FindTimeAsync(sourceId, position, cancellationToken))?.OccurredAtMs));
        }

        return backlog;
    }

    private static DateTimeOffset? Instant(NpgsqlDataReader reader, int column) =>
        reader.IsDBNull(column) ? null : reader.GetFieldValue<DateTimeOffset>(column);
}
