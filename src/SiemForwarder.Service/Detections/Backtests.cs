using Microsoft.Extensions.Options;
using Npgsql;
using SiemForwarder.Detections;
using SiemForwarder.Detections.Rules;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Detections;

/// <summary>A time range to run a rule file over.</summary>
/// <param name="From">Events from this time on; at most the last 30 days if omitted, 24 hours.</param>
/// <param name="To">Events before this time; now if omitted.</param>
/// <param name="MaxEvents">Events to follow at most: 1 to 1,000,000; 200,000 if omitted.</param>
public sealed record BacktestRequest(DateTimeOffset? From = null, DateTimeOffset? To = null, int? MaxEvents = null);

/// <summary>What a rule file would have found; nothing of it is stored.</summary>
/// <param name="From">Beginning of the range.</param>
/// <param name="To">End of the range.</param>
/// <param name="Events">Events that were followed, those before the range from which the rules learned included.</param>
/// <param name="IsWhole">False if the range was cut because it held too many events or took too long.</param>
/// <param name="CoveredTo">Time of the last event that was followed; null if there was none.</param>
/// <param name="Alerts">Number of alerts.</param>
/// <param name="AlertsPerDay">The same a day.</param>
/// <param name="Rules">Alerts by rule.</param>
/// <param name="Found">The first 100 alerts.</param>
/// <param name="Findings">Why rules of the file did not run.</param>
public sealed record BacktestResponse(
    DateTimeOffset From, DateTimeOffset To, long Events, bool IsWhole, DateTimeOffset? CoveredTo, long Alerts, double AlertsPerDay,
    IReadOnlyList<BacktestRule> Rules, IReadOnlyList<BacktestAlert> Found, IReadOnlyList<string> Findings);

/// <summary>How often a rule would have alerted.</summary>
public sealed record BacktestRule(string Id, string Title, long Alerts);

/// <summary>An alert that would have been raised.</summary>
/// <param name="Rule">Id of the rule.</param>
/// <param name="At">When.</param>
/// <param name="Group">Values of its group.</param>
/// <param name="EventCount">Number of events that it rests on.</param>
/// <param name="Events">The newest of them.</param>
public sealed record BacktestAlert(
    string Rule, DateTimeOffset At, IReadOnlyDictionary<string, string> Group, int EventCount, IReadOnlyList<BacktestEvent> Events);

/// <summary>An event that an alert rests on.</summary>
public sealed record BacktestEvent(string Id, int Source, long Position, DateTimeOffset At);

/// <summary>Runs rule files over stored events, with an engine of their own; nothing is stored.</summary>
internal sealed class Backtests(
    DatabaseConnections connections, NpgsqlDataSource database, EventLogSignal signal, SourceDirectory sources, SegmentNormalizer normalizer,
    IOptions<DetectionOptions> options, TimeProvider time)
{
    private const int MaxFound = 100;
    private const int MaxEventsShown = 20;
    private const int PartSize = 2000;
    private const long CacheBytes = 16 * 1024 * 1024;
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(30);

    /// <summary>Follows the events of a range, and those before it that the rules learn from.</summary>
    public async Task<BacktestResponse> RunAsync(
        StoredRule file, RuleSet rules, DateTimeOffset from, DateTimeOffset to, int maxEvents, CancellationToken cancellationToken)
    {
        var began = time.GetTimestamp();
        var log = new EventLogReader(connections.Shared, new SegmentCache(CacheBytes), signal);
        var merge = new LogMerge(log, sources, normalizer, options.Value.ToCalendar());
        var (positions, ends) = await FindRangeAsync(from - rules.Reach, to, cancellationToken);
        var engine = new DetectionEngine(rules);
        var raised = new List<RaisedAlert>();
        var (followed, isWhole) = (0L, true);
        DateTimeOffset? coveredTo = null;
        while (await merge.ReadAsync(positions, ends, PartSize, cancellationToken) is { } part)
        {
            if (followed >= maxEvents || time.GetElapsedTime(began) > Bound)
            {
                isWhole = false;
                break;
            }

            await merge.FollowAsync(engine, part, raised, cancellationToken);
            positions[part.Segment.SourceId] = part.Range.Last;
            followed += part.End - part.First;
            coveredTo = part.Segment.OccurredAt(part.End - 1);
            raised.RemoveAll(one => one.Alert.OccurredAt < from || one.Alert.OccurredAt >= to);
        }

        var own = rules.All.Where(rule => rule.File == file.Name).ToDictionary(rule => rule.Head.Key, rule => rule.Head.Title, StringComparer.Ordinal);
        var alerts = raised.Where(one => own.ContainsKey(one.Alert.RuleId)).ToList();
        var counts = alerts.CountBy(one => one.Alert.RuleId).ToDictionary(one => one.Key, one => (long)one.Value);
        return new BacktestResponse(
            from, to, followed, isWhole, coveredTo, alerts.Count, Math.Round(alerts.Count / Math.Max((to - from).TotalDays, 1.0 / 24), 2),
            [.. own.Select(rule => new BacktestRule(rule.Key, rule.Value, counts.GetValueOrDefault(rule.Key)))],
            [.. alerts.Take(MaxFound).Select(Show)], RuleWords.Sentences(rules.Refusals));
    }

    private static BacktestAlert Show(RaisedAlert raised) => new(
        raised.Alert.RuleId, raised.Alert.OccurredAt, raised.Alert.Group.ToDictionary(one => one.Name, one => one.Value), raised.Alert.EventCount,
        [.. raised.Alert.Events.TakeLast(MaxEventsShown).Select(one => new BacktestEvent(one.Id, one.SourceId, one.Position, one.OccurredAt))]);

    private async Task<(Dictionary<int, long> Positions, Dictionary<int, long> Ends)> FindRangeAsync(
        DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand($"""
            SELECT source_id, min(first_position) - 1, max(last_position) FROM {LogTables.Segments} s
            WHERE source_id >= 0 AND highest_at >= $1 AND lowest_at < $2 GROUP BY source_id
            """);
        command.Parameters.AddWithValue(from.ToUnixTimeMilliseconds());
        command.Parameters.AddWithValue(to.ToUnixTimeMilliseconds());
        var (positions, ends) = (new Dictionary<int, long>(), new Dictionary<int, long>());
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            positions[reader.GetInt32(0)] = reader.GetInt64(1);
            ends[reader.GetInt32(0)] = reader.GetInt64(2);
        }

        return (positions, ends);
    }
}
