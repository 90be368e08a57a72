using System.Globalization;
using Npgsql;

namespace SiemForwarder.Reliability.Faults;

/// <summary>Makes a log old: its segments move to the partitions of days that are past.</summary>
internal static class AgedLog
{
    /// <summary>Puts the first third of the segments ten days back, the second eight, the last five; how many days that are.</summary>
    public static async Task<long> MakeAsync(NpgsqlDataSource database, CancellationToken cancellationToken)
    {
        var today = DateTimeOffset.UtcNow.UtcDateTime.Date;
        foreach (var back in new[] { 10, 8, 5 })
        {
            var day = today.AddDays(-back);
            await RunAsync(database, string.Create(
                CultureInfo.InvariantCulture,
                $"CREATE TABLE segment_{day:yyyyMMdd} PARTITION OF segment FOR VALUES FROM ('{day:yyyy-MM-dd} 00:00+00') TO ('{day.AddDays(1):yyyy-MM-dd} 00:00+00')"), cancellationToken);
        }

        // The positions up to 4000 were delivered to everybody.
        await RunAsync(database, """
            UPDATE segment SET received_at = date_trunc('day', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' + interval '1 hour'
                - CASE WHEN last_position <= 2000 THEN interval '10 days' WHEN last_position <= 4000 THEN interval '8 days' ELSE interval '5 days' END
            """, cancellationToken);
        // What the log says of its days follows the rows; an engine completes it as after one of an older version.
        await RunAsync(database, "DELETE FROM log_day", cancellationToken);
        await RunAsync(database, "UPDATE log_head SET stamped_position = 0", cancellationToken);
        return await CountOldDaysAsync(database, cancellationToken);
    }

    /// <summary>How many days of the log are left that are older than three days.</summary>
    public static Task<long> CountOldDaysAsync(NpgsqlDataSource database, CancellationToken cancellationToken) =>
        Judging.StoredLog.CountAsync(
        database,
        "SELECT count(*) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'segment'::regclass AND c.relname < 'segment_' || to_char(now() - interval '3 days', 'YYYYMMDD')",
        cancellationToken);

    private static async Task RunAsync(NpgsqlDataSource database, string sql, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
