using System.Globalization;
using Npgsql;
using SiemForwarder.Events;

namespace SiemForwarder.Service.EventLog;

/// <summary>Fills a key window from the stored segments.</summary>
internal static class KeyReader
{
    // Minutes this close together are fetched as one range: fewer lookups, and the segments in between overlap anyway.
    private const long NearbyMinutes = 10;

    /// <summary>Covers minutes: reads the keys of all stored segments that overlap them, from each day that can contain any.</summary>
    public static async Task CoverAsync(
        NpgsqlDataSource database, int sourceId, KeyWindow window, List<long> missing, CancellationToken cancellationToken)
    {
        var ranges = Ranges(missing);
        window.Cover(missing);
        foreach (var day in window.Head?.Days ?? [])
        {
            var wanted = ranges.Where(range => range.From < day.HighestAt && range.To > day.LowestAt).ToList();
            if (wanted.Count == 0)
            {
                continue;
            }

            // Uses the index that leaves less of the day to search: recent events are at its upper end, late ones at its lower.
            var fromAbove = day.HighestAt - wanted[0].From <= wanted[^1].To - day.LowestAt;
            await using var command = database.CreateCommand($"""
                SELECT DISTINCT ON (s.last_position) s.lowest_at, s.keys, s.times
                FROM unnest($2::bigint[], $3::bigint[]) AS range (low, high)
                JOIN {DayPartitions.NameOf("segment", day.Day)} s ON s.source_id = $1
                    AND s.highest_at{(fromAbove ? "" : " + 0")} >= range.low AND s.lowest_at{(fromAbove ? " + 0" : "")} < range.high
                """);
            command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = sourceId });
            command.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = [.. wanted.Select(range => range.From)] });
            command.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = [.. wanted.Select(range => range.To)] });
            await AddAllAsync(command, window, cancellationToken);
        }
    }

    /// <summary>Reads what others have appended since the window was last updated; false if the log has another history or is gone, in which case the
    /// window is cleared.</summary>
    public static async Task<bool> CatchUpAsync(NpgsqlDataSource database, int sourceId, KeyWindow window, CancellationToken cancellationToken)
    {
        var known = window.Head;
        var head = await LogHead.ReadAsync(database, sourceId, cancellationToken);
        if (head is null || known is null || head.Incarnation != known.Incarnation || head.NextPosition < known.NextPosition)
        {
            window.Clear();
            return false;
        }

        for (var i = Math.Max(0, head.DayOf(known.NextPosition)); i < head.Days.Count; i++)
        {
            await using var command = database.CreateCommand(string.Create(CultureInfo.InvariantCulture, $"""
                SELECT lowest_at, keys, times FROM {DayPartitions.NameOf("segment", head.Days[i].Day)}
                WHERE source_id = $1 AND last_position >= $2 AND last_position < $3
                """));
            command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = sourceId });
            command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = known.NextPosition });
            command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = head.NextPosition });
            await AddAllAsync(command, window, cancellationToken);
        }

        window.Head = head;
        return true;
    }

    private static async Task AddAllAsync(NpgsqlCommand command, KeyWindow window, CancellationToken cancellationToken)
    {
        try
        {
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
            {
                var keys = reader.GetFieldValue<byte[]>(1);
                var times = SegmentCodec.UnpackTimes(reader.GetFieldValue<byte[]>(2), keys.Length / EventKey.Size, reader.GetInt64(0));
                for (var i = 0; i < times.Length; i++)
                {
                    window.Add(times[i], EventKey.Read(keys.AsSpan(i * EventKey.Size, EventKey.Size)));
                }
            }
        }
        catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.UndefinedTable)
        {
            // Retention dropped the day, so its events are no longer in the log.
            return;
        }
    }

    private static List<(long From, long To)> Ranges(List<long> minutes)
    {
        var ranges = new List<(long From, long To)>();
        foreach (var minute in minutes)
        {
            var (from, to) = (minute * 60_000, (minute + 1) * 60_000);
            if (ranges.Count > 0 && from <= ranges[^1].To + ((NearbyMinutes - 1) * 60_000))
            {
                ranges[^1] = (ranges[^1].From, to);
            }
            else
            {
                ranges.Add((from, to));
            }
        }

        return ranges;
    }
}
