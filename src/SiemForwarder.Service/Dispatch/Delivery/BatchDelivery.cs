using System.Diagnostics;
using SiemForwarder.Destinations;
using SiemForwarder.Service.Engines;
using SiemForwarder.Service.Telemetry;

namespace SiemForwarder.Service.Dispatch.Delivery;

/// <summary>The pipeline of every lane: assemble (<see cref="BatchAssembler"/>), then send, settle, record.</summary>
/// <remarks>
/// Order is kept per source. A checkpoint moves only after everything before it was accepted by the destination or set aside.
/// </remarks>
internal sealed class BatchDelivery : IAsyncDisposable
{
    private readonly DeliveryLane lane;
    private readonly DeliveryParts shared;
    private readonly IDestination destination;
    private readonly BatchAssembler assembler;
    private readonly DeliveryRound round;
    private readonly BatchSettlement settlement;
    private readonly DeliveryNotes notes;
    private readonly DeliveryMeter meter;
    private readonly DatabaseRetry databaseRetry;
    private readonly DelayedCancellation grace;
    private readonly LoopWatch? step;

    /// <param name="stopping">Stops the lane; a send under way may still finish.</param>
    public BatchDelivery(DeliveryLane lane, DeliveryParts shared, CancellationToken stopping)
    {
        var (integration, options, time, telemetry) = (lane.Integration, shared.Options, shared.Time, shared.Telemetry);
        (this.lane, this.shared) = (lane, shared);
        destination = integration.Kind.Open(integration.Destination, time);
        grace = new DelayedCancellation(options.StopGrace, stopping);
        databaseRetry = new DatabaseRetry(time, telemetry);
        meter = new DeliveryMeter(lane, telemetry, time);
        notes = new DeliveryNotes(lane, shared, meter, databaseRetry);
        assembler = new BatchAssembler(lane, shared, destination.Limits, meter, stopping);
        round = new DeliveryRound(destination, options, time, notes.AttemptFailedAsync, WaitForFreshLeaseAsync, meter, grace.Token);
        settlement = new BatchSettlement(lane.Journal.SetsAside ? options.MaxRefusalsInARow : int.MaxValue);
        step = shared.Guard?.Watch(lane.Loop, LoopGuard.StepBound);
        shared.Normalizer.Join();
    }

    /// <summary>Delivers the next run of positions until every event is accepted, set aside, or excluded by the filter.</summary>
    /// <param name="sourceId">The log to deliver from.</param>
    /// <param name="afterPosition">Its checkpoint.</param>
    /// <param name="upToPosition">The last position to deliver.</param>
    /// <param name="cancellationToken">Stops the lane.</param>
    /// <param name="prepares">Whether the next run may be prepared meanwhile.</param>
    /// <param name="next">The log and the checkpoint that are asked for next; null for the same log.</param>
    public async Task<DeliveredRun> DeliverNextAsync(
        int sourceId, long afterPosition, long upToPosition, CancellationToken cancellationToken, bool prepares = false,
        (int SourceId, long AfterPosition)? next = null)
    {
        step?.Progressed();
        var run = await assembler.NextAsync(sourceId, afterPosition, upToPosition, cancellationToken);
        if (run is null)
        {
            step?.Passed();
            return new DeliveredRun(RunEnd.NothingNew, afterPosition, 0);
        }

        using var trace = run.Trace;
        Activity.Current = trace ?? Activity.Current;
        await notes.SlowAsync(sourceId, run.Slow, cancellationToken);
        await notes.LostAsync(run, cancellationToken);
        if (prepares)
        {
            assembler.Begin(next?.SourceId ?? sourceId, next?.AfterPosition ?? run.LastPosition);
        }

        var isDone = await DeliverAsync(run, cancellationToken);
        step?.Passed();
        return new DeliveredRun(isDone ? RunEnd.Done : RunEnd.CheckpointTaken, run.LastPosition, run.Batch.Count);
    }

    /// <summary>Sends a run, in parts if necessary; false if the checkpoint is no longer this lane's to move.</summary>
    private async Task<bool> DeliverAsync(AssembledBatch run, CancellationToken cancellationToken)
    {
        settlement.Begin(run);
        while (settlement.Next is { } batch)
        {
            await WaitForFreshLeaseAsync(cancellationToken);
            var sent = batch.Count == 0 ? RoundResult.Nothing : await round.RunAsync(batch, cancellationToken);     // send
            switch (settlement.Settle(sent.Outcome, sent.Attempts))                                                 // settle
            {
                case Settlement.PartDone end:
                    var record = DeliveryRecord.Of(run, end);
                    if (!await databaseRetry.TryUntilDoneAsync(token => meter.RecordAsync(record, token), grace.Token))             // record
                    {
                        return false;
                    }

                    CrashPoint.Pass(CrashPoint.AfterCheckpoint);
                    notes.Recorded(run, end.Slice, record);
                    await (end.SlowDown is { } slowDown ? notes.SlowDownAsync(slowDown, cancellationToken) : Task.CompletedTask);
                    break;
                case Settlement.RetryLater pause:
                    await notes.PauseAsync(pause, cancellationToken);
                    break;
                case Settlement.Hold hold:
                    await notes.HoldAsync(hold, cancellationToken);
                    break;
                default:
                    // Halves, or the rest of a partially accepted batch: the settlement sends them next.
                    break;
            }
        }

        return true;
    }

    /// <summary>Lets the destination recover from faults it noticed while there was nothing to send.</summary>
    public async Task RecoverAsync(CancellationToken cancellationToken)
    {
        await WaitForFreshLeaseAsync(cancellationToken);
        await notes.RecoveredAsync(await destination.RecoverAsync(grace.Token), cancellationToken);
    }

    // Awaited before every attempt, so that a destination that is down for days is no stall.
    private async Task WaitForFreshLeaseAsync(CancellationToken cancellationToken)
    {
        await shared.Leases.WaitForFreshAsync(LeaseKind.Integration, lane.Integration.Id, lane.Fence, cancellationToken);
        step?.Progressed();
    }

    public async ValueTask DisposeAsync()
    {
        step?.Dispose();
        shared.Normalizer.Leave();
        await assembler.DisposeAsync();
        grace.Dispose();
        await destination.DisposeAsync();
    }
}
