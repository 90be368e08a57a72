using SiemForwarder.Events;
using SiemForwarder.Service.Location;

namespace SiemForwarder.Service.EventLog;

/// <summary>Normalizes stored pages with the current mapping and location files.</summary>
internal sealed class SegmentNormalizer(IpLocations locations, TimeProvider time)
{
    // Shorter times are not worth keeping.
    private static readonly TimeSpan Noted = TimeSpan.FromMilliseconds(1);

    // Enough for integrations without a backlog to share events normalized for one of them. More would only age: events that outlive the young
    // generations cost the garbage collector more than normalizing them again costs a lagging integration.
    private const int MaxKeptEvents = 25_000;

    private readonly Lock keeping = new();
    private readonly Queue<LogSegment> kept = new();
    private int keptEvents;

    /// <summary>The normalized events in position order, with the locations of their addresses; produced once per segment, on first use.</summary>
    public SecurityEvent[] Normalize(LogSegment segment, EventSource source) => NormalizePage(segment, source).Events;

    /// <summary>The same, with the time each event took.</summary>
    public NormalizedPage NormalizePage(LogSegment segment, EventSource source)
    {
        var edition = locations.Refresh();
        lock (segment.Normalizing)
        {
            if (segment.Normalized is not { } known || known.Edition != edition || !known.Source.Equals(source))
            {
                segment.Normalized = known = NormalizeAll(segment, source, edition);
                Keep(segment);
            }

            return known;
        }
    }

    private void Keep(LogSegment segment)
    {
        lock (keeping)
        {
            kept.Enqueue(segment);
            keptEvents += segment.Count;
            while (keptEvents > MaxKeptEvents && kept.Count > 1)
            {
                var oldest = kept.Dequeue();
                keptEvents -= oldest.Count;
                if (oldest != segment)
                {
                    oldest.Normalized = null;
                }
            }
        }
    }

    private NormalizedPage NormalizeAll(LogSegment segment, EventSource source, int edition)
    {
        Dictionary<int, TimeSpan>? slow = null;
        var events = new SecurityEvent[segment.Count];
        // The end of one event is the start of the next, so each needs only one clock reading.
        var began = time.GetTimestamp();
        for (var i = 0; i < events.Length; i++)
        {
            var one = EventNormalizer.Normalize(
                segment.Stream, segment.RawAt(i), segment.KeyAt(i), source, segment.FirstPosition + i, segment.OccurredAtMs(i), segment.ReceivedAtOf(i),
                segment.Names);

            // A location given by the sender takes precedence over that of the address.
            events[i] = one.Location is null && locations.Find(one.IpAddress) is { } location ? one with { Location = location } : one;
            var ended = time.GetTimestamp();
            if (time.GetElapsedTime(began, ended) is var took && took > Noted)
            {
                (slow ??= [])[i] = took;
            }

            began = ended;
        }

        return new NormalizedPage(events, source, edition, slow);
    }
}

/// <summary>The normalized events of a page, and the inputs they were normalized with.</summary>
/// <param name="Events">In the order of their positions.</param>
/// <param name="Source">The source they name.</param>
/// <param name="Edition">Edition of the location files.</param>
/// <param name="Slow">The durations of slow events; null if there are none.</param>
internal sealed record NormalizedPage(SecurityEvent[] Events, EventSource Source, int Edition, IReadOnlyDictionary<int, TimeSpan>? Slow)
{
    /// <summary>How long the event at an index took, if it was slow.</summary>
    public TimeSpan TookOf(int index) => Slow?.GetValueOrDefault(index) ?? TimeSpan.Zero;
}
