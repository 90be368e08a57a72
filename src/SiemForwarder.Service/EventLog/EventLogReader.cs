using System.Collections.Concurrent;
using System.Globalization;
using Npgsql;
using SiemForwarder.Events;

namespace SiemForwarder.Service.EventLog;

/// <summary>A log as its readers see it.</summary>
internal interface IEventLog
{
    /// <summary>The last position of the log known to this process; 0 if none is known.</summary>
    long LastPosition(int sourceId);

    /// <summary>The history of the log known to this process; 0 if it has not been read yet.</summary>
    long Incarnation(int sourceId);

    /// <summary>The first segment that reaches beyond a position; null if the log ends there.</summary>
    /// <remarks>Its first position is at most <paramref name="afterPosition"/> + 1, unless retention dropped the events in between.</remarks>
    /// <exception cref="NpgsqlException">The database cannot be reached.</exception>
    /// <returns>A segment that the caller holds: its body is released when nothing of it is read any more.</returns>
    ValueTask<LogSegment?> HoldAsync(int sourceId, long afterPosition, CancellationToken cancellationToken);
}

/// <summary>Reads the segments of a log in the order of their positions, from the cache if an append or another reader put them there.</summary>
/// <remarks>
/// The days of a log say which partition holds a position, so a read locks and searches one table however many days are kept. All partitions are
/// searched only if a gap appears: a gap is recorded as a loss, and engines of older versions do not record days.
/// </remarks>
internal sealed class EventLogReader(NpgsqlDataSource database, SegmentCache cache, EventLogSignal signal) : IEventLog
{
    private const int ReadAhead = 4;
    private const string Columns = "first_position, received_at, stream, codec, lowest_at, keys, times, body, receipts, names";
    private readonly ConcurrentDictionary<int, (int Edition, LogHead Head)> heads = new();

    public long LastPosition(int sourceId) => signal.NextPosition(sourceId) - 1;

    public long Incarnation(int sourceId) => signal.Incarnation(sourceId);

    public async ValueTask<LogSegment?> HoldAsync(int sourceId, long afterPosition, CancellationToken cancellationToken)
    {
        if (cache.Find(sourceId, afterPosition) is { } cached)
        {
            return cached;
        }

        // Queries only for events known to exist, so that idle readers cost the database nothing.
        return LastPosition(sourceId) <= afterPosition ? null : await FetchAsync(sourceId, afterPosition, cancellationToken);
    }

    /// <summary>The segment that holds a position, from the database or the cache; null if it is not or no longer stored.</summary>
    public async Task<LogSegment?> FindAsync(int sourceId, long position, CancellationToken cancellationToken)
    {
        var segment = cache.Find(sourceId, position - 1) ?? await FetchAsync(sourceId, position - 1, cancellationToken);
        return segment is not null && segment.FirstPosition <= position ? segment : null;
    }

    /// <summary>The first stored segment that reaches beyond a position, even if this process does not know yet that the log reaches that far.</summary>
    public async Task<LogSegment?> FetchNextAsync(int sourceId, long afterPosition, CancellationToken cancellationToken) =>
        cache.Find(sourceId, afterPosition) ?? await FetchAsync(sourceId, afterPosition, cancellationToken);

    /// <summary>The last stored segment that ends before a position; for reading backwards, so it is not cached. Null if
    /// there is none.</summary>
    public async Task<LogSegment?> FetchBeforeAsync(int sourceId, long beforePosition, CancellationToken cancellationToken)
    {
        // The days up to the head that was last read do not change, so reading backwards fetches them only once.
        var isKnown = heads.TryGetValue(sourceId, out var known) && known.Head.NextPosition >= beforePosition;
        if (await ReadHeadAsync(sourceId, fresh: !isKnown, cancellationToken) is not { } head)
        {
            return null;
        }

        for (var i = head.DayOf(beforePosition - 1); i >= 0; i--)
        {
            var day = DayPartitions.NameOf("segment", head.Days[i].Day);
            var found = await ReadAsync(sourceId, day, "last_position < $2 ORDER BY last_position DESC", beforePosition, 1, cancellationToken);
            if (found.Count > 0)
            {
                return found[0];
            }
        }

        return null;
    }

