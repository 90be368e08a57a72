using System.Globalization;
using Npgsql;
using NpgsqlTypes;
using SiemForwarder.Events;

namespace SiemForwarder.Service.EventLog;

/// <summary>Merges small adjacent segments of one day, so that readers that catch up get thousands of events per row instead of one.</summary>
/// <remarks>
/// Positions, keys, times and bytes stay the same, and the time of receipt of each event is kept. A merge is one transaction that replaces several
/// rows with one, so readers see either the old rows or the new one. Segments are merged once they are old enough that deliveries without a backlog
/// have read them.
/// </remarks>
internal sealed class SegmentCompaction(NpgsqlDataSource database, TimeProvider time, StoredCodec? codecs = null)
{
    /// <summary>Maximum number of events in a merged segment.</summary>
    public const int MaxEvents = 4000;

    private const int MaxBytes = 2 * 1024 * 1024;
    private const int SmallEvents = 500;

    /// <summary>Merges one run of small segments of a log and day after a position; returns the position to continue from, or null
    /// at the end.</summary>
    /// <param name="sourceId">Log.</param>
    /// <param name="day">Day.</param>
    /// <param name="afterPosition">Where to start.</param>
    /// <param name="minAge">The minimum age of a segment, by receipt.</param>
    /// <param name="cancellationToken">Cancels the attempt.</param>
    public async Task<long?> MergeNextAsync(int sourceId, DateOnly day, long afterPosition, TimeSpan minAge, CancellationToken cancellationToken)
    {
        var table = DayPartitions.NameOf("segment", day);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var (run, next) = await FindRunAsync(connection, transaction, table, sourceId, afterPosition, time.GetUtcNow() - minAge, cancellationToken);
        if (run.Count > 1)
        {
            var codec = codecs is null ? SegmentCodec.Zstandard : await codecs.ChooseAsync(cancellationToken);
            await ReplaceAsync(connection, transaction, table, run, codec, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }

        return next;
    }

    /// <summary>The next adjacent small segments of one stream that fit into one segment; locked, so that no other engine merges them.</summary>
    private static async Task<(List<StoredRow> Run, long? Next)> FindRunAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string table, int sourceId, long afterPosition, DateTimeOffset before,
        CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(string.Create(CultureInfo.InvariantCulture, $"""
            SELECT first_position, last_position, received_at, stream, codec, lowest_at, highest_at, keys, times, body, receipts, names FROM {table}
            WHERE source_id = $1 AND last_position > $2 AND received_at < $3 ORDER BY last_position LIMIT 500 FOR UPDATE SKIP LOCKED
            """), connection, transaction);
        command.Parameters.AddWithValue(sourceId);
        command.Parameters.AddWithValue(afterPosition);
        command.Parameters.AddWithValue(before);
        var run = new List<StoredRow>();
        var (events, bytes) = (0L, 0L);
        long? next = null;
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            var row = StoredRow.Read(sourceId, reader);
            var fits = run.Count == 0 || (row.First == run[^1].Last + 1 && row.Stream == run[^1].Stream
                && events + row.Count <= MaxEvents && bytes + row.Body.Length <= MaxBytes);
            if (row.Count > SmallEvents || !fits)
            {
                if (run.Count > 1)
                {
                    return (run, run[^1].Last);
                }

                run.Clear();
                (events, bytes) = (0, 0);
            }

            next = row.Last;
            if (row.Count <= SmallEvents)
            {
                run.Add(row);
                events += row.Count;
                bytes += row.Body.Length;
            }
        }

