using Npgsql;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.EventLog;

/// <summary>Decides which days of the log go, and drops them; what an enabled integration has not got goes only where the hard limit forces
/// it, and never silently.</summary>
internal sealed class SegmentRetention(DayPartitions partitions, IEnumerable<LogHold> holds, EventLogOptions options, ILogger logger)
{
    /// <summary>One pass, oldest day first. The day under way stays whatever its size: days are what can be dropped without a trace.</summary>
    public async Task RunAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        var today = DateOnly.FromDateTime(now.UtcDateTime);
        var days = await partitions.ListAsync("segment", cancellationToken);
        var total = days.Sum(day => day.Bytes);
        foreach (var (day, bytes) in days.TakeWhile(one => one.Day < today))
        {
            // A day may go when even its last moment is older than the limit.
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

    /// <summary>Drops a day; the losses are written down in the same transaction. False where it is to be tried again later.</summary>
    private async Task<bool> DropAsync(DateOnly day, bool isForced, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var partition = DayPartitions.NameOf("segment", day);
        var isNeeded = false;
        var isDropped = await partitions.DropAsync(
            "segment",
            day,
            async (connection, transaction) =>
            {
                // Asked anew under the lock that only one engine has: what was needed a moment ago may be delivered, and the other way round.
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
                isNeeded ? ", events that an integration had not got included" : "");
        }
        else if (isNeeded)
        {
            logger.LogWarning("The events received on {Day} are past their retention, but an enabled integration has not got them: they are kept.", day);
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

    /// <summary>The enabled integrations (paused ones too) that have not got all of a partition, with what they lack.</summary>
    private static string LackingSql(string partition) => $"""
        SELECT held.source_id, i.integration_id, held.first, held.last, coalesce(c.position, 0) AS position
        FROM (SELECT source_id, min(first_position) AS first, max(last_position) AS last FROM {partition} GROUP BY source_id) held
        JOIN {ConfigurationTables.Readings} i ON i.enabled AND i.source_id = held.source_id
        LEFT JOIN integration_checkpoint c ON c.integration_id = i.integration_id AND c.source_id = held.source_id
        WHERE coalesce(c.position, 0) < held.last
        """;
}
