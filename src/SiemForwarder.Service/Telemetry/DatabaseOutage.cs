using System.Globalization;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Telemetry;

/// <summary>Logs once that the database is unavailable and once that it is back, however many loops wait for it.</summary>
internal sealed class DatabaseOutage(TimeProvider time, ILogger<DatabaseOutage> logger)
{
    // Everything that waits for the database retries within five seconds; while any retry fails, it is not back.
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(6);

    private readonly Lock gate = new();
    private long? lostAt;
    private long lastFaultAt;
    private long? answeredAt;

    public bool IsLost
    {
        get
        {
            lock (gate)
            {
                return lostAt is not null;
            }
        }
    }

    /// <summary>Records a fault; returns whether it means that the database as a whole is unavailable.</summary>
    public bool Note(Exception exception)
    {
        if (!DatabaseFault.IsOutage(exception))
        {
            return false;
        }

        lock (gate)
        {
            lastFaultAt = time.GetTimestamp();
            answeredAt = null;
            if (lostAt is not null)
            {
                return true;
            }

            lostAt = lastFaultAt;
        }

        logger.LogWarning(
            "The database is unavailable: {Reason}. Nothing is lost; work resumes automatically. /health/ready says what is waiting.",
            DatabaseFault.Describe(exception).TrimEnd('.'));
        return true;
    }

    /// <summary>Records that the database responds and is writable; it counts as back if nothing has failed for a while.</summary>
    public void Answered()
    {
        double seconds;
        lock (gate)
        {
            if (lostAt is not { } lost)
            {
                return;
            }

            answeredAt ??= time.GetTimestamp();
            if (time.GetElapsedTime(lastFaultAt) < Quiet)
            {
                return;
            }

            seconds = time.GetElapsedTime(lost, answeredAt.Value).TotalSeconds;
            (lostAt, answeredAt) = (null, null);
        }

        logger.LogInformation("The database is available again after {Seconds} s.", Math.Round(seconds, 1).ToString(CultureInfo.InvariantCulture));
    }
}

/// <summary>Checks every second whether an unavailable database is back.</summary>
internal sealed class DatabaseOutageService(DatabaseOutage outage, DatabaseConnections database, LoopGuard guard, TimeProvider time) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => guard.RunAsync(
        "checks whether the database is back", LookAsync, token => Task.Delay(Interval, time, token), stoppingToken);

    private async Task LookAsync(CancellationToken cancellationToken)
    {
        if (outage.IsLost && await TakesWritesAsync(cancellationToken))
        {
            outage.Answered();
        }
    }

    private async Task<bool> TakesWritesAsync(CancellationToken cancellationToken)
    {
        try
        {
            await using var command = database.Shared.CreateCommand("SELECT NOT pg_is_in_recovery() AND current_setting('transaction_read_only') = 'off'");
            return await command.ExecuteScalarAsync(cancellationToken) is true;
        }
        catch (Exception exception) when (DatabaseFault.IsDatabase(exception))
        {
            outage.Note(exception);
            return false;
        }
    }
}
