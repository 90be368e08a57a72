using Npgsql;
using SiemForwarder.Events.Formats;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Integrations;

namespace SiemForwarder.Service.Dispatch.Replays;

/// <summary>Determines what a replay would read and send.</summary>
internal sealed class ReplayPlanner(NpgsqlDataSource database, SourceDirectory sources, SegmentNormalizer normalizer, EventLogSignal signal, TimeProvider time)
{
    // A count that takes longer is extrapolated from what was read so far.
    private static readonly TimeSpan CountingBound = TimeSpan.FromSeconds(5);

    /// <summary>The stored positions that may hold events of a time range, by source; other events among them are skipped when they are read.</summary>
    public async Task<IReadOnlyList<ReplayRange>> FindRangesAsync(
        IReadOnlyList<int> wanted, ReplayDefinition definition, long? first, long? last, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand($"""
            SELECT source_id, greatest(min(first_position), coalesce($4, 1)), least(max(last_position), coalesce($5, 9223372036854775807))
            FROM {LogTables.Segments} s WHERE (cardinality($1::int[]) = 0 OR source_id = ANY ($1)) AND highest_at >= $2 AND lowest_at < $3
                AND last_position >= coalesce($4, 1) AND first_position <= coalesce($5, 9223372036854775807)
            GROUP BY source_id ORDER BY source_id
            """);
        command.Parameters.AddWithValue(wanted.ToArray());
        command.Parameters.AddWithValue(definition.From?.ToUnixTimeMilliseconds() ?? long.MinValue);
        command.Parameters.AddWithValue(definition.To?.ToUnixTimeMilliseconds() ?? long.MaxValue);
        command.Parameters.AddWithValue(NpgsqlTypes.NpgsqlDbType.Bigint, (object?)first ?? DBNull.Value);
        command.Parameters.AddWithValue(NpgsqlTypes.NpgsqlDbType.Bigint, (object?)last ?? DBNull.Value);
        var ranges = new List<ReplayRange>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            ranges.Add(new ReplayRange(reader.GetInt32(0), reader.GetInt64(1), reader.GetInt64(2), reader.GetInt64(1) - 1));
        }

        return ranges;
    }

    /// <summary>Counts what would be sent by doing everything except sending; extrapolates if time runs out.</summary>
    public async Task<ReplayEstimate> EstimateAsync(
        RunnableIntegration integration, ReplayDefinition definition, int eventsPerSecond, IReadOnlyList<ReplayRange> ranges,
        CancellationToken cancellationToken)
    {
        var log = new EventLogReader(database, new SegmentCache(16 * 1024 * 1024), signal);
        var formatter = EventFormatCatalog.Create(integration.Output);
        var bytes = new System.Buffers.ArrayBufferWriter<byte>();
        var started = time.GetTimestamp();
        var (events, byteCount, duplicates, read) = (0L, 0L, 0L, 0L);
        var total = ranges.Sum(range => range.Length);
        foreach (var range in ranges)
        {
            var source = await sources.GetAsync(range.SourceId, cancellationToken);
            var sent = await SentPositions.ReadAsync(database, integration.Id, range, cancellationToken);
            var after = range.Position;
            while (after < range.LastPosition && time.GetElapsedTime(started) < CountingBound
                && await log.FetchNextAsync(range.SourceId, after, cancellationToken) is { } segment && segment.FirstPosition <= range.LastPosition)
            {
                foreach (var one in normalizer.Normalize(segment, source).Where(one => one.Position > after && one.Position <= range.LastPosition))
                {
                    if (integration.Filter.Evaluate(one).IsWanted && definition.Wants(one))
                    {
                        bytes.ResetWrittenCount();
                        formatter.Write(integration.Show(one).Event, bytes);
                        events++;
                        byteCount += bytes.WrittenCount;
                        duplicates += sent.Contain(one.Position) ? 1 : 0;
                    }
                }

                var next = Math.Min(segment.LastPosition, range.LastPosition);
                read += next - after;
                after = next;
            }

            read += time.GetElapsedTime(started) < CountingBound ? range.LastPosition - after : 0;
        }

        var share = read == 0 ? 1 : (double)total / read;
        events = (long)Math.Round(events * share);
        return new ReplayEstimate(
            events, (long)Math.Round(byteCount * share), (long)Math.Ceiling((double)events / eventsPerSecond), (long)Math.Round(duplicates * share),
            read >= total, ranges);
    }
}
