using Microsoft.Extensions.Options;
using SiemForwarder.Service.Dispatch.Delivery;
using SiemForwarder.Service.Dispatch.Redrive;
using SiemForwarder.Service.Dispatch.Replays;
using SiemForwarder.Service.Engines;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Integrations;
using SiemForwarder.Service.Storage;
using SiemForwarder.Service.Telemetry;

namespace SiemForwarder.Service.Dispatch.Lanes;

/// <summary>The two lanes of one integration, side by side: live traffic, and replays with a connection and buffers of their own.</summary>
internal sealed class IntegrationLanes(
    DatabaseConnections connections, DayPartitions partitions, EventLogReader log, SourceDirectory sources, EventLogSignal signal, EventLogWriter writer,
    EngineLeases leases,
    RedriveTable redrive, ReplayTable replays, ConfigurationSignal configuration, IOptions<DispatchOptions> dispatch, IOptions<EngineOptions> engine,
    TimeProvider time, ForwarderTelemetry telemetry)
{
    private readonly DispatchOptions options = dispatch.Value;

    /// <summary>Runs both until cancelled, or until another engine took the live lane over.</summary>
    public async Task RunAsync(RunnableIntegration integration, LiveJournal recorder, long fence, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var replaying = ReplayAsync(integration, fence, stop.Token);
        try
        {
            await DeliverAsync(integration, recorder, fence, cancellationToken);
        }
        finally
        {
            await stop.CancelAsync();
            await replaying;
        }
    }

    private async Task DeliverAsync(RunnableIntegration integration, LiveJournal recorder, long fence, CancellationToken cancellationToken)
    {
        await using var destination = integration.Kind.Open(integration.Destination, time);
        using var buffer = BatchBuffer.For(integration, destination.Limits);
        using var single = BatchBuffer.For(integration, destination.Limits);
        using var delivery = new BatchDelivery(integration, destination, recorder, leases, fence, options, time, telemetry, cancellationToken);
        var assembler = new BatchAssembler(log, sources, one => integration.Filter.Evaluate(one).IsWanted ? one : null, buffer);
        var redriver = new RedriveLane(integration, redrive, log, sources, single, delivery.Round);
        await new LiveLane(integration, assembler, recorder, delivery, redriver, sources, signal, writer, time, telemetry)
            .RunAsync(cancellationToken);
    }

    /// <summary>Runs replays; a fault of its own ends neither the live lane nor itself.</summary>
    private async Task ReplayAsync(RunnableIntegration integration, long fence, CancellationToken cancellationToken)
    {
        var lane = new ReplayLane(integration, replays, OpenAsync, configuration, options, time, telemetry);
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await lane.RunAsync(cancellationToken);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                telemetry.DispatcherFailed(integration.Name, exception);
                await Task.Delay(options.RoundPause, time, cancellationToken).ContinueWith(static _ => { }, TaskScheduler.Default);
            }
        }

        async Task OpenAsync(Replay replay, Func<BatchAssembler, BatchDelivery, Task> run, CancellationToken token)
        {
            // A cache of its own: history must not push the newest segments out of the engine's.
            var history = new EventLogReader(connections.Shared, new SegmentCache(16 * 1024 * 1024), signal);
            await using var destination = integration.Kind.Open(integration.Destination, time);
            using var buffer = BatchBuffer.For(integration, destination.Limits with
            {
                MaxEvents = Math.Min(destination.Limits.MaxEvents, replay.EventsPerSecond),
            });
            var journal = new ReplayJournal(connections.Vital, partitions, time, engine.Value.Name, fence, replay);
            using var delivery = new BatchDelivery(integration, destination, journal, leases, fence, options, time, telemetry, token);
            await run(new BatchAssembler(history, sources, ReplayMark.Selector(replay, integration.Filter), buffer), delivery);
        }
    }
}
