using SiemForwarder.Events;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Integrations;

namespace SiemForwarder.Service.Preview;

/// <summary>Searches the logs backwards for the most recent events that pass an integration's filter.</summary>
internal sealed class RecentEvents(EventLogReader log, SourceDirectory sources, SegmentNormalizer normalizer)
{
    // Bounds the work for a filter that excludes nearly everything.
    private const int MaxScanned = 20_000;

    /// <summary>
    /// The most recent events that pass the filter, oldest first; fewer if the last 20,000 events of each source contain fewer.
    /// </summary>
    public async Task<IReadOnlyList<SecurityEvent>> FindAsync(
        RunnableIntegration integration, int count, CancellationToken cancellationToken)
    {
        var found = new List<SecurityEvent>();
        var wanted = integration.Sources.Count > 0 ? integration.Sources : await sources.ListAsync(cancellationToken);
        foreach (var sourceId in wanted)
        {
            found.AddRange(await FindAsync(integration, sourceId, count, cancellationToken));
        }

        // In log order within a source, as they are delivered.
        var newest = found.OrderByDescending(one => one.ReceivedAt)
            .ThenByDescending(one => one.Source.Id).ThenByDescending(one => one.Position);
        return [.. newest.Take(count).Reverse()];
    }

    private async Task<List<SecurityEvent>> FindAsync(
        RunnableIntegration integration, int sourceId, int count, CancellationToken cancellationToken)
    {
        var source = await sources.GetAsync(sourceId, cancellationToken);
        var found = new List<SecurityEvent>();
        var (before, scanned) = (long.MaxValue, 0);
        while (found.Count < count && scanned < MaxScanned
            && await log.FetchBeforeAsync(sourceId, before, cancellationToken) is { } segment)
        {
            var wanted = normalizer.Normalize(segment, source).Reverse().Where(one => integration.Filter.Evaluate(one).IsWanted);
            found.AddRange(wanted.Take(count - found.Count));
            (before, scanned) = (segment.FirstPosition, scanned + segment.Count);
        }

        return found;
    }
}
