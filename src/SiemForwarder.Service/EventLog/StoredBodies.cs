using Npgsql;
using SiemForwarder.Events;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.EventLog;

/// <summary>Reads the stored events of one stream by event time, for comparing their contents.</summary>
internal sealed class StoredBodies(NpgsqlDataSource database)
{
    /// <summary>The stored events stamped from <paramref name="fromMs"/> to before <paramref name="toMs"/>, in log order; null if the database
    /// cannot be reached.</summary>
    public async Task<IReadOnlyList<IncomingEvent>?> ReadAsync(int sourceId, EventStream stream, long fromMs, long toMs, CancellationToken cancellationToken)
    {
        try
        {
            return await ReadSegmentsAsync(sourceId, stream, fromMs, toMs, cancellationToken);
        }
        catch (Exception exception) when (DatabaseFault.IsDatabase(exception))
        {
            return null;
        }
    }

    private async Task<IReadOnlyList<IncomingEvent>> ReadSegmentsAsync(
        int sourceId, EventStream stream, long fromMs, long toMs, CancellationToken cancellationToken)
    {
        var events = new List<IncomingEvent>();
        var head = await LogHead.ReadAsync(database, sourceId, cancellationToken);
        foreach (var day in (head?.Days ?? []).Where(one => fromMs < one.HighestAt && toMs > one.LowestAt))
        {
            await AddDayAsync(sourceId, day.Day, stream, fromMs, toMs, events, cancellationToken);
        }

        return events;
    }

    private async Task AddDayAsync(
        int sourceId, DateOnly day, EventStream stream, long fromMs, long toMs, List<IncomingEvent> events, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand($"""
            SELECT codec, lowest_at, keys, times, body FROM {DayPartitions.NameOf("segment", day)}
            WHERE source_id = $1 AND stream = $2 AND highest_at >= $3 AND lowest_at < $4 ORDER BY last_position
            """);
        command.Parameters.AddWithValue(sourceId);
        command.Parameters.AddWithValue((short)stream);
        command.Parameters.AddWithValue(fromMs);
        command.Parameters.AddWithValue(toMs);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            var keys = SegmentCodec.UnpackKeys(reader.GetFieldValue<byte[]>(2));
            var times = SegmentCodec.UnpackTimes(reader.GetFieldValue<byte[]>(3), keys.Length, reader.GetInt64(1));
            var body = SegmentCodec.UnpackBody(reader.GetInt16(0), reader.GetFieldValue<byte[]>(4), keys.Length);
            for (var i = 0; i < keys.Length; i++)
            {
                if (times[i] >= fromMs && times[i] < toMs)
                {
                    events.Add(new IncomingEvent(times[i], keys[i], null, body[i]));
                }
            }
        }
    }
}
