using Microsoft.Extensions.Options;
using Npgsql;
using SiemForwarder.Detections;
using SiemForwarder.Detections.Alerts;
using SiemForwarder.Detections.Rules;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Detections;

/// <summary>What to follow in a backtest.</summary>
/// <param name="MaxEvents">Events to follow at most.</param>
/// <param name="Bound">Time to take at most; null for no bound.</param>
internal sealed record BacktestRange(DateTimeOffset From, DateTimeOffset To, int MaxEvents, TimeSpan? Bound);

/// <summary>Runs rule files over stored events, with an engine of their own; nothing is stored.</summary>
/// <remarks>What it holds is bounded whatever the range: the engine's groups, a small cache of segments, and the alerts that it shows.</remarks>
internal sealed class Backtests(
    DatabaseConnections connections, NpgsqlDataSource database, EventLogSignal signal, SourceDirectory sources, SegmentNormalizer normalizer,
    BacktestBlindness blindness, IOptions<DetectionOptions> options, TimeProvider time)
{
    private const int PartSize = 2000;
    private const long CacheBytes = 16 * 1024 * 1024;

    /// <summary>Follows the events of a range, and those before it that the rules learn from.</summary>
    /// <param name="file">The file.</param>
    /// <param name="library">It and all others.</param>
    /// <param name="range">What to follow.</param>
    /// <param name="isWanted">Told after each part how many events of how many were followed; false ends the run.</param>
    /// <param name="cancellationToken">Cancels the run.</param>
    /// <returns>What was found; null if it was no longer wanted.</returns>
    public async Task<BacktestResponse?> RunAsync(
        StoredRule file, RuleLibrary library, BacktestRange range, Func<long, long, CancellationToken, ValueTask<bool>> isWanted,
        CancellationToken cancellationToken)
    {
        var began = time.GetTimestamp();
        var log = new EventLogReader(connections.Shared, new SegmentCache(CacheBytes), signal);
        var merge = new LogMerge(log, sources, normalizer, options.Value.ToCalendar());
        var rules = library.Compile([file.Name]);
        var beside = rules.ReadsAlerts ? library.CompileEnabled(file.Name) : new RunningRules(rules, new HashSet<string>([file.Name], StringComparer.Ordinal));
        var (positions, ends) = await FindRangeAsync(range.From - rules.Reach, range.To, rules.ReadsAlerts, cancellationToken);
        var total = ends.Sum(end => end.Value - positions[end.Key]);
        var (engine, findings) = (new DetectionEngine(rules, new EngineOptions { Sight = beside.Rules.Sight }), new BacktestFindings(file, rules, range));
        var (raised, followed, isWhole) = (new List<Alert>(), 0L, true);
        DateTimeOffset? coveredTo = null;
        while (await merge.ReadAsync(positions, ends, PartSize, cancellationToken) is { } part)
        {
            if (followed >= range.MaxEvents || time.GetElapsedTime(began) > range.Bound)
            {
                isWhole = false;
                break;
            }

            await merge.FollowAsync(engine, part, raised, cancellationToken);
            findings.Take(raised);
            raised.Clear();
            positions[part.Segment.SourceId] = part.Range.Last;
            followed += part.End - part.First;
            coveredTo = part.Segment.OccurredAt(part.End - 1);
            if (!await isWanted(followed, total, cancellationToken))
            {
                return null;
            }
        }

        var blind = await blindness.FindAsync(beside, file.Name, log, range, cancellationToken);
        return findings.Show(followed, isWhole, coveredTo, blind);
    }

    private async Task<(Dictionary<int, long> Positions, Dictionary<int, long> Ends)> FindRangeAsync(
        DateTimeOffset from, DateTimeOffset to, bool withAlerts, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand($"""
            SELECT source_id, min(first_position) - 1, max(last_position) FROM {LogTables.Segments} s
            WHERE source_id >= $3 AND highest_at >= $1 AND lowest_at < $2 GROUP BY source_id
            """);
        command.Parameters.AddWithValue(from.ToUnixTimeMilliseconds());
        command.Parameters.AddWithValue(to.ToUnixTimeMilliseconds());
        command.Parameters.AddWithValue(withAlerts ? DetectionTables.SourceId : 0);
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

/// <summary>What a backtest found so far: counts of all alerts, and the first of them.</summary>
internal sealed class BacktestFindings(StoredRule file, RuleSet rules, BacktestRange range)
{
    private const int MaxFound = 100;
    private const int MaxEventsShown = 20;

    private readonly Dictionary<string, (string Title, long Alerts)> counts = rules.All.Where(rule => rule.File == file.Name)
        .ToDictionary(rule => rule.Head.Key, rule => (rule.Head.Title, 0L), StringComparer.Ordinal);

    private readonly List<BacktestAlert> found = [];

    /// <summary>Counts the alerts of the file's own rules within the range.</summary>
    public void Take(IReadOnlyList<Alert> raised)
    {
        foreach (var alert in raised)
        {
            if (alert.OccurredAt < range.From || alert.OccurredAt >= range.To || !counts.TryGetValue(alert.RuleId, out var count))
            {
                continue;
            }

            counts[alert.RuleId] = count with { Alerts = count.Alerts + 1 };
            if (found.Count < MaxFound)
            {
                found.Add(new BacktestAlert(
                    alert.RuleId, alert.OccurredAt, alert.Group.ToDictionary(one => one.Name, one => one.Value), alert.EventCount,
                    [.. alert.Events.TakeLast(MaxEventsShown).Select(one => new BacktestEvent(one.Id, one.SourceId, one.Position, one.OccurredAt))]));
            }
        }
    }

    public BacktestResponse Show(long followed, bool isWhole, DateTimeOffset? coveredTo, IReadOnlyList<BacktestBlindPart> blind)
    {
        var alerts = counts.Values.Sum(count => count.Alerts);
        return new BacktestResponse(
            range.From, range.To, followed, isWhole, coveredTo, alerts, Math.Round(alerts / Math.Max((range.To - range.From).TotalDays, 1.0 / 24), 2),
            [.. counts.Select(count => new BacktestRule(count.Key, count.Value.Title, count.Value.Alerts))], found,
            RuleWords.Sentences(rules.Refusals), blind);
    }
}
