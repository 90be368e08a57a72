using SiemForwarder.Service.Dispatch.Delivery;
using SiemForwarder.Service.Engines;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Integrations;

namespace SiemForwarder.Service.Dispatch.Lanes;

/// <summary>The live traffic of one integration: continuously delivers the next run of each of its sources, whatever the destination does.</summary>
internal sealed class LiveLane(
    RunnableIntegration integration, BatchDelivery delivery, ILiveJournal journal, ISourceDirectory sources, EventLogSignal signal, DatabaseRetry databaseRetry,
    TimeProvider time)
{
    private static readonly TimeSpan IdleInterval = TimeSpan.FromSeconds(5);

    // A steady stream of single events goes out a few at a time: a batch costs a send and a commit, however many events it has. What comes after a
    // pause, and what waits already, goes out at once.
    private static readonly TimeSpan Gathering = TimeSpan.FromMilliseconds(8);

    /// <summary>Delivers until cancelled; returns the source whose checkpoint another engine moved if one took over.</summary>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        var checkpoints = await databaseRetry.TryUntilDoneAsync(journal.LoadCheckpointsAsync, cancellationToken);
        while (true)
        {
            var (grown, began) = (signal.GrownOf(integration.Sources), time.GetTimestamp());
            var (progress, caughtUp) = (false, true);
            var listed = await databaseRetry.TryUntilDoneAsync(ListSourcesAsync, cancellationToken);
            for (var i = 0; i < listed.Count; i++)
            {
                var (sourceId, nextId) = (listed[i], listed[(i + 1) % listed.Count]);
                var known = signal.NextPosition(sourceId) - 1;
                var run = await delivery.DeliverNextAsync(
                    sourceId, checkpoints.GetValueOrDefault(sourceId), long.MaxValue, cancellationToken, prepares: true,
                    nextId == sourceId ? null : (nextId, checkpoints.GetValueOrDefault(nextId)));
                if (run.End == RunEnd.CheckpointTaken)
                {
                    return sourceId;
                }

                checkpoints[sourceId] = run.LastPosition;
                progress |= run.End == RunEnd.Done;
                caughtUp &= run.LastPosition >= known;
            }

            if (progress && caughtUp && Gathering - time.GetElapsedTime(began) is var rest && rest > TimeSpan.Zero)
            {
                await Task.Delay(rest, time, cancellationToken);
            }

            if (!progress)
            {
                await delivery.RecoverAsync(cancellationToken);
                await grown.WaitAsync(IdleInterval, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                cancellationToken.ThrowIfCancellationRequested();
            }
        }
    }

    private async Task<IReadOnlyList<int>> ListSourcesAsync(CancellationToken cancellationToken)
    {
        var existing = await sources.ListAsync(cancellationToken);
        return integration.Sources.Count == 0 ? existing : [.. existing.Where(integration.Sources.Contains)];
    }
}
