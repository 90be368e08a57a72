using Microsoft.Extensions.Options;
using Npgsql;
using SiemForwarder.Events;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Integrations;

namespace SiemForwarder.Service.Preview;

/// <summary>Counts by reading the log: completely if it is small, otherwise pages spread across it.</summary>
internal sealed class LoggedVolume(
    NpgsqlDataSource database, SourceDirectory sources, SegmentNormalizer normalizer, EventLogSignal signal, IOptions<PreviewOptions> options,
    TimeProvider time)
{
    private const int CacheBytes = 16 * 1024 * 1024;

    public async Task<Volume> CountAsync(RunnableIntegration integration, VolumeSpan span, CancellationToken cancellationToken)
    {
        var log = new EventLogReader(database, new SegmentCache(CacheBytes), signal);
        var pages = await ListPagesAsync(span, cancellationToken);
        var stored = pages.Sum(page => page.Count);
        var (volume, read, started) = (new Volume(), 0L, time.GetTimestamp());
        foreach (var page in stored > options.Value.MaxVolumeEvents ? pages.OrderBy(Scatter) : pages.AsEnumerable())
        {
            var isEnough = read + page.Count > options.Value.MaxVolumeEvents || time.GetElapsedTime(started) > options.Value.MaxVolumeTime;
            if (read > 0 && isEnough)
            {
                break;
            }

            read += page.Count;
            if (await log.FindAsync(page.SourceId, page.Last, cancellationToken) is { } segment)
            {
                Add(segment, integration, span, volume, await sources.GetAsync(page.SourceId, cancellationToken));
            }
        }

        Project(volume, stored, read);
        return volume;
    }

    private void Add(
        LogSegment segment, RunnableIntegration integration, VolumeSpan span, Volume volume, EventSource source)
    {
        foreach (var one in normalizer.Normalize(segment, source))
        {
            if (!span.Contains(one.OccurredAt))
            {
                continue;
            }

            volume.Read++;
            volume.FirstAt = volume.FirstAt < one.OccurredAt ? volume.FirstAt : one.OccurredAt;
            if (integration.Filter.Evaluate(one).IsWanted)
            {
                volume.Add(one);
            }
        }
    }

    private static void Project(Volume volume, long stored, long read)
    {
        var share = read == 0 || read >= stored ? 1 : (double)stored / read;
        volume.Stored = (long)Math.Round(volume.Read * share);
        foreach (var type in volume.Types)
        {
            type.Events *= share;
        }
    }

    private async Task<List<LoggedPage>> ListPagesAsync(VolumeSpan span, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand($"""
            SELECT source_id, first_position, last_position FROM {LogTables.Segments} s
            WHERE source_id = ANY ($1) AND highest_at >= $2 AND lowest_at < $3 ORDER BY source_id, last_position
            """);
        command.Parameters.AddWithValue(span.Sources);
        command.Parameters.AddWithValue(span.From.ToUnixTimeMilliseconds());
        command.Parameters.AddWithValue(span.To.ToUnixTimeMilliseconds());
        var pages = new List<LoggedPage>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            pages.Add(new LoggedPage(reader.GetInt32(0), reader.GetInt64(1), reader.GetInt64(2)));
        }

        return pages;
    }

    // A stable order in which neighbours are far apart, so that wherever reading stops, it has sampled the whole day
    // (Knuth's multiplicative hash).
    private static uint Scatter(LoggedPage page) => unchecked((uint)(page.Last + page.SourceId) * 2_654_435_761u);

    private sealed record LoggedPage(int SourceId, long First, long Last)
    {
        public long Count => Last - First + 1;
    }
}
