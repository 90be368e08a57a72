using Microsoft.Extensions.Options;
using Npgsql;
using SiemForwarder.Service.Api;
using SiemForwarder.Service.Telemetry;

namespace SiemForwarder.Service.Operations;

/// <summary>The series of the history.</summary>
internal static class FlowSeries
{
    /// <summary>Events that were new in the log; only counted.</summary>
    public const string Appended = "appended";

    /// <summary>Events that destinations accepted; only counted.</summary>
    public const string Delivered = "delivered";

    /// <summary>Seconds from when an event happened to when its destination accepted it, of some events of each batch.</summary>
    public const string Latency = "latency";

    /// <summary>Events that wait for their integrations: one waits once for each of them.</summary>
    public const string Backlog = "backlog";
}

/// <summary>What flowed and what waited, minute by minute, of all engines together.</summary>
internal sealed class FlowHistory(NpgsqlDataSource database, TimeProvider time)
{
    private static readonly TimeSpan Retention = TimeSpan.FromDays(8);
    private static readonly TimeSpan Shared = TimeSpan.FromSeconds(5);

    private readonly SharedAnswers<(DateTimeOffset, TimeSpan), IReadOnlyDictionary<(DateTimeOffset, string), ValueTally>> answers = new(Shared, null, time);

    /// <summary>Adds what one engine counted to the minute of <paramref name="now"/>, and drops what is older than eight days.</summary>
    public async Task AddAsync(DateTimeOffset now, IReadOnlyDictionary<string, ValueTally> counted, CancellationToken cancellationToken)
    {
        await using var batch = database.CreateBatch();
        // In one order in every engine, so that two of them never wait for each other.
        foreach (var (series, tally) in counted.OrderBy(one => one.Key, StringComparer.Ordinal))
        {
            var add = batch.CreateBatchCommand();
            add.CommandText = """
                INSERT INTO flow_minute AS m (minute, series, samples, total, highest) VALUES (date_trunc('minute', $1, 'UTC'), $2, $3, $4, $5)
                ON CONFLICT (minute, series) DO UPDATE
                    SET samples = m.samples + excluded.samples, total = m.total + excluded.total, highest = greatest(m.highest, excluded.highest)
                """;
            add.Parameters.AddWithValue(now);
            add.Parameters.AddWithValue(series);
            add.Parameters.AddWithValue(tally.Samples);
            add.Parameters.AddWithValue(tally.Total);
            add.Parameters.AddWithValue(tally.Highest);
            batch.BatchCommands.Add(add);
        }

        var drop = batch.CreateBatchCommand();
        drop.CommandText = "DELETE FROM flow_minute WHERE minute < $1";
        drop.Parameters.AddWithValue(now - Retention);
        batch.BatchCommands.Add(drop);
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>The tallies since <paramref name="from"/>, by step and series; a step without an engine has none.</summary>
    public Task<IReadOnlyDictionary<(DateTimeOffset At, string Series), ValueTally>> ReadAsync(
        DateTimeOffset from, TimeSpan step, CancellationToken cancellationToken) =>
        answers.GetAsync((from, step), token => ReadNowAsync(from, step, token), cancellationToken);

    private async Task<IReadOnlyDictionary<(DateTimeOffset At, string Series), ValueTally>> ReadNowAsync(
        DateTimeOffset from, TimeSpan step, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("""
            SELECT date_bin($2, minute, $1), series, sum(samples)::bigint, sum(total), max(highest) FROM flow_minute WHERE minute >= $1 GROUP BY 1, 2
            """);
        command.Parameters.AddWithValue(from);
        command.Parameters.AddWithValue(step);
        var found = new Dictionary<(DateTimeOffset, string), ValueTally>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            var tally = new ValueTally(reader.GetInt64(2), reader.GetDouble(3), reader.GetDouble(4));
            found[(reader.GetFieldValue<DateTimeOffset>(0), reader.GetString(1))] = tally;
        }

        return found;
    }
}

/// <summary>Writes what this engine counted to the history, every few seconds.</summary>
internal sealed class FlowHistoryService(
    FlowHistory history, IntegrationHistory integrations, ForwarderMetrics metrics, IOptions<OperationsOptions> options, LoopGuard guard, TimeProvider time)
    : BackgroundService
{
    // What could not be written yet.
    private readonly Dictionary<string, ValueTally> counted = [];
    private readonly Dictionary<string, IntegrationTally> countedOfEach = [];
    private IReadOnlyDictionary<string, long> deliveredOfEach = new Dictionary<string, long>();
    private long appended;
    private long delivered;

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        guard.RunAsync("writes the history of the flow", WriteAsync, token => Task.Delay(options.Value.GaugeInterval, time, token), stoppingToken);

    private async Task WriteAsync(CancellationToken cancellationToken)
    {
        Count();
        await history.AddAsync(time.GetUtcNow(), counted, cancellationToken);
        counted.Clear();
        await integrations.AddAsync(time.GetUtcNow(), countedOfEach, cancellationToken);
        countedOfEach.Clear();
    }

    private void Count()
    {
        Note(FlowSeries.Appended, new ValueTally(Since(ref appended, metrics.Total(MetricCatalog.EventsAppended)), 0, 0));
        Note(FlowSeries.Delivered, new ValueTally(Since(ref delivered, metrics.Total(MetricCatalog.EventsDelivered)), 0, 0));
        var latencies = metrics.TakeLatencies();
        Note(FlowSeries.Latency, latencies.Values.Aggregate(default(ValueTally), (sum, one) => sum.Plus(one)));
        foreach (var (integration, latency) in latencies)
        {
            NoteOf(integration, new IntegrationTally(0, latency, 0));
        }

        CountDelivered();
        CountBacklog();
    }

    private void CountDelivered()
    {
        var now = metrics.SumsByFirst(MetricCatalog.EventsDelivered);
        foreach (var (integration, count) in now)
        {
            // What is less than before began anew: an integration was deleted, and another has its name.
            var before = deliveredOfEach.GetValueOrDefault(integration);
            NoteOf(integration, new IntegrationTally(count >= before ? count - before : count, default, 0));
        }

        deliveredOfEach = now;
    }

    private void CountBacklog()
    {
        if (metrics.Values(MetricCatalog.StateAge).Count == 0)
        {
            return;
        }

        var sum = 0.0;
        foreach (var one in metrics.Values(MetricCatalog.BacklogEvents).GroupBy(one => one.Labels.First, one => one.Value))
        {
            var waiting = one.Sum();
            sum += waiting;
            NoteOf(one.Key, new IntegrationTally(0, default, (long)waiting));
        }

        Note(FlowSeries.Backlog, new ValueTally(1, sum, sum));
    }

    private void Note(string series, ValueTally tally) => counted[series] = counted.GetValueOrDefault(series).Plus(tally);

    private void NoteOf(string integration, IntegrationTally tally)
    {
        if (!tally.IsEmpty)
        {
            countedOfEach[integration] = countedOfEach.GetValueOrDefault(integration).Plus(tally);
        }
    }

    private static long Since(ref long before, long now)
    {
        var counted = now - before;
        before = now;
        return counted;
    }
}
