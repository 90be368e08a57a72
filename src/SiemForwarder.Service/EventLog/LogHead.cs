using Npgsql;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.EventLog;

/// <summary>A day on which events of a source were received.</summary>
/// <param name="Day">The day in UTC; the partition of its segments.</param>
/// <param name="FirstPosition">Position of the first event received on it.</param>
/// <param name="LowestAt">No event of the day happened before this; epoch milliseconds, rounded down to the hour.</param>
/// <param name="HighestAt">No event of the day happened at or after this; epoch milliseconds, rounded up to the hour.</param>
internal readonly record struct LogDay(DateOnly Day, long FirstPosition, long LowestAt, long HighestAt)
{
    private const long HourMs = 3_600_000;

    /// <summary>The day with its bounds extended to cover a segment.</summary>
    public LogDay Covering(long lowestAt, long highestAt) => this with
    {
        LowestAt = Math.Min(LowestAt, RoundedDown(lowestAt)), HighestAt = Math.Max(HighestAt, RoundedDown(highestAt) + HourMs),
    };

    /// <summary>A new day that starts with a segment.</summary>
    public static LogDay Begin(DateOnly day, long firstPosition, long lowestAt, long highestAt) =>
        new LogDay(day, firstPosition, long.MaxValue, long.MinValue).Covering(lowestAt, highestAt);

    private static long RoundedDown(long ms) => ms - (((ms % HourMs) + HourMs) % HourMs);
}

/// <summary>The head of a log as read: its end, its history, and which day holds which positions.</summary>
/// <param name="NextPosition">The next free position.</param>
/// <param name="Incarnation">Changes when the database's history is replaced.</param>
/// <param name="LastReceivedAt">When the last event was received; later events never have an earlier time. Null for an empty log.</param>
/// <param name="Days">Its days in order.</param>
internal sealed record LogHead(long NextPosition, long Incarnation, DateTimeOffset? LastReceivedAt, IReadOnlyList<LogDay> Days)
{
    /// <summary>Index of the day that holds or would hold a position; -1 if the log has no days.</summary>
    public int DayOf(long position)
    {
        var (low, high) = (0, Days.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = Days[middle].FirstPosition <= position ? (middle + 1, high) : (low, middle);
        }

        return Days.Count == 0 ? -1 : Math.Max(0, low - 1);
    }

    /// <summary>Reads the head of a log; null if the source does not or no longer exists.</summary>
    /// <exception cref="NpgsqlException">The database cannot be used.</exception>
    public static async Task<LogHead?> ReadAsync(NpgsqlDataSource database, int sourceId, CancellationToken cancellationToken)
    {
        var (head, stamped) = await ReadStampedAsync(database, sourceId, cancellationToken);
        if (head is null || stamped == head.NextPosition || head.NextPosition == 1)
        {
            return head;
        }

        await CompleteAsync(database, sourceId, stamped, cancellationToken);
        return (await ReadStampedAsync(database, sourceId, cancellationToken)).Head;
    }

    private static async Task<(LogHead? Head, long Stamped)> ReadStampedAsync(NpgsqlDataSource database, int sourceId, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand($"""
            WITH made AS (
                INSERT INTO log_head (source_id) SELECT id FROM {ConfigurationTables.Sources} s WHERE id = $1 ON CONFLICT DO NOTHING
                RETURNING source_id, next_position, incarnation, stamped_position, last_received_at
            ), head AS (
                SELECT * FROM made
                UNION ALL SELECT source_id, next_position, incarnation, stamped_position, last_received_at FROM log_head WHERE source_id = $1 LIMIT 1
            )
            SELECT h.next_position, h.incarnation, h.stamped_position, h.last_received_at, d.days, d.firsts, d.lows, d.highs
            FROM head h CROSS JOIN LATERAL (
                SELECT array_agg(day ORDER BY first_position) AS days, array_agg(first_position ORDER BY first_position) AS firsts,
                    array_agg(lowest_at ORDER BY first_position) AS lows, array_agg(highest_at ORDER BY first_position) AS highs
                FROM log_day WHERE source_id = h.source_id) d
            """);
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = sourceId });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken))
        {
            return (null, 0);
        }

        var days = new List<LogDay>();
        if (!reader.IsDBNull(4))
        {
            var (day, firsts) = (reader.GetFieldValue<DateOnly[]>(4), reader.GetFieldValue<long[]>(5));
            var (lows, highs) = (reader.GetFieldValue<long[]>(6), reader.GetFieldValue<long[]>(7));
            days.AddRange(day.Select((one, i) => new LogDay(one, firsts[i], lows[i], highs[i])));
        }

        var head = new LogHead(
            reader.GetInt64(0), reader.GetInt64(1), reader.IsDBNull(3) ? null : reader.GetFieldValue<DateTimeOffset>(3), days);
        return (head, reader.GetInt64(2));
    }

    /// <summary>Adds the days of events appended by an engine of an older version, which does not record days.</summary>
    private static async Task CompleteAsync(NpgsqlDataSource database, int sourceId, long stamped, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand($"""
            WITH appended AS (
                SELECT (received_at AT TIME ZONE 'UTC')::date AS day, min(first_position) AS first_position, min(lowest_at) AS lowest_at,
                    max(highest_at) AS highest_at, max(last_position) AS last_position, max(received_at) AS received_at
                FROM segment WHERE source_id = $1 AND last_position >= $2 GROUP BY 1
            ), days AS (
                INSERT INTO log_day AS d (source_id, day, first_position, lowest_at, highest_at)
                SELECT $1, a.day, a.first_position, a.lowest_at - mod(mod(a.lowest_at, 3600000) + 3600000, 3600000),
                    a.highest_at - mod(mod(a.highest_at, 3600000) + 3600000, 3600000) + 3600000
                FROM appended a JOIN {ConfigurationTables.Sources} s ON s.id = $1
                ON CONFLICT (source_id, day) DO UPDATE SET first_position = least(d.first_position, excluded.first_position),
                    lowest_at = least(d.lowest_at, excluded.lowest_at), highest_at = greatest(d.highest_at, excluded.highest_at)
            )
            UPDATE log_head SET stamped_position = greatest(stamped_position, coalesce((SELECT max(last_position) + 1 FROM appended), next_position)),
                last_received_at = greatest(last_received_at, (SELECT max(received_at) FROM appended))
            WHERE source_id = $1
            """);
        command.Parameters.AddWithValue(sourceId);
        command.Parameters.AddWithValue(stamped);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
