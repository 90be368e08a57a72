using System.Globalization;
using Npgsql;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.EventLog;

/// <summary>Learns from PostgreSQL how far the logs reach that other processes append to: by LISTEN, with a timer behind it.</summary>
internal sealed class EventLogListenService(
    NpgsqlDataSource database, EventLogSignal signal, TimeProvider time, ILogger<EventLogListenService> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await ListenAsync(stoppingToken);
            }
            catch (Exception exception) when (DatabaseFault.IsPassing(exception))
            {
                logger.LogWarning("Notifications of the event log are interrupted: {Reason}. Trying again in {Delay}.", exception.Message, Interval);
                await Task.Delay(Interval, time, stoppingToken);
            }
        }
    }

    private async Task ListenAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        connection.Notification += (_, notification) => Advance(notification.Payload);
        await using (var listen = new NpgsqlCommand($"LISTEN {EventLogWriter.Channel}", connection))
        {
            await listen.ExecuteNonQueryAsync(cancellationToken);
        }

        while (true)
        {
            await ReadHeadsAsync(connection, cancellationToken);
            while (await connection.WaitAsync(Interval, cancellationToken))
            {
                // Notifications carry the position; only a silent interval makes it worth asking.
            }
        }
    }

    private async Task ReadHeadsAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("SELECT source_id, next_position FROM log_head", connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            signal.Advance(reader.GetInt32(0), reader.GetInt64(1));
        }
    }

    private void Advance(string payload)
    {
        var space = payload.IndexOf(' ', StringComparison.Ordinal);
        if (space > 0
            && int.TryParse(payload.AsSpan(0, space), CultureInfo.InvariantCulture, out var source)
            && long.TryParse(payload.AsSpan(space + 1), CultureInfo.InvariantCulture, out var next))
        {
            signal.Advance(source, next);
        }
    }
}
