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
    EngineLeases leases, RedriveTable redrive, NpgsqlDataSource database, DayPartitions partitions, IOptions<DispatchOptions> options,
    IOptions<ForwarderOptions> forwarder, IOptions<EngineOptions> engine, TimeProvider time, ForwarderTelemetry telemetry)
    : LeasedLoopService<Integration>(LeaseKind.Integration, leases, configuration, forwarder.Value.ConfigurationInterval, time, telemetry)
{
    private static readonly TimeSpan UnusablePause = TimeSpan.FromSeconds(30);

    protected override async Task<IReadOnlyList<(int Id, int Version, Integration Resource)>> ListEnabledAsync(CancellationToken cancellationToken) =>
        [.. (await store.ListEnabledAsync(cancellationToken)).Select(integration => (integration.Id, integration.Version, integration))];

    protected override async Task RunAsync(Integration resource, long fence, CancellationToken stoppingToken)
    {
        var (integration, cancellationToken) = (resource, stoppingToken);
        var recorder = new DeliveryRecorder(database, partitions, Time, engine.Value.Name, fence);
        if (RunnableIntegration.Create(integration, store.SecretsOf(integration), out var fault) is not { } runnable)
        {
            Telemetry.IntegrationUnusable(integration.Name, fault!);
            await Patience.TryUntilDoneAsync(token => ShowFaultAsync(recorder, integration.Id, fault!, token), cancellationToken);
            await Task.Delay(UnusablePause, Time, cancellationToken);
            return;
        }

        try
        {
            await using var destination = runnable.Kind.Open(runnable.Destination, Time);
            using var buffer = new BatchBuffer(EventFormatCatalog.Create(runnable.Output), destination.Limits);
            using var single = new BatchBuffer(EventFormatCatalog.Create(runnable.Output), destination.Limits);
            var dispatcher = new IntegrationDispatcher(
                runnable, destination, new BatchAssembler(log, sources, runnable.Filter, buffer), recorder,
                round => new Redriver(runnable.Id, redrive, log, sources, single, round), sources, signal, Leases, fence, options.Value, Time, Telemetry);
            await dispatcher.RunAsync(cancellationToken);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            // A bug in one loop must not stop the others; the next look at the configuration starts it anew.
            Telemetry.DispatcherFailed(integration.Name, exception);
            await Patience.TryUntilDoneAsync(token => ShowFaultAsync(recorder, integration.Id, exception.Message, token), cancellationToken);
            await Task.Delay(options.Value.RoundPause, Time, cancellationToken);
        }
    }

    private async Task<bool> ShowFaultAsync(DeliveryRecorder recorder, int id, string fault, CancellationToken cancellationToken)
    {
        var error = new DeliveryError(ErrorCategory.Internal, fault, Time.GetUtcNow() + options.Value.RoundPause);
        await recorder.RecordErrorAsync(id, error, cancellationToken);
        return true;
    }
}
