using SiemForwarder.Service.Storage;
using SiemForwarder.Service.Telemetry;

namespace SiemForwarder.Service.Engines;

/// <summary>Starts the private database again where it ended by itself, so that nobody has to.</summary>
internal sealed class DatabaseWatchService(DatabaseHome home, LoopGuard guard, TimeProvider time, ILogger<DatabaseWatchService> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => guard.RunAsync(
        "keeps the private PostgreSQL running", LookAsync, token => Task.Delay(Interval, time, token), stoppingToken);

    private async Task LookAsync(CancellationToken cancellationToken)
    {
        if (await home.ReviveAsync(cancellationToken))
        {
            logger.LogWarning("The private PostgreSQL had ended; it runs again. Nothing is lost.");
        }
    }
}
