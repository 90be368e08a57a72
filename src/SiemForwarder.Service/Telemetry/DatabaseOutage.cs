using System.Globalization;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Telemetry;

/// <summary>Tells in the log that the database is lost and that it is back, once each, however many wait for it.</summary>
internal sealed class DatabaseOutage(TimeProvider time, ILogger<DatabaseOutage> logger)
{
    // Whoever waits for the database tries again within five seconds; as long as one of them still fails it is not back.
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

    /// <summary>Notes a fault; whether it says that the database as a whole cannot be used.</summary>
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

    /// <summary>Notes that the database answered and takes writes; it is back where nobody has failed for a while.</summary>
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

/// <summary>Asks a database that was lost every second whether it is back.</summary>
internal sealed class DatabaseOutageService(DatabaseOutage outage, DatabaseConnections database, LoopGuard guard, TimeProvider time) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => guard.RunAsync(
        "looks whether the database is back", LookAsync, token => Task.Delay(Interval, time, token), stoppingToken);

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
