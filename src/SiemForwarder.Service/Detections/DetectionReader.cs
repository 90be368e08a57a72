using System.Diagnostics;
using SiemForwarder.Detections;
using SiemForwarder.Detections.Alerts;
using SiemForwarder.Detections.Rules;
using SiemForwarder.Events;
using SiemForwarder.Service.Engines;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Telemetry;
using RuleEngineOptions = SiemForwarder.Detections.EngineOptions;

namespace SiemForwarder.Service.Detections;

/// <summary>What the reader works with, whatever the rules.</summary>
internal sealed record DetectionParts(
    DetectionOptions Options, EventLogReader Log, Func<EventLogReader> OpenHistory, EventLogWriter Writer, LogHistory Breaks, EventLogSignal Signal,
    SourceDirectory Sources, SegmentNormalizer Normalizer, LearningStarts Starts, DatabaseRetry DatabaseRetry,
    TimeProvider Time, ForwarderMetrics Metrics, ILogger Logger);

/// <summary>Lets the rules follow all logs: reads, records alerts with the position and what the rules remember, and begins where it stopped.</summary>
/// <remarks>
/// What the rules remember is a function of what they followed in which order. After a crash they follow again, silently, what was read since the last
/// snapshot; an alert that is raised twice has the same id and is stored once.
/// </remarks>
internal sealed class DetectionReader(DetectionParts parts, RunningRules rules, DetectionJournal journal, long fence)
{
    private const int MaxEvents = 2000;
    private const int EventsBetweenSnapshots = 50_000;
    private static readonly TimeSpan IdleInterval = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan RetryPause = TimeSpan.FromSeconds(1);

    private readonly LogMerge merge = new(parts.Log, parts.Sources, parts.Normalizer, parts.Options.ToCalendar());
    private readonly int edition = parts.Breaks.Edition;
    private DetectionEngine engine = new(rules.Rules, new RuleEngineOptions { Time = parts.Time });
    private Dictionary<int, long> positions = [];
    private long followedSinceSnapshot;
    private long snapshotAt = parts.Time.GetTimestamp();
    private long sweptAt = parts.Time.GetTimestamp();
    private bool isLearned;

