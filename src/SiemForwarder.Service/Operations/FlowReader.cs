using Npgsql;
using SiemForwarder.Service.Api;
using SiemForwarder.Service.Dispatch.Delivery;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Integrations;
using SiemForwarder.Service.Sources;
using SiemForwarder.Service.Storage;
using SiemForwarder.Service.Telemetry;

namespace SiemForwarder.Service.Operations;

/// <summary>Reads the flow from the sources over the log to the integrations: of all of them the sums, of those that need attention most each one.</summary>
/// <remarks>However many pages look every few seconds, it is read once for all of them; after a change of the configuration at once.</remarks>
internal sealed class FlowReader(NpgsqlDataSource database, ForwarderMetrics metrics, ConfigurationSignal configuration, TimeProvider time)
{
    private static readonly TimeSpan Shared = TimeSpan.FromSeconds(3);

    private readonly SharedAnswers<int, FlowResponse> answers = new(Shared, configuration, time);


    private const string Sources = $"""
        WITH one AS (
            SELECT s.id, s.name, t.state, t.failing_since, t.error, h.next_position - 1 AS appended, h.last_received_at,
                p.unread_seconds + extract(epoch FROM $2 - p.updated_at)::bigint AS unread
            FROM {ConfigurationTables.Sources} s JOIN ({SourceStatusTable.States}) t ON t.id = s.id JOIN {LogTables.Heads} h ON h.source_id = s.id
            LEFT JOIN {SourceStatusTable.Rows} p ON p.source_id = s.id AND s.enabled
            WHERE s.id > 0)
        SELECT id, name, state, failing_since, error, appended, last_received_at, unread,
            count(*) OVER (), count(*) FILTER (WHERE state = 'Error') OVER (), count(*) FILTER (WHERE state = 'Success') OVER (), (sum(appended) OVER ())::bigint,
            max(unread) OVER ()
        FROM one ORDER BY state = 'Error' DESC, state = 'Disabled', appended DESC, name LIMIT $1
        """;

    private const string Integrations = $"""
        WITH lag AS (
            SELECT r.integration_id, sum(coalesce(c.position, 0))::bigint AS taken, sum(greatest(h.next_position - 1 - coalesce(c.position, 0), 0))::bigint AS events
            FROM {ConfigurationTables.Readings} r JOIN {LogTables.Heads} h ON h.source_id = r.source_id
            LEFT JOIN {LogTables.Checkpoints} c ON c.integration_id = r.integration_id AND c.source_id = r.source_id
            GROUP BY r.integration_id
        ), aside AS (
            SELECT integration_id, count(*) AS events FROM {DeliveryTables.SetAside} a WHERE state IN ('open', 'requested') GROUP BY integration_id
        ), one AS (
            SELECT i.id, i.name, i.paused_at, {IntegrationStatusTable.State} AS state, s.since, CASE WHEN i.enabled AND s.status = 'Error' THEN s.error_message END AS error,
                coalesce(lag.taken, 0) AS taken, coalesce(lag.events, 0) AS backlog, coalesce(aside.events, 0) AS set_aside
            FROM {ConfigurationTables.Integrations} i LEFT JOIN {IntegrationStatusTable.Rows} s ON s.integration_id = i.id
            LEFT JOIN lag ON lag.integration_id = i.id LEFT JOIN aside ON aside.integration_id = i.id
        )
        SELECT id, name, paused_at IS NOT NULL, state, since, error, taken, backlog, set_aside,
            count(*) OVER (), count(*) FILTER (WHERE state = 'Error') OVER (), count(*) FILTER (WHERE state = 'Success') OVER (),
            count(*) FILTER (WHERE state <> 'Disabled') OVER (), count(*) FILTER (WHERE set_aside > 0) OVER (),
            (sum(taken) FILTER (WHERE state <> 'Disabled') OVER ())::bigint, (sum(backlog) FILTER (WHERE state <> 'Disabled') OVER ())::bigint
        FROM one ORDER BY state = 'Error' DESC, set_aside > 0 DESC, state = 'Disabled', backlog DESC, name LIMIT $1
        """;

    private const string Oldest = $"""
        WITH lag AS (
            SELECT r.integration_id, r.source_id, coalesce(c.position, 0) AS position
            FROM {ConfigurationTables.Readings} r JOIN {LogTables.Heads} h ON h.source_id = r.source_id
            LEFT JOIN {LogTables.Checkpoints} c ON c.integration_id = r.integration_id AND c.source_id = r.source_id
            WHERE r.integration_id = ANY ($1) AND h.next_position - 1 > coalesce(c.position, 0))
        SELECT lag.integration_id, min(o.lowest_at) FROM lag CROSS JOIN {LogTables.OldestOfLag} o WHERE o.lowest_at IS NOT NULL GROUP BY lag.integration_id
        """;

