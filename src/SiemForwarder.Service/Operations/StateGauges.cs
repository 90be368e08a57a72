using Microsoft.Extensions.Options;
using Npgsql;
using SiemForwarder.Service.Detections;
using SiemForwarder.Service.Dispatch.Delivery;
using SiemForwarder.Service.Engines;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Integrations;
using SiemForwarder.Service.Memory;
using SiemForwarder.Service.Sources;
using SiemForwarder.Service.Storage;
using SiemForwarder.Service.Telemetry;

namespace SiemForwarder.Service.Operations;

/// <summary>Reads the gauges of the metrics that only the database knows, all of them in one statement, whoever scrapes how often.</summary>
/// <remarks>Every engine shows them for the whole installation, so that they are there whichever engine is left: take the maximum, not the sum.</remarks>
internal sealed class StateGaugeService(
    NpgsqlDataSource database, ForwarderMetrics metrics, EngineLeases leases, MemoryBudget memory,
    IOptions<OperationsOptions> options, IOptions<EventLogOptions> logOptions, LoopGuard guard, TimeProvider time)
    : BackgroundService
{
    private const int TimeoutSeconds = 10;
    private const int MaxRows = 50_000;

    // What a log holds is counted from its days, so no events are read but the oldest segment of each backlog.
    private const string Statement = $"""
        WITH lag AS MATERIALIZED (
            SELECT r.integration_id, r.name AS integration, s.name AS source, h.source_id, coalesce(c.position, 0) AS position,
                greatest(h.next_position - 1 - coalesce(c.position, 0), 0) AS events
            FROM {ConfigurationTables.Readings} r JOIN {LogTables.Heads} h ON h.source_id = r.source_id
            JOIN {ConfigurationTables.Sources} s ON s.id = r.source_id
            LEFT JOIN {LogTables.Checkpoints} c ON c.integration_id = r.integration_id AND c.source_id = r.source_id
            WHERE r.enabled
        ), oldest AS MATERIALIZED (
            SELECT lag.integration, o.day, o.lowest_at FROM lag CROSS JOIN {LogTables.OldestOfLag} o
            WHERE lag.events > 0
        ), stored AS MATERIALIZED (
            SELECT h.source_id, greatest(h.next_position - min(d.first_position), 0) AS events
            FROM {LogTables.Heads} h JOIN {LogTables.Days} d ON d.source_id = h.source_id GROUP BY h.source_id, h.next_position
        ), total AS MATERIALIZED (
            SELECT {LogTables.Size} AS bytes, greatest((SELECT sum(events) FROM stored), 1) AS events
        )
        SELECT 'backlog.events', integration, source, events::float8 FROM lag
        UNION ALL SELECT 'backlog.size', lag.integration, lag.source, (lag.events * total.bytes / total.events)::float8 FROM lag, total
        UNION ALL SELECT 'backlog.age', i.name, '', coalesce(greatest(extract(epoch FROM $1) - min(o.lowest_at) / 1000.0, 0), 0)::float8
            FROM {ConfigurationTables.Integrations} i LEFT JOIN oldest o ON o.integration = i.name WHERE i.enabled GROUP BY i.name
        UNION ALL SELECT 'integration.retention.margin', integration, '',
                extract(epoch FROM min(day + 1 + $2)::timestamp AT TIME ZONE 'UTC' - $1)::float8
            FROM oldest WHERE $2 > 0 GROUP BY integration
        UNION ALL SELECT 'integration.failing', i.name, i.destination, CASE WHEN s.status = 'Error' THEN 1 ELSE 0 END
            FROM {ConfigurationTables.Integrations} i LEFT JOIN {IntegrationStatusTable.Rows} s ON s.integration_id = i.id WHERE i.enabled
        UNION ALL SELECT 'set_aside.events', i.name, '', count(a.id)
            FROM {ConfigurationTables.Integrations} i LEFT JOIN {DeliveryTables.SetAside} a ON a.integration_id = i.id AND a.state IN ('open', 'requested')
            GROUP BY i.name
        UNION ALL SELECT 'source.failing', s.name, '', CASE WHEN p.failing_since IS NULL THEN 0 ELSE 1 END
            FROM {ConfigurationTables.Sources} s JOIN {SourceStatusTable.Rows} p ON p.source_id = s.id WHERE s.enabled
        UNION ALL SELECT 'source.unread', s.name, '', (p.unread_seconds + extract(epoch FROM $1 - p.updated_at))::float8
            FROM {ConfigurationTables.Sources} s JOIN {SourceStatusTable.Rows} p ON p.source_id = s.id WHERE s.enabled
        UNION ALL SELECT 'source.retention.margin', s.name, '',
                (p.expiration_seconds - p.unread_seconds - extract(epoch FROM $1 - p.updated_at))::float8
            FROM {ConfigurationTables.Sources} s JOIN {SourceStatusTable.Rows} p ON p.source_id = s.id WHERE s.enabled AND p.expiration_seconds > 0
        UNION ALL SELECT 'log.size', '', '', total.bytes::float8 FROM total
        UNION ALL SELECT 'log.events', s.name, '', coalesce(t.events, 0)::float8
            FROM {ConfigurationTables.Sources} s LEFT JOIN stored t ON t.source_id = s.id
        UNION ALL SELECT 'detection.backlog', s.name, '', b.events::float8
            FROM {DetectionTables.Backlog} b JOIN {ConfigurationTables.Sources} s ON s.id = b.source_id
        UNION ALL SELECT 'name.integration', name, '', 0 FROM {ConfigurationTables.Integrations} i
        UNION ALL SELECT 'name.source', name, '', 0 FROM {ConfigurationTables.Sources} s
        LIMIT $3
        """;

    private static readonly Dictionary<string, MetricDefinition> ByName =
        MetricCatalog.All.ToDictionary(one => one.Name["siemforwarder.".Length..], StringComparer.Ordinal);

    protected override Task ExecuteAsync(CancellationToken stoppingToken)
    {
        metrics.Observe(MetricCatalog.Leases, () => leases.All.CountBy(lease => lease.Kind)
            .Select(pair => new GaugeValue(MetricCatalog.Leases, pair.Value, new(KindOf(pair.Key)))));
        metrics.Observe(MetricCatalog.LoopsFailing, () => [new(MetricCatalog.LoopsFailing, guard.Faults.Count)]);
        metrics.Observe(MetricCatalog.LoopsStalled, () => [new(MetricCatalog.LoopsStalled, guard.Stalled.Count)]);
        metrics.Observe(MetricCatalog.MemoryUsage, () => Parts(MetricCatalog.MemoryUsage, static share => share.Taken));
        metrics.Observe(MetricCatalog.MemoryLimit, () => Parts(MetricCatalog.MemoryLimit, static share => share.Most));
        metrics.Observe(MetricCatalog.MemoryMinimum, () => Parts(MetricCatalog.MemoryMinimum, static share => share.Minimum));
        metrics.Observe(MetricCatalog.MemoryBudget, () => [new(MetricCatalog.MemoryBudget, memory.Bytes)]);
        return guard.RunAsync("reads the gauges of the metrics", ReadAsync, token => Task.Delay(options.Value.GaugeInterval, time, token), stoppingToken);
    }

    /// <summary>Reads the gauges once.</summary>
    internal async Task ReadAsync(CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(Statement);
        command.CommandTimeout = TimeoutSeconds;
        command.Parameters.AddWithValue(time.GetUtcNow());
        command.Parameters.AddWithValue(logOptions.Value.HardLimitDays);
        command.Parameters.AddWithValue(MaxRows);
        var values = new List<GaugeValue>();
        var (integrations, sources) = (new HashSet<string>(StringComparer.Ordinal), new HashSet<string>(StringComparer.Ordinal));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            var (metric, first, second) = (reader.GetString(0), reader.GetString(1), reader.GetString(2));
            if (metric is "name.integration" or "name.source")
            {
                (metric == "name.source" ? sources : integrations).Add(first);
            }
            else
            {
                values.Add(new GaugeValue(ByName[metric], reader.GetDouble(3), new(first, second)));
            }
        }

        metrics.Show(values);
        metrics.Keep(integrations, sources);
    }

    private static string KindOf(LeaseKind kind) => kind == LeaseKind.Detections ? "detections" : LeaseTable.NameOf(kind);

    private IEnumerable<GaugeValue> Parts(MetricDefinition metric, Func<MemoryShare, long> value) =>
        memory.Shares.Select(share => new GaugeValue(metric, value(share), new(share.Name)));
}
