using System.Globalization;
using Npgsql;
using SiemForwarder.Service.Storage;
using SiemForwarder.Service.Telemetry;

namespace SiemForwarder.Service.EventLog;

/// <summary>Learns from PostgreSQL what other processes have appended to the logs, and whether the history of the logs is unchanged.</summary>
/// <remarks>
/// Uses LISTEN, and as a fallback checks all heads every few seconds. A pooler that shares sessions accepts LISTEN but delivers nothing, so the
/// service first sends a notification to itself, and checks the heads every half second if that does not arrive.
/// </remarks>
internal sealed class EventLogListenService(
    DatabaseConnections connections, LogHistory history, EventLogSignal signal, ConfigurationSignal configuration, LoopGuard guard, TimeProvider time,
    ILogger<EventLogListenService> logger) : BackgroundService
{
    /// <summary>Notification that there is a new request for the engines.</summary>
    public const string Wake = "wake";

    private const string Loop = "listens for what other engines append";

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan EchoBound = TimeSpan.FromSeconds(3);
    private bool isDeaf;

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => guard.RunAsync(
        Loop, ListenAsync, _ => Task.CompletedTask, stoppingToken);

    private async Task ListenAsync(CancellationToken cancellationToken)
    {
        var heard = false;
        var isAsked = false;
        var echo = $"echo {Guid.NewGuid():N}";
        await using var connection = await connections.Listener.OpenConnectionAsync(cancellationToken);
        connection.Notification += (_, notification) =>
        {
            heard |= notification.Payload == echo;
            isAsked |= Advance(notification.Payload);
        };
        await ExecuteAsync($"LISTEN {EventLogWriter.Channel}");
        // From another session, because a pooler may deliver a session's own notification with the statement.
        await using (var notify = connections.Vital.CreateCommand($"SELECT pg_notify('{EventLogWriter.Channel}', '{echo}')"))
        {
            await notify.ExecuteNonQueryAsync(cancellationToken);
        }

        var started = time.GetTimestamp();
        while (!heard && time.GetElapsedTime(started) < EchoBound)
        {
            await connection.WaitAsync(EchoBound, cancellationToken);
        }

        Note(!heard);
        var lookedAt = 0L;
        while (true)
        {
            if (lookedAt == 0 || isAsked || time.GetElapsedTime(lookedAt) >= (heard ? Interval : PollInterval))
            {
                isAsked = false;
                await history.VerifyAsync(connection, cancellationToken);
                lookedAt = time.GetTimestamp();
                guard.Progressed(Loop);
            }

            if (heard)
            {
                await connection.WaitAsync(Interval, cancellationToken);
            }
            else
            {
                await Task.Delay(PollInterval, time, cancellationToken);
            }
        }

        async Task ExecuteAsync(string sql)
        {
            await using var command = new NpgsqlCommand(sql, connection);
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
    }

    private void Note(bool deaf)
    {
        if (deaf && !isDeaf)
        {
            logger.LogWarning("Notifications from the database do not arrive, as behind a connection pooler; the logs are polled every {Interval} instead. "
                + "Set Forwarder__Database__ListenConnection to a connection that bypasses the pooler to receive them at once.", PollInterval);
        }

        isDeaf = deaf;
    }

    /// <summary>Handles a notification; true if the log's history is not known yet and has to be read.</summary>
    private bool Advance(string payload)
    {
        if (payload == Wake)
        {
            configuration.Raise();
            return false;
        }

        var space = payload.IndexOf(' ', StringComparison.Ordinal);
        if (space > 0
            && int.TryParse(payload.AsSpan(0, space), CultureInfo.InvariantCulture, out var source)
            && long.TryParse(payload.AsSpan(space + 1), CultureInfo.InvariantCulture, out var next))
        {
            signal.Advance(source, next);
            return signal.Incarnation(source) == 0;
        }

        return false;
    }
}
