using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Keycloak.Client;

namespace SiemForwarder.Service.Keycloak.Polling;

/// <summary>Determines where a sweep starts, and remembers completed ones, to detect late events that an earlier sweep should have seen.</summary>
/// <remarks>From time to time a sweep reaches back an hour or more, so that a node whose clock is far behind, and whose tokens are never seen, is found by
/// its events.</remarks>
internal sealed class SweepWatch(StreamPollContext tail)
{
    private const long MinPauseMs = 30_000;

    private readonly List<(long FromMs, long StartedMs)> completed = [];
    private (long FromMs, long StartedMs)? current;
    private long nextDeepMs = PollTiming.DeepLookIntervalMs;

    /// <summary>Lowest time of a regular sweep that starts now: the horizon before the anchor.</summary>
    public long UsualFromMs => Math.Max(tail.Checkpoint.SweepAnchorMs - tail.HorizonMs, tail.Checkpoint.StartMs);

    /// <summary>Starts a sweep; returns the lowest time it reads.</summary>
    public long Begin()
    {
        var fromMs = UsualFromMs;
        if (tail.Clock.IsMeasured && tail.Clock.LocalMs >= nextDeepMs)
        {
            nextDeepMs = tail.Clock.LocalMs + PollTiming.DeepLookIntervalMs;
            var deepMs = tail.Clock.NowMs - PollTiming.DeepLookMs - PollTiming.DeepLookIntervalMs;
            fromMs = Math.Max(tail.Checkpoint.StartMs, Math.Min(fromMs, deepMs));
        }

        current = (fromMs, tail.Clock.LocalMs);
        return fromMs;
    }

    /// <summary>Completes the sweep, which saw everything from its lowest time, or from <paramref name="reachedMs"/> if it ended there.</summary>
    public void Complete(long reachedMs = long.MinValue)
    {
        if (current is not var (fromMs, startedMs))
        {
            return;
        }

        current = null;
        fromMs = Math.Max(fromMs, reachedMs);
        completed.RemoveAll(sweep => sweep.FromMs >= fromMs
            || startedMs - sweep.StartedMs > PollTiming.DeepLookMs + PollTiming.DeepLookIntervalMs);
        if (completed.Count == 0 || startedMs - completed[^1].StartedMs >= MinPauseMs)
        {
            completed.Add((fromMs, startedMs));
        }
    }

    /// <summary>Abandons the current sweep.</summary>
    public void Abandon() => current = null;

    /// <summary>Records events that were new to the log.</summary>
    public void Note(IReadOnlyList<IncomingEvent> stored)
    {
        foreach (var incoming in stored)
        {
            tail.Clock.ObserveStamp(incoming.OccurredAtMs);
            var last = completed.FindLast(sweep => sweep.FromMs <= incoming.OccurredAtMs);
            if (current is not null && last != default && !tail.Checkpoint.Gaps.Any(gap => IsWithin(gap, incoming.OccurredAtMs)))
            {
                tail.Clock.ObserveAbsence(incoming.OccurredAtMs, last.StartedMs);
            }
        }
    }

    private static bool IsWithin(PollGap gap, long timeMs) => timeMs >= gap.FromMs && timeMs <= gap.ToMs;
}