    /// <summary>Reads until cancelled; ends if another engine took over or the history of the log was replaced.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        // What it reads of the past is kept no longer than it takes to follow that.
        await RecallAsync(new LogMerge(parts.OpenHistory(), parts.Sources, parts.Normalizer, parts.Options.ToCalendar()), cancellationToken);
        while (true)
        {
            var grown = parts.Signal.Grown;
            await parts.DatabaseRetry.TryUntilDoneAsync(AddNewSourcesAsync, cancellationToken);
            if (isLearned && !await CommitAsync([], [], [], cancellationToken))
            {
                return;
            }

            var (alerts, ranges, lost) = (new List<Alert>(), new List<FollowedRange>(), new Dictionary<int, long>());
            var before = new Dictionary<int, long>(positions);
            await FollowNextAsync(alerts, ranges, lost, cancellationToken);
            if (parts.Breaks.Edition != edition || (ranges.Count > 0 && !await CommitAsync(alerts, ranges, before, cancellationToken, lost)))
            {
                return;
            }

            if (parts.Time.GetElapsedTime(sweptAt) >= IdleInterval && !await SweepAsync(cancellationToken))
            {
                return;
            }

            if (ranges.Count == 0)
            {
                await Task.WhenAny(grown, Task.Delay(IdleInterval, parts.Time, cancellationToken));
                cancellationToken.ThrowIfCancellationRequested();
            }
        }
    }

    private async Task FollowNextAsync(
        List<Alert> alerts, List<FollowedRange> ranges, Dictionary<int, long> lost, CancellationToken cancellationToken)
    {
        for (var left = MaxEvents; left > 0;)
        {
            var part = await parts.DatabaseRetry.TryUntilDoneAsync(
                async token => await merge.ReadAsync(positions, null, left, token), cancellationToken);
            if (part is not { } found)
            {
                return;
            }

            await merge.FollowAsync(engine, found, alerts, cancellationToken);
            var range = found.Range;
            (positions[range.SourceId], left) = (range.Last, left - (found.End - found.First));
            ranges.Add(range);
            lost[range.SourceId] = lost.GetValueOrDefault(range.SourceId) + found.Lost;
            followedSinceSnapshot += found.End - found.First;
        }
    }

    // Time passes for rules that wait for something only while the source is known to be read completely.
    private async Task<bool> SweepAsync(CancellationToken cancellationToken)
    {
        sweptAt = parts.Time.GetTimestamp();
        var raised = new List<Alert>();
        var sweeps = await parts.DatabaseRetry.TryUntilDoneAsync(parts.Starts.ReadSweepsAsync, cancellationToken);
        foreach (var sweep in sweeps.Where(sweep => sweep.SourceId != DetectionTables.SourceId && IsFollowed(sweep)))
        {
            engine.Advance(sweep.SourceId, sweep.At!.Value, raised);
        }

        // No alert is missing of a time up to which all sources were followed, once those that time itself raised are followed too.
        if (raised.Count == 0 && sweeps.Count > 0 && sweeps.All(IsFollowed))
        {
            engine.Advance(DetectionTables.SourceId, sweeps.Min(sweep => sweep.At!.Value), raised);
        }

        var isDue = followedSinceSnapshot > 0 && parts.Time.GetElapsedTime(snapshotAt) >= parts.Options.SnapshotInterval;
        return (raised.Count == 0 && !isDue)
            || await CommitAsync(raised, [], [], cancellationToken);
    }

    private bool IsFollowed(SourceSweep sweep) =>
        sweep.At is not null && positions.TryGetValue(sweep.SourceId, out var position) && position >= sweep.LastPosition;

    private async Task<bool> CommitAsync(
        List<Alert> raised, List<FollowedRange> ranges, Dictionary<int, long> before, CancellationToken cancellationToken,
        IReadOnlyDictionary<int, long>? lost = null)
    {
        var faults = engine.Faults.TakeNew();
        foreach (var fault in faults)
        {
            parts.Logger.LogError("{Fault}", fault.ToString());
        }

        var alerts = raised.Where(alert => rules.IsReported(alert.RuleId)).ToList();
        var isDue = isLearned || followedSinceSnapshot >= EventsBetweenSnapshots
            || (followedSinceSnapshot > 0 && parts.Time.GetElapsedTime(snapshotAt) >= parts.Options.SnapshotInterval);
        var counts = alerts.CountBy(alert => (rules.FileOf(alert.RuleId), alert.RuleId)).ToDictionary(one => one.Key, one => one.Value);
        var batch = new FollowedBatch(ranges, before, counts)
        {
            Snapshot = isDue ? new ReaderSnapshot(engine.WriteSnapshot(), rules.Stamps) : null,
            Report = isDue || alerts.Count > 0 || faults.Count > 0 ? engine.Describe() : null,
            Lost = lost ?? new Dictionary<int, long>(),
        };
        if (!await StoreAsync(batch, alerts, cancellationToken))
        {
            return false;
        }

        foreach (var ((_, rule), count) in counts)
        {
            parts.Metrics.Add(MetricCatalog.DetectionAlerts, count, new SeriesLabels(rule));
        }

        if (isDue)
        {
            (followedSinceSnapshot, snapshotAt, isLearned) = (0, parts.Time.GetTimestamp(), false);
        }

        return true;
    }

    private async Task<bool> StoreAsync(FollowedBatch batch, List<Alert> alerts, CancellationToken cancellationToken)
    {
        if (alerts.Count == 0)
        {
            return await parts.DatabaseRetry.TryUntilDoneAsync(token => journal.RecordAsync(batch, token), cancellationToken);
        }

        var incoming = await parts.DatabaseRetry.TryUntilDoneAsync(token => ToIncomingAsync(alerts, token), cancellationToken);
        var append = new LogAppend(DetectionTables.SourceId, EventStream.Detection, incoming, null, fence, Edition: edition)
        {
            Beside = (connection, token) => journal.RecordAsync(connection, batch, token),
        };
        while (true)
        {
            switch (await parts.Writer.AppendAsync(append, cancellationToken))
            {
                case AppendOutcome.Committed:
                    return true;
                case AppendOutcome.Superseded:
                    return false;
                case AppendOutcome.Unavailable:
                    await Task.Delay(RetryPause, parts.Time, cancellationToken);
                    break;
                default:
                    throw new UnreachableException();
            }
        }
    }

    private async Task<IReadOnlyList<IncomingEvent>> ToIncomingAsync(List<Alert> alerts, CancellationToken cancellationToken)
    {
        var sources = new Dictionary<int, EventSource>();
        foreach (var id in alerts.SelectMany(alert => alert.Events.Append(alert.Trigger)).Select(one => one.SourceId).Distinct())
        {
            sources[id] = await parts.Sources.GetAsync(id, cancellationToken);
        }

        var names = sources.ToDictionary(source => source.Key, source => source.Value.Name);
        return [.. alerts.Select(alert => AlertBody.ToIncoming(alert, sources[alert.Trigger.SourceId], names))];
    }

    // New sources are read from their beginning.
    private async Task AddNewSourcesAsync(CancellationToken cancellationToken)
    {
        var existing = await parts.Sources.ListAsync(cancellationToken);
        foreach (var id in existing)
        {
            positions.TryAdd(id, 0);
        }

        foreach (var gone in positions.Keys.Except(existing).ToList())
        {
            positions.Remove(gone);
        }
    }

    /// <summary>Brings the rules to where they stood: by the snapshot and what was read since, or for rules that it does not know by older events.</summary>
    private async Task RecallAsync(LogMerge past, CancellationToken cancellationToken)
    {
        var state = await parts.DatabaseRetry.TryUntilDoneAsync(journal.LoadAsync, cancellationToken);
        positions = new Dictionary<int, long>(state.Positions);
        if (state.Snapshot is not { } snapshot)
        {
            await LearnAsync(past, state.Positions, cancellationToken);
            return;
        }

        if (!rules.Stamps.All(state.SnapshotRules.Contains))
        {
            await LearnAsync(past, state.SnapshotPositions, cancellationToken);
            var learned = engine.WriteSnapshot();
            engine = new DetectionEngine(rules.Rules, new RuleEngineOptions { Time = parts.Time });
            engine.ReadSnapshot(learned, rule => !IsKnown(rule));
        }

        if (engine.ReadSnapshot(snapshot, IsKnown) is { } problem)
        {
            parts.Logger.LogWarning("What the detection rules remembered is not usable: {Problem}. They learn again from stored events.", problem);
            engine = new DetectionEngine(rules.Rules, new RuleEngineOptions { Time = parts.Time });
            await LearnAsync(past, state.Positions, cancellationToken);
            return;
        }

        foreach (var range in state.Since)
        {
            var at = new Dictionary<int, long> { [range.SourceId] = range.First - 1 };
            await FollowSilentlyAsync(past, at, new Dictionary<int, long> { [range.SourceId] = range.Last }, cancellationToken);
            followedSinceSnapshot += range.Last - range.First + 1;
        }

        // Nobody was told of what new rules found in what was followed before they were there.
        engine.ForgetAlerts(rule => !IsKnown(rule));
        engine.Faults.TakeNew();

        bool IsKnown(AlertingRule rule) => state.SnapshotRules.Contains(RunningRules.StampOf(rule));
    }

    private async Task LearnAsync(LogMerge past, IReadOnlyDictionary<int, long> ends, CancellationToken cancellationToken)
    {
        var starts = await parts.DatabaseRetry.TryUntilDoneAsync(
            token => parts.Starts.FindAsync(ends, rules.Rules.Reach, parts.Options.LearningEvents, token), cancellationToken);
        await FollowSilentlyAsync(past, starts, ends, cancellationToken);
        engine.ForgetAlerts();
        isLearned = true;
    }

    private async Task FollowSilentlyAsync(
        LogMerge past, Dictionary<int, long> at, IReadOnlyDictionary<int, long> ends, CancellationToken cancellationToken)
    {
        var ignored = new List<Alert>();
        while (await parts.DatabaseRetry.TryUntilDoneAsync(async token => await past.ReadAsync(at, ends, MaxEvents, token), cancellationToken) is { } part)
        {
            await past.FollowAsync(engine, part, ignored, cancellationToken);
            at[part.Segment.SourceId] = part.Range.Last;
            ignored.Clear();
        }
    }
}
