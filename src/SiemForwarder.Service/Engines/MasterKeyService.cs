using SiemForwarder.Service.Storage.Protection;
using SiemForwarder.Service.Telemetry;

namespace SiemForwarder.Service.Engines;

/// <summary>Follows a rotation of the master key while the service runs.</summary>
internal sealed class MasterKeyService(KeyRewrapping rewrapping, MasterKeys keys, LoopGuard guard, TimeProvider time) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    private string? current;

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => guard.RunAsync(
        "rewraps the keys of stored secrets with the current master key", LoopGuard.LongBound, LookAsync,
        token => Task.Delay(Interval, time, token), stoppingToken);

    private async Task LookAsync(CancellationToken cancellationToken)
    {
        if (keys.Current?.Id is { } id && id != current)
        {
            await rewrapping.RunAsync(cancellationToken);
            current = id;
        }
    }
}