    /// <summary>The flow as it is now, or was a few seconds ago.</summary>
    /// <param name="top">How many sources and how many integrations to name.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    public Task<FlowResponse> ReadAsync(int top, CancellationToken cancellationToken) =>
        answers.GetAsync(top, token => ReadNowAsync(top, token), cancellationToken);

    private async Task<FlowResponse> ReadNowAsync(int top, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var sources = await ReadSourcesAsync(top, now, cancellationToken);
        var integrations = await ReadIntegrationsAsync(top, cancellationToken);
        var oldest = await ReadOldestAsync([.. integrations.Items.Where(one => one.Backlog > 0).Select(one => one.Id)], cancellationToken);
        return new FlowResponse(now, sources, integrations with
        {
            OldestUndeliveredAt = integrations.Backlog == 0 ? null : FindOldest(now, oldest.Values),
            Items = [.. integrations.Items.Select(one => oldest.TryGetValue(one.Id, out var at) ? one with { OldestUndeliveredAt = at } : one)],
        });
    }

    private async Task<FlowSources> ReadSourcesAsync(int top, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(Sources);
        command.Parameters.AddWithValue(top);
        command.Parameters.AddWithValue(now);
        var flow = new FlowSources(0, 0, 0, 0, null, []);
        var items = new List<FlowSource>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            var isFailing = reader.GetString(2) == "Error";
            items.Add(new FlowSource(
                reader.GetInt32(0), reader.GetString(1),
                new SourceSummary(reader.GetString(2), isFailing ? Instant(reader, 3) : null, isFailing && !reader.IsDBNull(4) ? reader.GetString(4) : null),
                reader.GetInt64(5), Instant(reader, 6), Seconds(reader, 7)));
            flow = new FlowSources(reader.GetInt64(8), reader.GetInt64(9), reader.GetInt64(10), reader.GetInt64(11), Seconds(reader, 12), items);
        }

        return flow;
    }

    private async Task<FlowIntegrations> ReadIntegrationsAsync(int top, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(Integrations);
        command.Parameters.AddWithValue(top);
        var flow = new FlowIntegrations(0, 0, 0, 0, 0, 0, 0, null, []);
        var items = new List<FlowIntegration>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            items.Add(new FlowIntegration(
                reader.GetInt32(0), reader.GetString(1), reader.GetBoolean(2),
                new IntegrationSummary(reader.GetString(3), Instant(reader, 4), reader.IsDBNull(5) ? null : reader.GetString(5)),
                reader.GetInt64(6), reader.GetInt64(7), null, reader.GetInt64(8)));
            flow = new FlowIntegrations(
                reader.GetInt64(9), reader.GetInt64(12), reader.GetInt64(10), reader.GetInt64(11), reader.GetInt64(13),
                reader.IsDBNull(14) ? 0 : reader.GetInt64(14), reader.IsDBNull(15) ? 0 : reader.GetInt64(15), null, items);
        }

        return flow;
    }

    private async Task<IReadOnlyDictionary<int, DateTimeOffset>> ReadOldestAsync(int[] ids, CancellationToken cancellationToken)
    {
        var oldest = new Dictionary<int, DateTimeOffset>();
        if (ids.Length == 0)
        {
            return oldest;
        }

        await using var command = database.CreateCommand(Oldest);
        command.Parameters.AddWithValue(ids);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            oldest[reader.GetInt32(0)] = DateTimeOffset.FromUnixTimeMilliseconds(reader.GetInt64(1));
        }

        return oldest;
    }

    // Those that are not named are known from the gauges, which are some seconds old.
    private DateTimeOffset? FindOldest(DateTimeOffset now, IEnumerable<DateTimeOffset> known)
    {
        var ages = metrics.Values(MetricCatalog.BacklogAge).Where(one => one.Value > 0).Select(one => now - TimeSpan.FromSeconds(one.Value));
        return known.Concat(ages).Select(at => (DateTimeOffset?)at).Min();
    }

    private static long? Seconds(NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : Math.Max(0, reader.GetInt64(column));

    private static DateTimeOffset? Instant(NpgsqlDataReader reader, int column) =>
        reader.IsDBNull(column) ? null : reader.GetFieldValue<DateTimeOffset>(column);
}
