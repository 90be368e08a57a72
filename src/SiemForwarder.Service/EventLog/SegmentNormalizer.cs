using SiemForwarder.Events;
using SiemForwarder.Service.Location;

namespace SiemForwarder.Service.EventLog;

/// <summary>Normalizes stored pages as they are read today: by the mapping and the location files in force.</summary>
internal sealed class SegmentNormalizer(IpLocations locations, TimeProvider time)
{
    // What takes less is not worth being kept.
    private static readonly TimeSpan Noted = TimeSpan.FromMilliseconds(1);

    // Enough for the integrations that keep up to share what one of them had normalized. More would only grow old: what outlives the young
    // generations costs the collector more than normalizing it again costs whoever lags.
    private const int MaxKeptEvents = 25_000;

    private readonly Lock keeping = new();
    private readonly Queue<LogSegment> kept = new();
    private int keptEvents;

    /// <summary>The normalized events in the order of their positions, with where their addresses are; made once per segment, whoever asks first.</summary>
    public SecurityEvent[] Normalize(LogSegment segment, EventSource source) => NormalizePage(segment, source).Events;

    /// <summary>The same, with how long they took.</summary>
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
        // The end of one event is the beginning of the next: one look at the clock for each.
        var began = time.GetTimestamp();
        for (var i = 0; i < events.Length; i++)
        {
            var one = EventNormalizer.Normalize(
                segment.Stream, segment.RawAt(i), segment.KeyAt(i), source, segment.FirstPosition + i, segment.OccurredAtMs(i), segment.ReceivedAtOf(i),
                segment.Names);

            // What a sender says of its own event is worth more than what its address says.
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

/// <summary>The normalized events of a page, and what they were normalized with.</summary>
/// <param name="Events">In the order of their positions.</param>
/// <param name="Source">Source that they name.</param>
/// <param name="Edition">Edition of the location files.</param>
/// <param name="Slow">How long those events took that took long; null where none did.</param>
internal sealed record NormalizedPage(SecurityEvent[] Events, EventSource Source, int Edition, IReadOnlyDictionary<int, TimeSpan>? Slow)
{
    /// <summary>How long the event at an index took, where it was long.</summary>
    public TimeSpan TookOf(int index) => Slow?.GetValueOrDefault(index) ?? TimeSpan.Zero;
}
