using SiemForwarder.Service.Memory;

namespace SiemForwarder.Service.EventLog;

/// <summary>Recently appended or read segments of all sources, bounded by weight, so that an event is fetched and parsed once per engine.</summary>
/// <param name="maxWeight">The most that the segments may take, in bytes.</param>
/// <param name="memory">Their share in the memory of the process; null for a cache beside it.</param>
internal sealed class SegmentCache(long maxWeight = SegmentCache.UsualWeight, MemoryShare? memory = null)
{
    /// <summary>Bytes for the segments that deliveries share, unless the settings say otherwise.</summary>
    public const long UsualWeight = 32L * 1024 * 1024;

    private readonly Lock access = new();
    private readonly Dictionary<int, SortedList<long, LinkedListNode<LogSegment>>> bySource = [];
    private readonly LinkedList<LogSegment> byUse = [];
    private long weight;
    private int edition;

    /// <summary>Grows when the cache is cleared; segments read before must not be added afterwards.</summary>
    public int Edition => Volatile.Read(ref edition);

    /// <summary>Estimated memory of the segments, in bytes.</summary>
    public long Weight => Interlocked.Read(ref weight);

    /// <summary>The most that they may take, in bytes.</summary>
    public long MaxWeight => maxWeight;

    /// <summary>The segment that holds the event right after a position, held once more for the caller; null if it is not cached.</summary>
    public LogSegment? Find(int sourceId, long afterPosition)
    {
        lock (access)
        {
            if (!bySource.TryGetValue(sourceId, out var segments))
            {
                return null;
            }

            var index = FirstReaching(segments.Keys, afterPosition + 1);
            if (index == segments.Count || segments.Values[index].Value is not { } segment || segment.FirstPosition > afterPosition + 1)
            {
                return null;
            }

            byUse.Remove(segments.Values[index]);
            byUse.AddFirst(segments.Values[index]);
            segment.Body.Retain();
            return segment;
        }
    }

    /// <summary>Adds a segment, unless the cache was cleared since <paramref name="readInEdition"/>.</summary>
    public void Add(LogSegment segment, int readInEdition)
    {
        lock (access)
        {
            if (readInEdition != edition)
            {
                return;
            }

            if (!bySource.TryGetValue(segment.SourceId, out var segments))
            {
                bySource[segment.SourceId] = segments = [];
            }

            if (!segments.TryAdd(segment.LastPosition, new LinkedListNode<LogSegment>(segment)))
            {
                return;
            }

            segment.Body.Retain();
            byUse.AddFirst(segments[segment.LastPosition]);
            weight += segment.Weight;
            memory?.Take(segment.Weight);
            while ((weight > maxWeight || memory?.Taken > memory?.Room) && byUse.Last is { } oldest && oldest.Value != segment)
            {
                DropOldest(oldest.Value);
            }
        }
    }

    /// <summary>The cached segments of a source that reach a position or beyond, in order; each held once more for the caller.</summary>
    public IReadOnlyList<LogSegment> ListFrom(int sourceId, long position)
    {
        lock (access)
        {
            List<LogSegment> found = bySource.TryGetValue(sourceId, out var segments)
                ? [.. segments.Values.Skip(FirstReaching(segments.Keys, position)).Select(node => node.Value)]
                : [];
            found.ForEach(segment => segment.Body.Retain());
            return found;
        }
    }

    /// <summary>Clears the cache, because the history of the log was replaced.</summary>
    public void Clear()
    {
        lock (access)
        {
            Drop();
            Interlocked.Increment(ref edition);
        }
    }

    /// <summary>Drops all segments; they are read again when needed.</summary>
    public void Drop()
    {
        lock (access)
        {
            foreach (var segment in byUse)
            {
                segment.Body.Release();
            }

            bySource.Clear();
            byUse.Clear();
            memory?.Give(weight);
            weight = 0;
        }
    }

    /// <summary>Drops the segments that were used least lately, until so many bytes are free or none is left.</summary>
    public void Drop(long bytes)
    {
        lock (access)
        {
            for (var most = weight - Math.Min(bytes, weight); weight > most && byUse.Last is { } oldest;)
            {
                DropOldest(oldest.Value);
            }
        }
    }

    private void DropOldest(LogSegment oldest)
    {
        byUse.RemoveLast();
        weight -= oldest.Weight;
        memory?.Give(oldest.Weight);
        bySource[oldest.SourceId].Remove(oldest.LastPosition);
        oldest.Body.Release();
    }

    /// <summary>Index of the first segment whose last position is not below <paramref name="position"/>.</summary>
    private static int FirstReaching(IList<long> lastPositions, long position)
    {
        var (low, high) = (0, lastPositions.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = lastPositions[middle] < position ? (middle + 1, high) : (low, middle);
        }

        return low;
    }
}