        return (run, next);
    }

    private static async Task ReplaceAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string table, List<StoredRow> run, short codec, CancellationToken cancellationToken)
    {
        var (first, last) = (run[0], run[^1]);
        await using (var remove = new NpgsqlCommand(
            $"DELETE FROM {table} WHERE source_id = $1 AND last_position BETWEEN $2 AND $3", connection, transaction))
        {
            remove.Parameters.AddWithValue(first.SourceId);
            remove.Parameters.AddWithValue(first.Last);
            remove.Parameters.AddWithValue(last.Last);
            if (await remove.ExecuteNonQueryAsync(cancellationToken) != run.Count)
            {
                throw new InvalidDataException($"The segments of source {first.SourceId} from position {first.First} changed while they were being merged.");
            }
        }

        var lowest = run.Min(row => row.LowestAt);
        var events = new List<IncomingEvent>();
        var receipts = new List<(int Events, long AfterUs)>();
        var names = new UserNames();
        foreach (var row in run)
        {
            if (row.Names is not null)
            {
                names.AddMissing(UserNames.Parse(row.Names));
            }

            var keys = SegmentCodec.UnpackKeys(row.Keys);
            var times = SegmentCodec.UnpackTimes(row.Times, keys.Length, row.LowestAt);
            var body = SegmentCodec.UnpackBody(row.Codec, row.Body, keys.Length);
            var after = row.Receipts is null ? null : SegmentReceipts.Unpack(row.Receipts, keys.Length);
            var laterUs = (row.ReceivedAt - first.ReceivedAt).Ticks / TimeSpan.TicksPerMicrosecond;
            for (var i = 0; i < keys.Length; i++)
            {
                events.Add(new IncomingEvent(times[i], keys[i], null, body[i]));
                Count(receipts, laterUs + (after?[i] ?? 0));
            }
        }

        var joined = SegmentBody.Join(events);
        await using var store = new NpgsqlCommand($"""
            INSERT INTO {table} (
                source_id, first_position, last_position, received_at, stream, codec, lowest_at, highest_at, keys, times, body, receipts, names)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
            """, connection, transaction);
        store.Parameters.AddWithValue(first.SourceId);
        store.Parameters.AddWithValue(first.First);
        store.Parameters.AddWithValue(last.Last);
        store.Parameters.AddWithValue(first.ReceivedAt);
        store.Parameters.AddWithValue(first.Stream);
        store.Parameters.AddWithValue(codec);
        store.Parameters.AddWithValue(lowest);
        store.Parameters.AddWithValue(run.Max(row => row.HighestAt));
        store.Parameters.AddWithValue(SegmentCodec.PackKeys(events));
        store.Parameters.AddWithValue(SegmentCodec.PackTimes(events, lowest));
        store.Parameters.AddWithValue(SegmentCodec.PackBody(joined, codec));
        store.Parameters.AddWithValue(SegmentReceipts.Pack(receipts));
        store.Parameters.AddWithValue(NpgsqlDbType.Text, names.Count == 0 ? DBNull.Value : names.ToJson());
        await store.ExecuteNonQueryAsync(cancellationToken);
        joined.Release();
    }

    private static void Count(List<(int Events, long AfterUs)> receipts, long afterUs)
    {
        if (receipts.Count > 0 && receipts[^1].AfterUs == afterUs)
        {
            receipts[^1] = (receipts[^1].Events + 1, afterUs);
        }
        else
        {
            receipts.Add((1, afterUs));
        }
    }

    /// <summary>A segment as stored in its row.</summary>
    private sealed record StoredRow(
        int SourceId, long First, long Last, DateTimeOffset ReceivedAt, short Stream, short Codec, long LowestAt, long HighestAt, byte[] Keys, byte[] Times,
        byte[] Body, byte[]? Receipts, string? Names)
    {
        public int Count => (int)(Last - First + 1);

        public static StoredRow Read(int sourceId, NpgsqlDataReader reader) => new(
            sourceId, reader.GetInt64(0), reader.GetInt64(1), reader.GetFieldValue<DateTimeOffset>(2), reader.GetInt16(3), reader.GetInt16(4),
            reader.GetInt64(5), reader.GetInt64(6), reader.GetFieldValue<byte[]>(7), reader.GetFieldValue<byte[]>(8), reader.GetFieldValue<byte[]>(9),
            reader.IsDBNull(10) ? null : reader.GetFieldValue<byte[]>(10), reader.IsDBNull(11) ? null : reader.GetString(11));
    }
}
