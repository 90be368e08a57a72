using SiemForwarder.Service.Dispatch.Delivery;
using SiemForwarder.Service.Dispatch.Redrive;
using SiemForwarder.Service.Engines;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Integrations;
using SiemForwarder.Service.Telemetry;

namespace SiemForwarder.Service.Dispatch.Lanes;

/// <summary>The loop of one integration: read, filter, format, send, record; on and on, whatever the destination does.</summary>
/// <remarks>
/// Order is kept per source. A checkpoint moves only after the destination accepted everything before it. The loop ends
/// by cancellation, or when it learns that somebody else moved its checkpoint.
/// </remarks>
internal sealed class LiveLane(
    RunnableIntegration integration, BatchAssembler assembler, LiveJournal recorder, BatchDelivery delivery, RedriveLane redriver,
    SourceDirectory sources, EventLogSignal signal, EventLogWriter writer, TimeProvider time, ForwarderTelemetry telemetry)
{
    private static readonly TimeSpan IdleInterval = TimeSpan.FromSeconds(5);

    private readonly DatabaseRetry databaseRetry = new(time, telemetry);
    private long redrivenAt;

    /// <summary>Delivers until cancelled; returns where another engine took over.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var checkpoints = await databaseRetry.TryUntilDoneAsync(recorder.LoadCheckpointsAsync, cancellationToken);
        while (true)
        {
            var grown = signal.Grown;
            await RedriveAsync(cancellationToken);
            var progress = false;
            foreach (var sourceId in await databaseRetry.TryUntilDoneAsync(ListSourcesAsync, cancellationToken))
            {
                var after = checkpoints.GetValueOrDefault(sourceId);
                var assembled = await databaseRetry.TryUntilDoneAsync(token => assembler.NextAsync(sourceId, after, long.MaxValue, token), cancellationToken);
                if (assembled is null)
                {
                    continue;
                }

                if (!await delivery.DeliverAsync(assembled, cancellationToken))
                {
                    // Or the log has another history now; then this process has to know before it reads on.
                    await databaseRetry.TryUntilDoneAsync(VerifyAsync, cancellationToken);
                    telemetry.CheckpointTaken(integration.Name, sourceId);
                    return;
                }

                checkpoints[sourceId] = assembled.LastPosition;
                progress = true;
            }

            if (!progress)
            {
                await delivery.RecoverAsync(cancellationToken);
                await Task.WhenAny(grown, Task.Delay(IdleInterval, time, cancellationToken));
                cancellationToken.ThrowIfCancellationRequested();
            }
        }
    }

    /// <summary>Sends again what somebody asked for; a destination that is away ends the turn, the rest is asked for again in the next.</summary>
    private async Task RedriveAsync(CancellationToken cancellationToken)
    {
        await delivery.WaitForFreshLeaseAsync(cancellationToken);
        if (time.GetElapsedTime(redrivenAt) < IdleInterval)
        {
            return;
        }

        redrivenAt = time.GetTimestamp();
        if (await databaseRetry.TryUntilDoneAsync(redriver.RunAsync, cancellationToken) is { } stopped)
        {
            await delivery.PauseAsync(stopped, cancellationToken);
        }
    }

    private async Task<bool> VerifyAsync(CancellationToken cancellationToken)
    {
        await writer.VerifyAsync(cancellationToken);
        return true;
    }

    private async Task<IReadOnlyList<int>> ListSourcesAsync(CancellationToken cancellationToken)
    {
        var existing = await sources.ListAsync(cancellationToken);
        return integration.Sources.Count == 0 ? existing : [.. existing.Where(integration.Sources.Contains)];
    }
}
