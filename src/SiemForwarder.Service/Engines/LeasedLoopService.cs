using SiemForwarder.Service.Storage;
using SiemForwarder.Service.Telemetry;

namespace SiemForwarder.Service.Engines;

/// <summary>Keeps one loop running for every enabled resource whose lease this engine holds, and restarts it when its settings change.</summary>
internal abstract class LeasedLoopService<T>(
    LeaseKind kind, EngineLeases leases, ConfigurationSignal configuration, TimeSpan interval, TimeProvider time, ForwarderTelemetry telemetry, LoopGuard guard)
    : BackgroundService
{
    private readonly LoopSet loops = new();

    protected EngineLeases Leases => leases;

    protected TimeProvider Time => time;

    protected LoopGuard Guard => guard;

    protected ForwarderTelemetry Telemetry { get; } = telemetry;

    protected DatabaseRetry DatabaseRetry { get; } = new(time, telemetry);

    /// <summary>Grows when what the loops remember has become invalid; then all of them restart.</summary>
    protected virtual int Edition => 0;

    /// <summary>All enabled resources with id and version.</summary>
    protected abstract Task<IReadOnlyList<(int Id, int Version, T Resource)>> ListEnabledAsync(CancellationToken cancellationToken);

    /// <summary>The loop of one resource; runs until cancelled.</summary>
    protected abstract Task RunAsync(T resource, long fence, CancellationToken stoppingToken);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var changed = Task.CompletedTask;
        try
        {
            await guard.RunAsync(
                kind == LeaseKind.Detections ? "reads the log for the detection rules" : $"runs the {LeaseTable.NameOf(kind)}s",
                token =>
                {
                    // Taken before the work, so that a change meanwhile is not missed.
                    changed = Task.WhenAny(configuration.Changed, leases.Changed);
                    return ReconcileAsync(token);
                },
                token => Task.WhenAny(changed, Task.Delay(interval, time, token)),
                stoppingToken);
        }
        finally
        {
            await loops.StopAllAsync();
        }
    }

    private async Task ReconcileAsync(CancellationToken stoppingToken)
    {
        var fences = leases.Fences(kind);
        var wanted = (await ListEnabledAsync(stoppingToken)).Where(one => fences.ContainsKey(one.Id)).ToDictionary(one => one.Id);
        var edition = Edition;
        await loops.ReconcileAsync(
            wanted.ToDictionary(pair => pair.Key, pair => new LoopIdentity(pair.Value.Version, fences[pair.Key], edition)),
            (id, token) => RunAsync(wanted[id].Resource, fences[id], token),
            stoppingToken);
    }
}
