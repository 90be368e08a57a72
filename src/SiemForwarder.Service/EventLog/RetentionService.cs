using Microsoft.Extensions.Options;
using SiemForwarder.Service.Telemetry;

namespace SiemForwarder.Service.EventLog;

/// <summary>Drops partitions past their retention; a day of the log is kept until every enabled integration has received it.</summary>
internal sealed class RetentionService(
    DayPartitions partitions, IEnumerable<LogHold> holds, IOptions<EventLogOptions> options, LoopGuard guard, TimeProvider time,
    ILogger<RetentionService> logger) : BackgroundService
{
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => guard.RunAsync(
        "drops what is past its retention", LoopGuard.LongBound, RunOnceAsync,
        token => Task.Delay(options.Value.RetentionInterval, time, token), stoppingToken);

    /// <summary>Creates the partitions of today and tomorrow, and drops those that are old enough and no longer needed.</summary>
    internal async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await partitions.EnsureAsync(now, cancellationToken);
        await partitions.EnsureAsync(now.AddDays(1), cancellationToken);
        await DropAsync("delivery", now, options.Value.DeliveryRetentionDays, cancellationToken);
        await DropAsync("event_index", now, options.Value.IndexRetentionDays, cancellationToken);
        await new SegmentRetention(partitions, holds, options.Value, logger).RunAsync(now, cancellationToken);
    }

    private async Task DropAsync(string table, DateTimeOffset now, int days, CancellationToken cancellationToken)
    {
        // A day is due only when its last moment is older than the limit.
        var oldestKept = DateOnly.FromDateTime(now.UtcDateTime.AddDays(-days));
        foreach (var (day, _) in (await partitions.ListAsync(table, cancellationToken)).Where(one => one.Day < oldestKept))
        {
            if (await partitions.DropAsync(table, day, (_, _) => Task.FromResult(true), cancellationToken))
            {
                logger.LogInformation("Retention dropped {Partition}.", DayPartitions.NameOf(table, day));
            }
        }
    }
}
