using Microsoft.Extensions.Options;
using Npgsql;
using SiemForwarder.Destinations;
using SiemForwarder.Events.Formats;
using SiemForwarder.Service.Engines;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Integrations;
using SiemForwarder.Service.Storage;
using SiemForwarder.Service.Telemetry;

namespace SiemForwarder.Service.Dispatch;

/// <summary>Keeps one dispatcher running for every enabled integration, and starts it anew when its settings change.</summary>
internal sealed class DispatchService(
    IntegrationStore store, EventLogReader log, SourceDirectory sources, EventLogSignal signal, ConfigurationSignal configuration,
    EngineLeases leases, RedriveTable redrive, NpgsqlDataSource database, DayPartitions partitions, IOptions<DispatchOptions> options, IOptions<ForwarderOptions> forwarder, IOptions<EngineOptions> engine,
    TimeProvider time, ForwarderTelemetry telemetry) : BackgroundService
{
    private static readonly TimeSpan UnusablePause = TimeSpan.FromSeconds(30);
    private readonly LoopSet loops = new();
    private readonly DatabasePatience patience = new(time, telemetry);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (true)
            {
                var changed = Task.WhenAny(configuration.Changed, leases.Changed);
                var fences = leases.Fences(LeaseKind.Integration);
                var enabled = (await patience.TryUntilDoneAsync(store.ListEnabledAsync, stoppingToken))
                    .Where(integration => fences.ContainsKey(integration.Id))
                    .ToDictionary(integration => integration.Id);
                await loops.ReconcileAsync(
                    enabled.ToDictionary(pair => pair.Key, pair => (pair.Value.Version, fences[pair.Key])),
                    (id, token) => RunAsync(enabled[id], fences[id], token),
                    stoppingToken);
                await Task.WhenAny(changed, Task.Delay(forwarder.Value.ConfigurationInterval, time, stoppingToken));
                stoppingToken.ThrowIfCancellationRequested();
            }
        }
        finally
        {
            await loops.StopAllAsync();
        }
    }

    private async Task RunAsync(Integration integration, long fence, CancellationToken cancellationToken)
    {
        var recorder = new DeliveryRecorder(database, partitions, time, engine.Value.Name, fence);
        if (RunnableIntegration.Create(integration, store.SecretsOf(integration), out var fault) is not { } runnable)
        {
            telemetry.IntegrationUnusable(integration.Name, fault!);
            await patience.TryUntilDoneAsync(token => ShowFaultAsync(recorder, integration.Id, fault!, token), cancellationToken);
            await Task.Delay(UnusablePause, time, cancellationToken);
            return;
        }

        try
        {
            await using var destination = runnable.Kind.Open(runnable.Destination, time);
            using var buffer = new BatchBuffer(EventFormatCatalog.Create(runnable.Output), destination.Limits);
            using var single = new BatchBuffer(EventFormatCatalog.Create(runnable.Output), destination.Limits);
            var dispatcher = new IntegrationDispatcher(
                runnable, destination, new BatchAssembler(log, sources, runnable.Filter, buffer), recorder,
                round => new Redriver(runnable.Id, redrive, log, sources, single, round), sources, signal, leases, options.Value, time, telemetry);
            await dispatcher.RunAsync(cancellationToken);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            // A bug in one loop must not stop the others; the next look at the configuration starts it anew.
            telemetry.DispatcherFailed(integration.Name, exception);
            await patience.TryUntilDoneAsync(token => ShowFaultAsync(recorder, integration.Id, exception.Message, token), cancellationToken);
            await Task.Delay(options.Value.RoundPause, time, cancellationToken);
        }
    }

    private async Task<bool> ShowFaultAsync(DeliveryRecorder recorder, int id, string fault, CancellationToken cancellationToken)
    {
        var error = new DeliveryError(ErrorCategory.Internal, fault, time.GetUtcNow() + options.Value.RoundPause);
        await recorder.RecordErrorAsync(id, error, cancellationToken);
        return true;
    }
}
