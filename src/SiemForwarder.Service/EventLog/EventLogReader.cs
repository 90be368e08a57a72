using Npgsql;
using SiemForwarder.Events;

namespace SiemForwarder.Service.EventLog;

/// <summary>Reads the segments of a log in the order of their positions, from memory where an append or a reader left them there.</summary>
internal sealed class EventLogReader(NpgsqlDataSource database, SegmentCache cache, EventLogSignal signal)
{
    private const int ReadAhead = 4;

    /// <summary>How far the log reaches as far as this process knows; 0 where nothing is known.</summary>
    public long LastPosition(int sourceId) => signal.NextPosition(sourceId) - 1;

    /// <summary>The first segment that reaches beyond a position; null where the log ends there.</summary>
    /// <remarks>Its first position is at most <paramref name="afterPosition"/> + 1, unless retention dropped what was between.</remarks>
    /// <exception cref="NpgsqlException">The database cannot be reached.</exception>
    public async ValueTask<LogSegment?> ReadAsync(int sourceId, long afterPosition, CancellationToken cancellationToken)
    {
        if (cache.Find(sourceId, afterPosition) is { } cached)
        {
            return cached;
        }

        // Only what this process knows to exist is asked for, so that idle readers cost the database nothing.
        return LastPosition(sourceId) <= afterPosition ? null : await FetchAsync(sourceId, afterPosition, cancellationToken);
    }

    /// <summary>The segment that holds a position, from the database or the cache; null where it is not stored (any more).</summary>
    public async Task<LogSegment?> FindAsync(int sourceId, long position, CancellationToken cancellationToken)
    {
        var segment = cache.Find(sourceId, position - 1) ?? await FetchAsync(sourceId, position - 1, cancellationToken);
        return segment is not null && segment.FirstPosition <= position ? segment : null;
    }

    /// <summary>The first stored segment that reaches beyond a position, whether or not this process knows that the log reaches so far.</summary>
    public async Task<LogSegment?> FetchNextAsync(int sourceId, long afterPosition, CancellationToken cancellationToken) =>
        cache.Find(sourceId, afterPosition) ?? await FetchAsync(sourceId, afterPosition, cancellationToken);

    /// <summary>The last stored segment that ends before a position; for those who look back, so nothing of it stays in memory. Null where
    /// none is left.</summary>
    public async Task<LogSegment?> FetchBeforeAsync(int sourceId, long beforePosition, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("""
            SELECT first_position, received_at, stream, codec, lowest_at, keys, times, body FROM segment
            WHERE source_id = $1 AND last_position < $2 ORDER BY last_position DESC LIMIT 1
            """);
        command.Parameters.AddWithValue(sourceId);
        command.Parameters.AddWithValue(beforePosition);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? Unpack(sourceId, reader) : null;
    }

    private async Task<LogSegment?> FetchAsync(int sourceId, long afterPosition, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("""
            SELECT first_position, received_at, stream, codec, lowest_at, keys, times, body FROM segment
            WHERE source_id = $1 AND last_position > $2 ORDER BY last_position LIMIT $3
            """);
        command.Parameters.AddWithValue(sourceId);
        command.Parameters.AddWithValue(afterPosition);
        command.Parameters.AddWithValue(ReadAhead);
        LogSegment? first = null;
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            var segment = Unpack(sourceId, reader);
            cache.Add(segment);
            first ??= segment;
        }

        return first;
    }

    private static LogSegment Unpack(int sourceId, NpgsqlDataReader reader)
    {
        var keys = SegmentCodec.UnpackKeys(reader.GetFieldValue<byte[]>(5));
        var times = SegmentCodec.UnpackTimes(reader.GetFieldValue<byte[]>(6), keys.Length, reader.GetInt64(4));
        var (bytes, ends) = SegmentCodec.UnpackBody(reader.GetInt16(3), reader.GetFieldValue<byte[]>(7), keys.Length);
        return new LogSegment(sourceId, (EventStream)reader.GetInt16(2), reader.GetInt64(0), reader.GetFieldValue<DateTimeOffset>(1), bytes, ends, keys, times);
    }
}
