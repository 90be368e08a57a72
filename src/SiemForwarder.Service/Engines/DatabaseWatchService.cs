using SiemForwarder.Service.Storage;
using SiemForwarder.Service.Telemetry;

namespace SiemForwarder.Service.Engines;

/// <summary>Restarts the private database automatically if it has stopped.</summary>
internal sealed class DatabaseWatchService(DatabaseHome home, LoopGuard guard, TimeProvider time, ILogger<DatabaseWatchService> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => guard.RunAsync(
        "keeps the private PostgreSQL running", LookAsync, token => Task.Delay(Interval, time, token), stoppingToken);

    private async Task LookAsync(CancellationToken cancellationToken)
    {
        if (await home.ReviveAsync(cancellationToken))
        {
            logger.LogWarning("The private PostgreSQL had stopped and was restarted. Nothing is lost.");
        }
    }
}
