using System.Collections.Concurrent;
using Microsoft.Extensions.Options;
using SiemForwarder.Connections;
using SiemForwarder.Service.Dispatch.Delivery;
using SiemForwarder.Service.Dispatch.Lanes;
using SiemForwarder.Service.Engines;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Integrations;
using SiemForwarder.Service.Storage;
using SiemForwarder.Service.Storage.Protection;
using SiemForwarder.Service.Telemetry;

namespace SiemForwarder.Service.Dispatch;

/// <summary>Keeps one dispatcher running for every enabled integration, and restarts it when its settings change.</summary>
internal sealed class DispatchService(
    IntegrationStore store, IntegrationLanes lanes, ConfigurationSignal configuration, EngineLeases leases, DatabaseConnections connections, LogHistory history,
    DayPartitions partitions, ExpiryWatch expiry, IOptions<DispatchOptions> options, IOptions<ForwarderOptions> forwarder, IOptions<EngineOptions> engine,
    TimeProvider time, ForwarderTelemetry telemetry, LoopGuard guard, WorkDeclines declines, DeliveryMemory memory)
    : LeasedLoopService<Integration>(LeaseKind.Integration, leases, configuration, forwarder.Value.ConfigurationInterval, time, telemetry, guard)
{
    private static readonly TimeSpan UnusablePause = TimeSpan.FromSeconds(30);

    // Names of the loops that failed and may not have passed since.
    private readonly ConcurrentDictionary<string, byte> failed = new();

    protected override int Edition => history.Edition;

    protected override async Task<IReadOnlyList<(int Id, int Version, Integration Resource)>> ListEnabledAsync(CancellationToken cancellationToken)
    {
        var enabled = await store.ListEnabledAsync(cancellationToken);
        var mine = Leases.Fences(LeaseKind.Integration);
        var wanted = enabled.Where(integration => mine.ContainsKey(integration.Id)).Select(integration => DeliveryLane.LoopOf(integration.Name)).ToHashSet();
        foreach (var loop in failed.Keys.Where(loop => !wanted.Contains(loop)))
        {
            // Switched off, deleted, or another engine's by now.
            failed.TryRemove(loop, out _);
            Guard.Forget(loop);
        }

        return [.. enabled.Select(integration => (integration.Id, SecretReferences.Stamp(integration.Version, integration.Definition), integration))];
    }

    protected override async Task RunAsync(Integration resource, long fence, CancellationToken stoppingToken)
    {
        var (integration, cancellationToken) = (resource, stoppingToken);
        var journal = new LiveJournal(connections.Vital, partitions, Time, engine.Value.Name, fence, integration.Id);
        if (store.FindRunnable(integration, out var fault) is not { } runnable)
        {
            Telemetry.IntegrationUnusable(integration.Name, fault!);
            await DatabaseRetry.TryUntilDoneAsync(token => ShowFaultAsync(journal, ErrorCategory.Configuration, fault!, token), cancellationToken);
            if (!RunnableIntegration.IsReadable(integration))
            {
                // An engine of the version that saved it can run it.
                await DatabaseRetry.TryUntilDoneAsync(
                    token => declines.AddAsync(LeaseKind.Integration, integration.Id, integration.Version, token), cancellationToken);
            }

            await Task.Delay(UnusablePause, Time, cancellationToken);
            return;
        }

        using var watched = expiry.Open($"integration:{integration.Id}", integration.Version);
        runnable = runnable with
        {
            Destination = runnable.Destination with
            {
                Expiries = watched.Notes, Opened = Telemetry.CountConnections(integration.Name), Resends = memory.Resends,
            },
        };
        foreach (var (name, end) in runnable.TokenEnds)
        {
            watched.Notes.Note(name, end);
        }

        try
        {
            await lanes.RunAsync(runnable, journal, fence, cancellationToken);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            // A bug in one loop must not stop the others; the next configuration check restarts it.
            var loop = DeliveryLane.LoopOf(integration.Name);
            failed[loop] = 0;
            Guard.Failed(loop, exception);
            await DatabaseRetry.TryUntilDoneAsync(token => ShowFaultAsync(journal, ErrorCategory.Internal, exception.Message, token), cancellationToken);
            await Task.Delay(options.Value.RoundPause, Time, cancellationToken);
        }
    }

    private Task ShowFaultAsync(LiveJournal journal, ErrorCategory category, string fault, CancellationToken cancellationToken) =>
        journal.RecordErrorAsync(new DeliveryError(category, fault, Time.GetUtcNow() + options.Value.RoundPause), cancellationToken);
}
