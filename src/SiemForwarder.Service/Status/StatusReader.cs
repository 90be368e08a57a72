using Npgsql;
using SiemForwarder.Destinations;
using SiemForwarder.Service.Engines;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Integrations;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Status;

/// <summary>Shows what dispatch stored: headline, backlog, set-aside events.</summary>
internal sealed class StatusReader(NpgsqlDataSource database, EngineReader engines, TimeProvider time)
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
        await using var command = database.CreateCommand("""
            SELECT h.next_position - 1 - coalesce(c.position, 0), coalesce(c.position, 0), s.first_position, s.lowest_at, s.times
            FROM log_head h
            LEFT JOIN integration_checkpoint c ON c.source_id = h.source_id AND c.integration_id = $1
            LEFT JOIN LATERAL (SELECT first_position, lowest_at, times FROM segment
                WHERE source_id = h.source_id AND last_position > coalesce(c.position, 0) ORDER BY last_position LIMIT 1) s ON true
            WHERE h.next_position - 1 > coalesce(c.position, 0) AND (cardinality($2::int[]) = 0 OR h.source_id = ANY ($2))
            """);
        command.Parameters.AddWithValue(id);
        command.Parameters.AddWithValue(sources.ToArray());
        var (backlog, oldest) = (0L, (long?)null);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            backlog += reader.GetInt64(0);
            if (!reader.IsDBNull(2))
            {
                var index = (int)Math.Max(0, reader.GetInt64(1) + 1 - reader.GetInt64(2));
                var occurredAt = SegmentCodec.UnpackTimes(reader.GetFieldValue<byte[]>(4), index + 1, reader.GetInt64(3))[index];
                oldest = Math.Min(oldest ?? long.MaxValue, occurredAt);
            }
        }

        return (backlog, oldest is { } ms ? DateTimeOffset.FromUnixTimeMilliseconds(ms) : null);
    }

    private static DateTimeOffset? Instant(NpgsqlDataReader reader, int column) =>
        reader.IsDBNull(column) ? null : reader.GetFieldValue<DateTimeOffset>(column);

    private static Acceptance? AcceptanceOf(Integration integration)
    {
        var kind = DestinationCatalog.Find(integration.Destination);
        return kind?.AcceptanceWith?.Invoke(IntegrationDefinition.ReadKnown(integration.Definition).Settings) ?? kind?.Acceptance;
    }
}
