using SiemForwarder.Events;
using SiemForwarder.Service.Location;

namespace SiemForwarder.Service.EventLog;

/// <summary>Normalizes stored pages with the current mapping and location files, slice by slice.</summary>
/// <remarks>
/// A slice is small enough to be normalized, formatted and forgotten while it is in the processor's caches and in the youngest generation. More than the
/// last few are kept only if several deliveries are running, which then share them.
/// </remarks>
internal sealed class SegmentNormalizer(IpLocations locations, TimeProvider time)
{
    /// <summary>The number of events normalized at a time.</summary>
    internal const int SliceSize = 128;

    // Shorter times are not worth keeping.
    private static readonly TimeSpan Noted = TimeSpan.FromMilliseconds(1);

    // Enough for integrations without a backlog to share events normalized for one of them. More would only age: events that outlive the young
    // generations cost the garbage collector more than normalizing them again costs a lagging integration.
    private const int MaxKeptEvents = 25_000;

    // Only for a delivery whose batch ended within a slice.
    private const int MaxUnsharedEvents = 2 * SliceSize;

    private readonly Lock keeping = new();
    private readonly Queue<(LogSegment Segment, int Slice)> kept = new();
    private int keptEvents;
    private int deliveries;

    /// <summary>Announces a delivery that is going to read slices; it must <see cref="Leave"/> when it ends.</summary>
    public void Join() => Interlocked.Increment(ref deliveries);

    public void Leave() => Interlocked.Decrement(ref deliveries);

    /// <summary>All events of a segment in position order, with the locations of their addresses.</summary>
    public SecurityEvent[] Normalize(LogSegment segment, EventSource source) =>
        NormalizeRange(segment, 0, segment.Count, source, locations.Refresh()).Events;

    /// <summary>One event of a segment, with the location of its address.</summary>
    public SecurityEvent NormalizeOne(LogSegment segment, int index, EventSource source) =>
        NormalizeRange(segment, index, 1, source, locations.Refresh()).Events[0];

    /// <summary>The slice that holds an event of a segment, normalized once if several deliveries read it at about the same time.</summary>
    public NormalizedSlice NormalizeSlice(LogSegment segment, int index, EventSource source)
    {
        var edition = locations.Refresh();
        var slice = index / SliceSize;
        var (first, count) = (slice * SliceSize, Math.Min(SliceSize, segment.Count - (slice * SliceSize)));
        lock (segment.Normalizing)
        {
            var slices = segment.Normalized;
            if (slices[slice] is { } known && known.Edition == edition && known.Source.Equals(source))
            {
                return known;
            }

            slices[slice] = NormalizeRange(segment, first, count, source, edition);
            Keep(segment, slice, count);
            return slices[slice]!;
        }
    }

    private void Keep(LogSegment segment, int slice, int count)
    {
        lock (keeping)
        {
            kept.Enqueue((segment, slice));
            keptEvents += count;
            var most = Volatile.Read(ref deliveries) > 1 ? MaxKeptEvents : MaxUnsharedEvents;
            while (keptEvents > most)
            {
                var (oldest, index) = kept.Dequeue();
                keptEvents -= Math.Min(SliceSize, oldest.Count - (index * SliceSize));
                // A slice that was normalized again stands in the queue twice and is dropped with the older entry: it is normalized once more.
                Volatile.Write(ref oldest.Normalized[index], null);
            }
        }
    }

    private NormalizedSlice NormalizeRange(LogSegment segment, int first, int count, EventSource source, int edition)
    {
        Dictionary<int, TimeSpan>? slow = null;
        var events = new SecurityEvent[count];
        // The end of one event is the start of the next, so each needs only one clock reading.
        var began = time.GetTimestamp();
        for (var i = 0; i < count; i++)
        {
            var index = first + i;
            var one = EventNormalizer.Normalize(
                segment.Stream, segment.RawAt(index), segment.KeyAt(index), source, segment.FirstPosition + index, segment.OccurredAtMs(index),
                segment.ReceivedAtOf(index), segment.Names);

            // A location given by the sender takes precedence over that of the address.
            events[i] = one.Location is null && locations.Find(one.IpAddress) is { } location ? one with { Location = location } : one;
            var ended = time.GetTimestamp();
            if (time.GetElapsedTime(began, ended) is var took && took > Noted)
            {
                (slow ??= [])[index] = took;
            }

            began = ended;
        }

        return new NormalizedSlice(first, events, source, edition, slow);
    }
}

/// <summary>Some normalized events of a segment in a row, and the inputs they were normalized with.</summary>
/// <param name="First">Index of the first event in its segment.</param>
/// <param name="Events">In the order of their positions.</param>
/// <param name="Source">The source they name.</param>
/// <param name="Edition">Edition of the location files.</param>
/// <param name="Slow">The durations of slow events, by index in the segment; null if there are none.</param>
internal sealed record NormalizedSlice(int First, SecurityEvent[] Events, EventSource Source, int Edition, IReadOnlyDictionary<int, TimeSpan>? Slow)
{
    /// <summary>Index in the segment of the first event behind it.</summary>
    public int End => First + Events.Length;

    /// <summary>The event at an index in the segment.</summary>
    public SecurityEvent this[int index] => Events[index - First];

    /// <summary>How long the event at an index in the segment took, if it was slow.</summary>
    public TimeSpan TookOf(int index) => Slow?.GetValueOrDefault(index) ?? TimeSpan.Zero;
}
