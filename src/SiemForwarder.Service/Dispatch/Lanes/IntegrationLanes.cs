using Microsoft.Extensions.Options;
using SiemForwarder.Events;
using SiemForwarder.Events.Formats;
using SiemForwarder.Service.Dispatch.Delivery;
using SiemForwarder.Service.Dispatch.Redrive;
using SiemForwarder.Service.Dispatch.Replays;
using SiemForwarder.Service.Dispatch.Retries;
using SiemForwarder.Service.Engines;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Integrations;
using SiemForwarder.Service.Storage;
using SiemForwarder.Service.Telemetry;

namespace SiemForwarder.Service.Dispatch.Lanes;

/// <summary>The three parallel lanes of an integration, each with its own connection and buffers: live traffic, replays, redrives.</summary>
internal sealed class IntegrationLanes(
    DatabaseConnections connections, DayPartitions partitions, EventLogReader log, SourceDirectory sources, SegmentNormalizer normalizer,
    EventLogSignal signal, EventLogWriter writer, EngineLeases leases, RedriveTable redrives, ReplayTable replays, RetryRequests retries,
    ConfigurationSignal configuration, DeliveryMemory memory,
    IOptions<DispatchOptions> dispatch, IOptions<EngineOptions> engine, TimeProvider time, ForwarderTelemetry telemetry, LoopGuard guard)
{
    private const string Replays = "replay";
    private const string Redrives = "redrive";
    private const long HistoryCacheBytes = 16 * 1024 * 1024;

    private readonly DispatchOptions options = dispatch.Value;
    private readonly DeliveryParts shared = new(sources, normalizer, leases, dispatch.Value, time, telemetry,
        new SlowEvents(connections.Vital, sources, dispatch.Value.SlowEvent, time, telemetry), guard, memory);
    private readonly DatabaseRetry databaseRetry = new(time, telemetry);

    /// <summary>Runs them until cancelled, or until another engine takes over the live lane.</summary>
    public async Task RunAsync(RunnableIntegration integration, ILiveJournal journal, long fence, CancellationToken cancellationToken)
    {
        var replay = new ReplayLane(integration, replays, OpenReplay, configuration, options, time, telemetry);
        var redrive = new RedriveLane(integration, redrives, journal, OpenRedrive, configuration, time, telemetry);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var others = Task.WhenAll(
            KeepRunningAsync(integration, Replays, replay.RunAsync, stop.Token), KeepRunningAsync(integration, Redrives, redrive.RunAsync, stop.Token));
        try
        {
            await DeliverAsync(integration, journal, fence, cancellationToken);
        }
        finally
        {
            await stop.CancelAsync();
            await others;
        }

        BatchDelivery OpenReplay(Replay replay, CancellationToken stopping)
        {
            // A separate cache, so that history does not evict the newest segments from the engine's cache.
            var history = new EventLogReader(connections.Shared, new SegmentCache(HistoryCacheBytes), signal);
            var replayed = new ReplayJournal(connections.Vital, partitions, time, engine.Value.Name, fence, replay);
            var lane = new DeliveryLane(integration, fence, history, new ReplaySelection(replay, integration.Filter), replayed)
            {
                Retries = retries,
                MaxEvents = replay.EventsPerSecond,
                Name = Replays,
            };
            return new BatchDelivery(lane, shared, stopping);
        }

        BatchDelivery OpenRedrive(RedriveJournal redriven, CancellationToken stopping)
        {
            // Events that passed the filter once are sent regardless of the current filter.
            var lane = new DeliveryLane(integration, fence, log, new EventSelection(EventFilter.Everything), redriven)
            {
                Retries = retries,
                Name = Redrives,
                Formatter = new RedriveFormatter(redriven, EventFormatCatalog.Create(integration.Output)),
            };
            return new BatchDelivery(lane, shared, stopping);
        }
    }

    private async Task DeliverAsync(RunnableIntegration integration, ILiveJournal journal, long fence, CancellationToken cancellationToken)
    {
        var lane = new DeliveryLane(integration, fence, log, new EventSelection(integration.Filter), journal) { Retries = retries };
        await using var delivery = new BatchDelivery(lane, shared, cancellationToken);
        var taken = await new LiveLane(integration, delivery, journal, sources, signal, databaseRetry, time).RunAsync(cancellationToken);

        // If the history of the log was replaced instead, this process has to know before it continues reading.
        await databaseRetry.TryUntilDoneAsync(writer.VerifyAsync, cancellationToken);
        telemetry.CheckpointTaken(integration.Name, taken);
    }

    /// <summary>Runs a lane beside the live one; a fault in it stops neither the live lane nor itself.</summary>
    private async Task KeepRunningAsync(
        RunnableIntegration integration, string lane, Func<CancellationToken, Task> run, CancellationToken cancellationToken)
    {
        var loop = DeliveryLane.LoopOf(integration.Name, lane);
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await run(cancellationToken);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                guard.Forget(loop);
                return;
            }
            catch (Exception exception)
            {
                guard.Failed(loop, exception);
                await Task.Delay(options.RoundPause, time, cancellationToken).ContinueWith(static _ => { }, TaskScheduler.Default);
            }
        }
    }
}
