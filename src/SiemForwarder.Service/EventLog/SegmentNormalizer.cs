using SiemForwarder.Events;
using SiemForwarder.Service.Location;

namespace SiemForwarder.Service.EventLog;

/// <summary>Normalizes stored pages as they are read today: by the mapping and the location files in force.</summary>
internal sealed class SegmentNormalizer(IpLocations locations)
{
    /// <summary>The normalized events in the order of their positions, with where their addresses are; made once per segment, whoever asks first.</summary>
    public SecurityEvent[] Normalize(LogSegment segment, EventSource source)
    {
        var edition = locations.Refresh();
        lock (segment.Normalizing)
        {
            if (segment.Normalized is not { } known || known.Edition != edition || !known.Source.Equals(source))
            {
                segment.Normalized = known = new NormalizedPage(NormalizeAll(segment, source), source, edition);
            }

            return known.Events;
        }
    }

    private SecurityEvent[] NormalizeAll(LogSegment segment, EventSource source)
    {
        var events = new SecurityEvent[segment.Count];
        for (var i = 0; i < events.Length; i++)
        {
            var one = EventNormalizer.Normalize(
                segment.Stream, segment.RawAt(i), segment.KeyAt(i), source, segment.FirstPosition + i, segment.OccurredAtMs(i), segment.ReceivedAtOf(i),
                segment.Names);

            // What a sender says of its own event is worth more than what its address says.
            events[i] = one.Location is null && locations.Find(one.IpAddress) is { } location ? one with { Location = location } : one;
        }

        return events;
    }
}

/// <summary>The normalized events of a page, and what they were normalized with.</summary>
/// <param name="Events">In the order of their positions.</param>
/// <param name="Source">Source that they name.</param>
/// <param name="Edition">Edition of the location files.</param>
internal sealed record NormalizedPage(SecurityEvent[] Events, EventSource Source, int Edition);