    /// <summary>When the first stored event beyond a position happened and was received; null if none is stored.</summary>
    public async Task<(long OccurredAtMs, DateTimeOffset ReceivedAt)?> FindTimeAsync(int sourceId, long afterPosition, CancellationToken cancellationToken) =>
        await FetchNextAsync(sourceId, afterPosition, cancellationToken) is { } segment
            ? Times(segment, (int)Math.Max(0, afterPosition + 1 - segment.FirstPosition))
            : null;

    private static (long OccurredAtMs, DateTimeOffset ReceivedAt) Times(LogSegment segment, int index) =>
        (segment.OccurredAtMs(index), segment.ReceivedAtOf(index));

    private async Task<LogSegment?> FetchAsync(int sourceId, long afterPosition, CancellationToken cancellationToken)
    {
        // First with the days as last read, then with fresh ones: another engine may have started a day.
        foreach (var fresh in (bool[])[false, true])
        {
            if (await ReadHeadAsync(sourceId, fresh, cancellationToken) is { } head
                && await FetchByDayAsync(sourceId, head, afterPosition, cancellationToken) is { } found && found.FirstPosition <= afterPosition + 1)
            {
                return found;
            }
        }

        var edition = cache.Edition;
        return Kept(await ReadAsync(sourceId, "segment", "last_position > $2 ORDER BY last_position", afterPosition, ReadAhead, cancellationToken), edition);
    }

    private async Task<LogSegment?> FetchByDayAsync(int sourceId, LogHead head, long afterPosition, CancellationToken cancellationToken)
    {
        var edition = cache.Edition;
        for (var i = Math.Max(0, head.DayOf(afterPosition + 1)); i < head.Days.Count; i++)
        {
            var day = DayPartitions.NameOf("segment", head.Days[i].Day);
            var found = await ReadAsync(sourceId, day, "last_position > $2 ORDER BY last_position", afterPosition, ReadAhead, cancellationToken);
            if (found.Count > 0)
            {
                return Kept(found, edition);
            }
        }

        return null;
    }

    private LogSegment? Kept(List<LogSegment> segments, int edition)
    {
        foreach (var segment in segments)
        {
            cache.Add(segment, edition);
        }

        // The first one stays held, for the caller.
        foreach (var segment in segments.Skip(1))
        {
            segment.Body.Release();
        }

        return segments.Count == 0 ? null : segments[0];
    }

    private async ValueTask<LogHead?> ReadHeadAsync(int sourceId, bool fresh, CancellationToken cancellationToken)
    {
        var edition = cache.Edition;
        if (!fresh && heads.TryGetValue(sourceId, out var known) && known.Edition == edition)
        {
            return known.Head;
        }

        if (await LogHead.ReadAsync(database, sourceId, cancellationToken) is not { } head)
        {
            heads.TryRemove(sourceId, out _);
            return null;
        }

        heads[sourceId] = (edition, head);
        return head;
    }

    /// <summary>Reads segments from one table; none if the table no longer exists.</summary>
    private async Task<List<LogSegment>> ReadAsync(
        int sourceId, string table, string condition, long position, int limit, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(string.Create(
            CultureInfo.InvariantCulture, $"SELECT {Columns} FROM {table} WHERE source_id = $1 AND {condition} LIMIT $3"));
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = sourceId });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = position });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = limit });
        var segments = new List<LogSegment>();
        try
        {
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
            {
                segments.Add(Unpack(sourceId, reader));
            }
        }
        catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.UndefinedTable)
        {
            // Retention dropped the day.
            return [];
        }

        return segments;
    }

    private static LogSegment Unpack(int sourceId, NpgsqlDataReader reader)
    {
        var keys = SegmentCodec.UnpackKeys(reader.GetFieldValue<byte[]>(5));
        var times = SegmentCodec.UnpackTimes(reader.GetFieldValue<byte[]>(6), keys.Length, reader.GetInt64(4));
        var body = SegmentCodec.UnpackBody(reader.GetInt16(3), reader.GetFieldValue<byte[]>(7), keys.Length);
        return new LogSegment(
            sourceId, (EventStream)reader.GetInt16(2), reader.GetInt64(0), reader.GetFieldValue<DateTimeOffset>(1), body, keys, times,
            reader.IsDBNull(8) ? null : SegmentReceipts.Unpack(reader.GetFieldValue<byte[]>(8), keys.Length),
            reader.IsDBNull(9) ? null : UserNames.Parse(reader.GetString(9)));
    }
}
