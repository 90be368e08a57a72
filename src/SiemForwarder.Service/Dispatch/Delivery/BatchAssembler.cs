using SiemForwarder.Destinations;
using SiemForwarder.Events.Formats;
using SiemForwarder.Service.Engines;

namespace SiemForwarder.Service.Dispatch.Delivery;

/// <summary>Prepares the batches of a lane, one at a time: reads, normalizes, filters, conceals, formats.</summary>
/// <remarks>
/// A lane that lags has its next batch prepared while the current one is sent and recorded, so that the processor does not wait for the receiver and
/// the disk. A process prepares only as many ahead as it has processors: each takes a buffer of its own.
/// </remarks>
internal sealed class BatchAssembler : IAsyncDisposable
{
    /// <summary>The fewest events that are worth preparing ahead; fewer are about to become more.</summary>
    internal const int MinAhead = 256;

    private readonly DeliveryLane lane;
    private readonly DeliveryParts shared;
    private readonly DeliveryMeter meter;
    private readonly DatabaseRetry databaseRetry;
    private readonly EventStopwatch watch;
    private readonly CancellationTokenSource stop;
    private BatchBuffer current;
    private BatchBuffer spare;
    private (int SourceId, long AfterPosition, Task<AssembledBatch?> Run)? ahead;

    /// <param name="lane">The lane.</param>
    /// <param name="shared">Services shared by all deliveries of the process.</param>
    /// <param name="limits">Limits of the destination.</param>
    /// <param name="meter">Measures the lane.</param>
    /// <param name="stopping">Stops the lane.</param>
    public BatchAssembler(DeliveryLane lane, DeliveryParts shared, BatchLimits limits, DeliveryMeter meter, CancellationToken stopping)
    {
        (this.lane, this.shared, this.meter) = (lane, shared, meter);
        databaseRetry = new DatabaseRetry(shared.Time, shared.Telemetry);
        watch = new EventStopwatch(shared.Options.SlowEvent, shared.Time);
        stop = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        var formatter = lane.Formatter ?? EventFormatCatalog.Create(lane.Integration.Output);
        var most = limits with { MaxEvents = Math.Min(limits.MaxEvents, lane.MaxEvents) };
        var memory = shared.Memory?.Batches;
        (current, spare) = (new BatchBuffer(formatter, most, memory), new BatchBuffer(formatter, most, memory));
    }

    /// <summary>The next run of positions of a source; null if there is nothing new. It is valid until the next call.</summary>
    public async Task<AssembledBatch?> NextAsync(int sourceId, long afterPosition, long upToPosition, CancellationToken cancellationToken)
    {
        var prepared = await TakeAheadAsync();
        if (prepared is not null && (prepared.SourceId, prepared.AfterPosition) == (sourceId, afterPosition) && prepared.LastPosition <= upToPosition)
        {
            (current, spare) = (spare, current);
            return prepared;
        }

        // A lane of hundreds of sources asks for each of them whenever one has grown.
        var run = lane.Log.LastPosition(sourceId) <= afterPosition ? null : await databaseRetry.TryUntilDoneAsync(
            token => AssembleAsync(current, sourceId, afterPosition, upToPosition, token), cancellationToken);
        if (run is null)
        {
            // Hundreds of integrations that wait would otherwise keep the size of their largest batch.
            current.Dispose();
            spare.Dispose();
        }

        return run;
    }

    /// <summary>Begins to prepare a batch behind the current one, if enough waits there.</summary>
    public void Begin(int sourceId, long afterPosition)
    {
        if (lane.Log.LastPosition(sourceId) - afterPosition < MinAhead || !shared.Ahead.Wait(0, CancellationToken.None))
        {
            // Hundreds of integrations would otherwise keep two buffers each, of which they fill one.
            spare.Dispose();
            return;
        }

        // Not a part of the trace of the current batch, nor of its call.
        using (ExecutionContext.SuppressFlow())
        {
            ahead = (sourceId, afterPosition, Task.Run(() => databaseRetry.TryUntilDoneAsync(AssembleAheadAsync, stop.Token), CancellationToken.None));
        }

        Task<AssembledBatch?> AssembleAheadAsync(CancellationToken token) => AssembleAsync(spare, sourceId, afterPosition, long.MaxValue, token);
    }

    // Whatever it ended with is thrown here, once.
    private async Task<AssembledBatch?> TakeAheadAsync()
    {
        if (ahead is not { } taken)
        {
            return null;
        }

        ahead = null;
        try
        {
            return await taken.Run;
        }
        finally
        {
            shared.Ahead.Release();
        }
    }

    /// <summary>Reads until the batch is full or the log ends.</summary>
    private async Task<AssembledBatch?> AssembleAsync(
        BatchBuffer buffer, int sourceId, long afterPosition, long upToPosition, CancellationToken cancellationToken)
    {
        buffer.Clear();
        watch.Reset();
        var trace = meter.Begin(sourceId, afterPosition);
        var run = new LogRun(lane.Log, sourceId, afterPosition, upToPosition);
        if (run.Incarnation == 0)
        {
            return null;
        }

        var source = await shared.Sources.GetAsync(sourceId, cancellationToken);
        run.SourceName = source.Name;
        var isFull = false;
        while (!isFull && !buffer.IsFull && await DeliveryMeter.ReadAsync(run, cancellationToken) is { } part)
        {
            buffer.TakeOver(part.Segment);
            using var formatting = DeliveryMeter.Formatting();
            var slice = shared.Normalizer.NormalizeSlice(part.Segment, part.First, source);         // normalize
            for (var i = part.First; i < Math.Min(part.End, slice.End); i++)
            {
                watch.Start();
                if (lane.Selection.Wants(slice[i]))                                                 // filter
                {
                    var shown = lane.Integration.Show(lane.Selection.Mark(slice[i]));               // conceal
                    isFull = buffer.IsFull || !buffer.TryFormat(shown);                             // format
                    if (isFull)
                    {
                        break;
                    }

                    watch.Stop(slice[i], slice.TookOf(i));
                }

                run.Advance();
            }
        }

        if (run.With(buffer) is { } assembled)
        {
            return assembled with { Trace = trace, Slow = watch.Slow.Count == 0 ? [] : [.. watch.Slow] };
        }

        trace?.Dispose();
        return null;
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        if (ahead is { } left)
        {
            await left.Run.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            shared.Ahead.Release();
            ahead = null;
        }

        stop.Dispose();
        current.Dispose();
        spare.Dispose();
    }
}
