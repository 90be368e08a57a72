using Npgsql;
using SiemForwarder.Events;

namespace SiemForwarder.Service.EventLog;

/// <summary>Fills a key window from the stored segments.</summary>
internal static class KeyReader
{
    // Minutes this near to each other are fetched by one range: fewer look-ups, and the segments in between overlap anyway.
    private const long NearbyMinutes = 10;

    /// <summary>The next free position of a log; starts the log where it does not exist. Null where the source does not.</summary>
    public static async Task<long?> ReadHeadAsync(NpgsqlDataSource database, int sourceId, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("""
            WITH existing AS (
                SELECT id FROM source WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM log_head WHERE source_id = $1) FOR KEY SHARE
            ), made AS (
                INSERT INTO log_head (source_id) SELECT id FROM existing ON CONFLICT DO NOTHING RETURNING next_position
            )
            SELECT next_position FROM made UNION ALL SELECT next_position FROM log_head WHERE source_id = $1
            UNION ALL SELECT 1 FROM source WHERE id = $1 LIMIT 1
            """);
        command.Parameters.AddWithValue(sourceId);
        return (long?)await command.ExecuteScalarAsync(cancellationToken);
    }

    /// <summary>Covers minutes: reads the keys of all stored segments that reach into them.</summary>
    public static async Task CoverAsync(
        NpgsqlDataSource database, int sourceId, KeyWindow window, List<long> missing, CancellationToken cancellationToken)
    {
        var (from, to) = Ranges(missing);
        await using var command = database.CreateCommand("""
            SELECT DISTINCT ON (s.last_position) s.lowest_at, s.keys, s.times
            FROM unnest($2::bigint[], $3::bigint[]) AS range (low, high)
            JOIN segment s ON s.source_id = $1 AND s.highest_at >= range.low AND s.lowest_at < range.high
            """);
        command.Parameters.AddWithValue(sourceId);
        command.Parameters.AddWithValue(from);
        command.Parameters.AddWithValue(to);
        window.Cover(missing);
        await AddAllAsync(command, window, cancellationToken);
    }

    /// <summary>Reads what others appended since the window last looked; false where the source does not exist any more.</summary>
    public static async Task<bool> CatchUpAsync(NpgsqlDataSource database, int sourceId, KeyWindow window, CancellationToken cancellationToken)
    {
        if (await ReadHeadAsync(database, sourceId, cancellationToken) is not { } head)
        {
            return false;
        }

        await using var command = database.CreateCommand(
            "SELECT lowest_at, keys, times FROM segment WHERE source_id = $1 AND last_position >= $2 AND last_position < $3");
        command.Parameters.AddWithValue(sourceId);
        command.Parameters.AddWithValue(window.NextPosition ?? 1);
        command.Parameters.AddWithValue(head);
        await AddAllAsync(command, window, cancellationToken);
        window.NextPosition = head;
        return true;
    }

    private static async Task AddAllAsync(NpgsqlCommand command, KeyWindow window, CancellationToken cancellationToken)
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

    private static (long[] From, long[] To) Ranges(List<long> minutes)
    {
        var (from, to) = (new List<long>(), new List<long>());
        foreach (var minute in minutes)
        {
            if (from.Count == 0 || minute > (to[^1] / 60_000) + NearbyMinutes)
            {
                from.Add(minute * 60_000);
                to.Add(0);
            }

            to[^1] = (minute + 1) * 60_000;
        }

        return ([.. from], [.. to]);
    }
}
