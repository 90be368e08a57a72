using Microsoft.Extensions.Options;
using Npgsql;
using SiemForwarder.Events;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Integrations;

namespace SiemForwarder.Service.Preview;

/// <summary>Counts every event by means of the event index.</summary>
internal sealed class IndexedVolume(
    NpgsqlDataSource database, SourceDirectory sources, SegmentNormalizer normalizer, EventLogSignal signal, IOptions<EventLogOptions> options)
{
    private const int CacheBytes = 16 * 1024 * 1024;

    // If the index lags by more than this and by more than a hundredth of the day, the log is more accurate.
    private const long MaxLag = 100;
    private const long LagShare = 100;
    private const int MaxSampledGroups = 300;

    /// <summary>The volume; null if there is no index, it lags, or the filter needs more than it contains.</summary>
    public async Task<Volume?> CountAsync(RunnableIntegration integration, VolumeSpan span, CancellationToken cancellationToken)
    {
        if (!options.Value.IndexEnabled || AsksForMore(integration.Filter.Include) || AsksForMore(integration.Filter.Exclude))
        {
            return null;
        }

        var lag = await ReadLagAsync(span, cancellationToken);
        var groups = await ReadGroupsAsync(span, cancellationToken);
        if (lag > Math.Max(MaxLag, groups.Sum(group => group.Count) / LagShare))
        {
            return null;
        }

        var log = new EventLogReader(database, new SegmentCache(CacheBytes), signal);
        var volume = new Volume();
        var sampled = 0;
        foreach (var group in groups)
        {
            volume.Read += group.Count;
            volume.FirstAt = volume.FirstAt < group.FirstAt ? volume.FirstAt : group.FirstAt;
            var samples = sampled++ < MaxSampledGroups ? await SampleAsync(log, group, span, cancellationToken) : [];

            // All events of a group are equal to the filter, so the first represents them; a group without a sample counts too.
            if (samples.Count == 0 || integration.Filter.Evaluate(samples[0]).IsWanted)
            {
                var type = volume.Of(group.Type);
                type.Events += group.Count;
                samples.ForEach(one => type.Sample(one, type.Samples.Count));
            }
        }

        // Events that are not indexed yet are most likely from these hours.
        volume.Stored = volume.Read + lag;
        return volume;
    }

    // The index has one client and one user per event, but the filter checks all of them.
    private static bool AsksForMore(EventMatch? match) => match is { Clients.Count: > 0 } or { Users.Count: > 0 };

    private async Task<long> ReadLagAsync(VolumeSpan span, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand($"""
            SELECT coalesce(sum(events), 0)::bigint FROM {LogTables.NotIndexed} n WHERE source_id = ANY ($1)
            """);
        command.Parameters.AddWithValue(span.Sources);
        return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    private async Task<List<Group>> ReadGroupsAsync(VolumeSpan span, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand($"""
            SELECT source_id, type, count(*), min(position), max(position), min(occurred_at) FROM {LogTables.IndexedEvents} e
            WHERE occurred_at >= $2 AND occurred_at < $3 AND source_id = ANY ($1)
            GROUP BY source_id, type, category, outcome, severity ORDER BY count(*) DESC
            """);
        command.Parameters.AddWithValue(span.Sources);
        command.Parameters.AddWithValue(span.From);
        command.Parameters.AddWithValue(span.To);
        var groups = new List<Group>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            groups.Add(new Group(
                reader.GetInt32(0), reader.GetString(1), reader.GetInt64(2), reader.GetInt64(3), reader.GetInt64(4),
                reader.GetFieldValue<DateTimeOffset>(5)));
        }

        return groups;
    }

    /// <summary>Events of the group from the pages that contain its first and its last event.</summary>
    private async Task<List<SecurityEvent>> SampleAsync(
        EventLogReader log, Group group, VolumeSpan span, CancellationToken cancellationToken)
    {
        var source = await sources.GetAsync(group.SourceId, cancellationToken);
        var samples = new List<SecurityEvent>();
        var before = long.MaxValue;
        foreach (var position in new[] { group.Last, group.First })
        {
            // If one page contains both, it is read once.
            if (position < before && await log.FindAsync(group.SourceId, position, cancellationToken) is { } segment)
            {
                before = segment.FirstPosition;
                var events = normalizer.Normalize(segment, source);
                var known = events[position - segment.FirstPosition];
                samples.Add(known);
                var others = events.Where(one => one.Position != position && IsAlike(one, known) && span.Contains(one.OccurredAt));
                samples.AddRange(others.Take((Volume.MaxSamples / 2) - 1));
            }
        }

        return samples;
    }

    private static bool IsAlike(SecurityEvent one, SecurityEvent other) =>
        (one.Type, one.Outcome, one.Severity) == (other.Type, other.Outcome, other.Severity)
        && one.Description.Category == other.Description.Category;

    private sealed record Group(int SourceId, string Type, long Count, long First, long Last, DateTimeOffset FirstAt);
}
