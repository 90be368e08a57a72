using System.Globalization;
using Microsoft.Extensions.Options;
using Npgsql;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.EventLog;

/// <summary>Drops the partitions of days that are over; a day of the log waits for every enabled integration.</summary>
internal sealed class RetentionService(
    NpgsqlDataSource database, DayPartitions partitions, IOptions<EventLogOptions> options, TimeProvider time, ILogger<RetentionService> logger)
    : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await RunOnceAsync(stoppingToken);
            }
            catch (Exception exception) when (DatabaseFault.IsPassing(exception))
            {
                logger.LogWarning("Retention could not run: {Reason}", exception.Message);
            }

            await Task.Delay(options.Value.RetentionInterval, time, stoppingToken);
        }
    }

    /// <summary>Makes the partitions of today and tomorrow, and drops those that are old enough and needed by nobody.</summary>
    internal async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await partitions.EnsureAsync(now, cancellationToken);
        await partitions.EnsureAsync(now.AddDays(1), cancellationToken);
        await DropAsync("delivery", now, options.Value.DeliveryRetentionDays, cancellationToken);
        await DropAsync("event_index", now, options.Value.IndexRetentionDays, cancellationToken);
        await new SegmentRetention(database, partitions, options.Value, logger).RunAsync(now, cancellationToken);
    }

    private async Task DropAsync(string table, DateTimeOffset now, int days, CancellationToken cancellationToken)
    {
        // A day may go when even its last moment is older than the limit.
        var oldestKept = DateOnly.FromDateTime(now.UtcDateTime.AddDays(-days));
        foreach (var day in (await ListDaysAsync(table, cancellationToken)).Where(day => day < oldestKept))
        {
            var partition = DayPartitions.NameOf(table, day);
            await using var command = database.CreateCommand($"DROP TABLE IF EXISTS {partition}");
            await command.ExecuteNonQueryAsync(cancellationToken);
            CrashPoint.Pass(CrashPoint.DuringRetention);
            partitions.Forget(day);
            logger.LogInformation("Retention dropped {Partition}.", partition);
        }
    }

    private async Task<List<DateOnly>> ListDaysAsync(string table, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(
            "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = $1::regclass ORDER BY c.relname");
        command.Parameters.AddWithValue(table);
        var days = new List<DateOnly>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            if (DateOnly.TryParseExact(reader.GetString(0)[(table.Length + 1)..], "yyyyMMdd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day))
            {
                days.Add(day);
            }
        }

        return days;
    }
}
