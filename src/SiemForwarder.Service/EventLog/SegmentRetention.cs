using Npgsql;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.EventLog;

/// <summary>Decides which days of the log to drop, and drops them; events that an enabled integration has not received are dropped only if the
/// hard limit forces it, and never silently.</summary>
internal sealed class SegmentRetention(DayPartitions partitions, IEnumerable<LogHold> holds, EventLogOptions options, ILogger logger)
{
    /// <summary>One pass, oldest day first. The current day is always kept, whatever its size, because only whole days can be dropped.</summary>
    public async Task RunAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        var today = DateOnly.FromDateTime(now.UtcDateTime);
        var days = await partitions.ListAsync("segment", cancellationToken);
        var total = days.Sum(day => day.Bytes);
        foreach (var (day, bytes) in days.TakeWhile(one => one.Day < today))
        {
            // A day is due only when its last moment is older than the limit.
            var isDue = day < today.AddDays(-options.RetentionDays) || IsOver(total, options.MaxBytes);
            var isForced = (options.HardLimitDays > 0 && day < today.AddDays(-options.HardLimitDays)) || IsOver(total, options.HardLimitBytes);
            if (!isDue && !isForced)
            {
                return;
            }

            total -= await DropAsync(day, isForced, now, cancellationToken) ? bytes : 0;
        }

        if (IsOver(total, options.HardLimitBytes))
        {
            logger.LogWarning("The events of today alone take {Bytes} bytes, more than the hard limit of {Limit}: they are kept; make room or raise "
                + "Forwarder__EventLog__HardLimitBytes.", total, options.HardLimitBytes);
        }
    }

    private static bool IsOver(long bytes, long limit) => limit > 0 && bytes > limit;

    /// <summary>Drops a day and records the losses in the same transaction. False if it has to be retried later.</summary>
    private async Task<bool> DropAsync(DateOnly day, bool isForced, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var partition = DayPartitions.NameOf("segment", day);
        var isNeeded = false;
        var isDropped = await partitions.DropAsync(
            "segment",
            day,
            async (connection, transaction) =>
            {
                // Checked again under the exclusive lock: what was needed a moment ago may have been delivered, and vice versa.
                isNeeded = await IsNeededAsync(day, connection, transaction, cancellationToken);
                if (isNeeded && !isForced)
                {
                    return false;
                }

                await using var note = new NpgsqlCommand(
                    $"""
                    WITH noted AS (
                        INSERT INTO gap (source_id, integration_id, first_position, last_position, reason, noted_at)
                        SELECT source_id, integration_id, greatest(first, position + 1), last,
                            'The hard limit of the log dropped them; delivery was down for longer than Forwarder__EventLog__HardLimitDays or HardLimitBytes allow.', $1
                        FROM ({LackingSql(partition)}) lacking
                    )
                    DELETE FROM log_day WHERE day = $2
                    """,
                    connection,
                    transaction)
                { Parameters = { new() { Value = now }, new() { Value = day } } };
                await note.ExecuteNonQueryAsync(cancellationToken);
                return true;
            },
            cancellationToken);
        if (isDropped)
        {
            logger.Log(isNeeded ? LogLevel.Error : LogLevel.Information, "Retention dropped {Partition}{Loss}.", partition,
                isNeeded ? ", including events that an integration had not received" : "");
        }
        else if (isNeeded)
        {
            logger.LogWarning("The events received on {Day} are past their retention but kept: an enabled integration has not received them.", day);
        }

        return isDropped;
    }

    private async Task<bool> IsNeededAsync(
        DateOnly day, NpgsqlConnection connection, NpgsqlTransaction transaction, CancellationToken cancellationToken)
    {
        var partition = DayPartitions.NameOf("segment", day);
        await using var command = new NpgsqlCommand($"""
            SELECT EXISTS ({LackingSql(partition)}) {string.Concat(holds.Select(hold => HeldSql(hold, partition)))}
            """, connection, transaction);
        return await command.ExecuteScalarAsync(cancellationToken) is true;
    }

    private static string HeldSql(LogHold hold, string partition) => $"""
        OR EXISTS (SELECT 1 FROM {hold.Rows} x JOIN {partition} s ON s.source_id = x.source_id
            WHERE s.last_position > x.position AND s.first_position <= x.last_position)
        """;

    /// <summary>The enabled integrations (including paused ones) that have not received all of a partition, with what they lack.</summary>
    private static string LackingSql(string partition) => $"""
        SELECT held.source_id, i.integration_id, held.first, held.last, coalesce(c.position, 0) AS position
        FROM (SELECT source_id, min(first_position) AS first, max(last_position) AS last FROM {partition} GROUP BY source_id) held
        JOIN {ConfigurationTables.Readings} i ON i.enabled AND i.source_id = held.source_id
        LEFT JOIN integration_checkpoint c ON c.integration_id = i.integration_id AND c.source_id = held.source_id
        WHERE coalesce(c.position, 0) < held.last
        """;
}
