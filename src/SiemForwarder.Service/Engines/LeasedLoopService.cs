using SiemForwarder.Service.Storage;
using SiemForwarder.Service.Telemetry;

namespace SiemForwarder.Service.Engines;

/// <summary>Keeps one loop running for every enabled resource whose lease this engine holds, and starts it anew when its settings change.</summary>
internal abstract class LeasedLoopService<T>(
    LeaseKind kind, EngineLeases leases, ConfigurationSignal configuration, TimeSpan interval, TimeProvider time, ForwarderTelemetry telemetry)
    : BackgroundService
{
    private readonly LoopSet loops = new();

    protected EngineLeases Leases => leases;

    protected TimeProvider Time => time;

    protected ForwarderTelemetry Telemetry { get; } = telemetry;

    protected DatabasePatience Patience { get; } = new(time, telemetry);

    /// <summary>Everything that is enabled, with its id and version.</summary>
    protected abstract Task<IReadOnlyList<(int Id, int Version, T Resource)>> ListEnabledAsync(CancellationToken cancellationToken);

    /// <summary>The loop of one resource; runs until cancelled.</summary>
    protected abstract Task RunAsync(T resource, long fence, CancellationToken stoppingToken);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (true)
            {
                var changed = Task.WhenAny(configuration.Changed, leases.Changed);
                var fences = leases.Fences(kind);
                var wanted = (await Patience.TryUntilDoneAsync(ListEnabledAsync, stoppingToken)).Where(one => fences.ContainsKey(one.Id))
                    .ToDictionary(one => one.Id);
                await loops.ReconcileAsync(
                    wanted.ToDictionary(pair => pair.Key, pair => (pair.Value.Version, fences[pair.Key])),
                    (id, token) => RunAsync(wanted[id].Resource, fences[id], token),
                    stoppingToken);
                await Task.WhenAny(changed, Task.Delay(interval, time, stoppingToken));
                stoppingToken.ThrowIfCancellationRequested();
            }
        }
        finally
        {
            await loops.StopAllAsync();
        }
    }
}
