using Npgsql;
using SiemForwarder.Events;
using SiemForwarder.Reliability.Oracle;
using SiemForwarder.Service.EventLog;

namespace SiemForwarder.Reliability.Judging;

/// <summary>One event as the log holds it.</summary>
/// <param name="Position">Its place.</param>
/// <param name="Stream">Stream it came from.</param>
/// <param name="Id">Id that the oracle knows it by; null where the forwarder raised it.</param>
/// <param name="Body">What is stored.</param>
internal sealed record StoredEvent(long Position, EventStream Stream, string? Id, byte[] Body);

/// <summary>Reads a log as it stands in the database, with the service or without it.</summary>
internal static class StoredLog
{
    public static async Task<IReadOnlyList<StoredEvent>> ReadAsync(
        NpgsqlDataSource database, int sourceId, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(
            "SELECT first_position, stream, codec, keys, body FROM segment WHERE source_id = $1 ORDER BY first_position");
        command.Parameters.AddWithValue(sourceId);
        var all = new List<StoredEvent>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            var (first, stream) = (reader.GetInt64(0), (EventStream)reader.GetInt16(1));
            var count = SegmentCodec.UnpackKeys(reader.GetFieldValue<byte[]>(3)).Length;
            var events = SegmentCodec.UnpackBody(reader.GetInt16(2), reader.GetFieldValue<byte[]>(4), count);
            for (var i = 0; i < count; i++)
            {
                var body = events[i].ToArray();
                all.Add(new StoredEvent(
                    first + i, stream, stream is EventStream.User or EventStream.Admin ? EventMint.FindId(body) : null, body));
            }
        }

        return all;
    }

    /// <summary>A single number.</summary>
    public static async Task<long> CountAsync(NpgsqlDataSource database, string sql, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(sql);
        return Convert.ToInt64(await command.ExecuteScalarAsync(cancellationToken), System.Globalization.CultureInfo.InvariantCulture);
    }
}
