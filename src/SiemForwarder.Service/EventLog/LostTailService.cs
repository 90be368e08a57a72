using SiemForwarder.Service.Storage;
using SiemForwarder.Service.Telemetry;

namespace SiemForwarder.Service.EventLog;

/// <summary>Stores events again that were lost with a replaced history and are still in memory: pushed events were acknowledged, so their
/// senders will not send them again.</summary>
internal sealed class LostTailService(
    DatabaseConnections connections, LogHistory history, EventLogWriter log, LoopGuard guard, TimeProvider time, ILogger<LostTailService> logger)
    : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => guard.RunAsync(
        "stores lost events again", LoopGuard.LongBound, RestoreAsync, token => Task.Delay(Interval, time, token), stoppingToken);

    private async Task RestoreAsync(CancellationToken cancellationToken)
    {
        var tails = new Queue<LostTail>(history.TakeLost());
        try
        {
            while (tails.TryPeek(out var tail))
            {
                await RestoreAsync(tail, cancellationToken);
                tails.Dequeue();
            }
        }
        finally
        {
            history.PutBack(tails);
        }
    }

    private async Task RestoreAsync(LostTail tail, CancellationToken cancellationToken)
    {
        var restored = 0;
        foreach (var segment in tail.Segments)
        {
            var first = (int)Math.Max(0, tail.SurvivedNext - segment.FirstPosition);
            List<IncomingEvent> events = [.. Enumerable.Range(first, segment.Count - first).Select(
                i => new IncomingEvent(segment.OccurredAtMs(i), segment.KeyAt(i), null, segment.RawAt(i)))];
            var outcome = await log.AppendAsync(new LogAppend(tail.SourceId, segment.Stream, events, null), cancellationToken);
            if (outcome is AppendOutcome.Unavailable unavailable)
            {
                throw new IOException(unavailable.Reason);
            }

            restored += outcome is AppendOutcome.Committed committed ? committed.Appended : 0;
        }

        await LogBreak.AddRestoredAsync(connections.Vital, tail, restored, cancellationToken);
        logger.LogWarning(
            "Source {SourceId}: {Restored} events that the database had lost were still in memory and have been stored again.", tail.SourceId, restored);
    }
}
