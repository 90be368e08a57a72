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

    /// <summary>Delivers until cancelled; returns the source whose checkpoint another engine moved if one took over.</summary>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        var checkpoints = await databaseRetry.TryUntilDoneAsync(journal.LoadCheckpointsAsync, cancellationToken);
        while (true)
        {
            var grown = signal.Grown;
            var progress = false;
            foreach (var sourceId in await databaseRetry.TryUntilDoneAsync(ListSourcesAsync, cancellationToken))
            {
                var run = await delivery.DeliverNextAsync(sourceId, checkpoints.GetValueOrDefault(sourceId), long.MaxValue, cancellationToken);
                if (run.End == RunEnd.CheckpointTaken)
                {
                    return sourceId;
                }

                checkpoints[sourceId] = run.LastPosition;
                progress |= run.End == RunEnd.Done;
            }

            if (!progress)
            {
                await delivery.RecoverAsync(cancellationToken);
                await Task.WhenAny(grown, Task.Delay(IdleInterval, time, cancellationToken));
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
