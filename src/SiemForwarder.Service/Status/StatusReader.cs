using Npgsql;
using SiemForwarder.Connections;
using SiemForwarder.Destinations;
using SiemForwarder.Service.Engines;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Integrations;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Status;

/// <summary>Shows what dispatch stored: headline, backlog, set-aside events.</summary>
internal sealed class StatusReader(NpgsqlDataSource database, EventLogReader log, EngineReader engines, TimeProvider time)
{
    /// <summary>The status as stored; an enabled integration whose pool has no living engine is in error whatever was stored.</summary>
    public async Task<IntegrationStatusResponse> ReadAsync(Integration integration, CancellationToken cancellationToken)
    {
        var stored = await ReadStoredAsync(integration, cancellationToken);
        if (integration is { PausedAt: { } since, PausedBy: { } by })
        {
            return stored with { Paused = new PauseStatus(since, by, integration.PauseReason), NextAttemptAt = null, Engine = null };
        }

        if (!integration.Enabled || await engines.HasLivingEngineAsync(integration.EnginePool, cancellationToken))
        {
            return stored;
        }

        var message = $"No engine of the pool '{integration.EnginePool}' is alive, so nothing is sent; everything is kept. Start an engine with "
            + $"Forwarder__Engine__Pools__0={integration.EnginePool}, or move the integration to another pool.";
        return stored with { Status = "Error", LastError = new StatusError(nameof(ErrorCategory.Configuration), message, time.GetUtcNow()), Engine = null };
    }

    private async Task<IntegrationStatusResponse> ReadStoredAsync(Integration integration, CancellationToken cancellationToken)
    {
        var sources = IntegrationDefinition.ReadKnown(integration.Definition).Sources;
        var (backlog, oldest) = await ReadBacklogAsync(integration.Id, sources, cancellationToken);
        await using var command = database.CreateCommand("""
            SELECT s.status, s.since, s.last_attempt_at, s.last_success_at, s.error_category, s.error_message, s.error_at, s.next_attempt_at, s.engine,
                (SELECT count(*) FROM set_aside WHERE integration_id = $1 AND state IN ('open', 'requested'))
            FROM integration i LEFT JOIN integration_status s ON s.integration_id = i.id WHERE i.id = $1
            """);
        command.Parameters.AddWithValue(integration.Id);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        var error = reader.IsDBNull(5) ? null : new StatusError(reader.GetString(4), reader.GetString(5), reader.GetFieldValue<DateTimeOffset>(6));
        return new IntegrationStatusResponse(
            reader.IsDBNull(0) ? "Not yet invoked" : reader.GetString(0),
            Instant(reader, 1),
            Instant(reader, 2),
            Instant(reader, 3),
            AcceptanceText.Of(AcceptanceOf(integration)),
            error,
            backlog,
            oldest,
            reader.GetInt64(9),
            integration.Enabled ? Instant(reader, 7) : null,
            reader.IsDBNull(8) ? null : reader.GetString(8));
    }

    private async Task<(long Backlog, DateTimeOffset? Oldest)> ReadBacklogAsync(int id, IReadOnlyList<int> sources, CancellationToken cancellationToken)
    {
        var behind = new List<(int SourceId, long Position, long Count)>();
        await using (var command = database.CreateCommand("""
            SELECT h.source_id, coalesce(c.position, 0), h.next_position - 1 - coalesce(c.position, 0)
            FROM log_head h
            LEFT JOIN integration_checkpoint c ON c.source_id = h.source_id AND c.integration_id = $1
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

        long? oldest = null;
        foreach (var (sourceId, position, _) in behind)
        {
            if (await log.FindTimeAsync(sourceId, position, cancellationToken) is { } first)
            {
                oldest = Math.Min(oldest ?? long.MaxValue, first.OccurredAtMs);
            }
        }

        return (behind.Sum(one => one.Count), oldest is { } ms ? DateTimeOffset.FromUnixTimeMilliseconds(ms) : null);
    }

    private static DateTimeOffset? Instant(NpgsqlDataReader reader, int column) =>
        reader.IsDBNull(column) ? null : reader.GetFieldValue<DateTimeOffset>(column);

    private static Acceptance? AcceptanceOf(Integration integration)
    {
        var kind = DestinationCatalog.Find(integration.Destination);
        return kind?.AcceptanceWith?.Invoke(IntegrationDefinition.ReadKnown(integration.Definition).Settings) ?? kind?.Acceptance;
    }
}
