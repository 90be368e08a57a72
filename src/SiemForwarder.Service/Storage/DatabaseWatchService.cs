using SiemForwarder.Service.Storage.Private;

namespace SiemForwarder.Service.Storage;

/// <summary>Starts the private database again where it ended by itself, so that nobody has to.</summary>
internal sealed class DatabaseWatchService(DatabaseHome home, TimeProvider time, ILogger<DatabaseWatchService> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            await Task.Delay(Interval, time, stoppingToken);
            try
            {
                if (await home.ReviveAsync(stoppingToken))
                {
                    logger.LogWarning("The private PostgreSQL had ended; it was started again. Nothing is lost.");
                }
            }
            catch (DatabaseStartException exception)
            {
                logger.LogError("{Reason} Trying again in {Interval}.", exception.Message, Interval);
            }
        }
    }
}
