namespace SiemForwarder.Detections.State;

/// <summary>Hits of a group that no alert was made of, once no further one can follow them: what an update tells.</summary>
/// <param name="AlertAt">Time of the alert that they followed.</param>
/// <param name="Last">The last of them.</param>
internal readonly record struct ClosedSuppression(string GroupKey, long AlertAt, long Count, EventMark Last);

/// <summary>Lets one alert of a rule and group through and counts the hits that follow it too soon, by event time.</summary>
/// <remarks>A function of the hits alone: what is forgotten depends on no clock, so a replayed engine suppresses the same.</remarks>
internal sealed class AlertGate(long suppressMs, int maxGroups, bool closes)
{
    private readonly Dictionary<string, Entry> groups = new(StringComparer.Ordinal);

    // The last suppressed hit of each group, kept only where updates are wanted.
    private readonly SortedDictionary<string, EventMark> lastHits = new(StringComparer.Ordinal);

    private record struct Entry(long At, long SuppressedCount);

    /// <summary>Groups with an alert that were forgotten to make room: their next hit alerts again.</summary>
    public long EvictedCount { get; private set; }

    /// <summary>Whether the hit becomes an alert, and how many hits before it did not.</summary>
    public bool Admits(string groupKey, in EventMark hit, out long suppressed)
    {
        suppressed = 0;
        if (suppressMs == 0)
        {
            return true;
        }

        if (groups.TryGetValue(groupKey, out var entry))
        {
            if (hit.At - entry.At < suppressMs)
            {
                groups[groupKey] = entry with { SuppressedCount = entry.SuppressedCount + 1 };
                if (closes)
                {
                    lastHits[groupKey] = hit;
                }

                return false;
            }

            suppressed = entry.SuppressedCount;
        }
        else if (groups.Count >= maxGroups)
        {
            Evict(hit.At);
        }

        groups[groupKey] = new Entry(hit.At, 0);
        lastHits.Remove(groupKey);
        return true;
    }

    /// <summary>Takes the suppressions of a source, or of all together, that ended before a time and that no later alert told of.</summary>
    public List<ClosedSuppression> Close(int? sourceId, long beforeAt)
    {
        var closed = new List<ClosedSuppression>();
        foreach (var (key, last) in lastHits)
        {
            if (GroupKey.SourceOf(key) == sourceId && groups[key].At + suppressMs < beforeAt)
            {
                closed.Add(new ClosedSuppression(key, groups[key].At, groups[key].SuppressedCount, last));
            }
        }

        foreach (var one in closed)
        {
            groups[one.GroupKey] = new Entry(one.AlertAt, 0);
            lastHits.Remove(one.GroupKey);
        }

        return closed;
    }

    public void Clear()
    {
        groups.Clear();
        lastHits.Clear();
        EvictedCount = 0;
    }

    public void WriteTo(SnapshotWriter writer)
    {
        writer.Write(EvictedCount);
        writer.Write(groups.Count);
        foreach (var (key, entry) in groups.OrderBy(one => one.Key, StringComparer.Ordinal))
        {
            writer.Write(key);
            writer.Write(entry.At);
            writer.Write(entry.SuppressedCount);
        }

        if (closes)
        {
            writer.Write(lastHits.Count);
            foreach (var (key, last) in lastHits)
            {
                writer.Write(key);
                writer.Write(last);
            }
        }
    }

    public void ReadFrom(SnapshotReader reader)
    {
        EvictedCount = reader.ReadInt64();
        for (var left = reader.ReadCount(); left > 0; left--)
        {
            groups[reader.ReadString()] = new Entry(reader.ReadInt64(), reader.ReadInt64());
        }

        for (var left = closes ? reader.ReadCount() : 0; left > 0; left--)
        {
            lastHits[reader.ReadString()] = reader.ReadMark();
        }
    }

    // Alerts that are too old to suppress anything leave unseen; only where that is not enough, the stalest leave and are counted.
    private void Evict(long at)
    {
        var room = Math.Max(1, maxGroups / 10);
        foreach (var key in Standing.Least(groups, room, static (key, entry) => new Standing(0, entry.At, key)))
        {
            groups.Remove(key, out var entry);
            lastHits.Remove(key);
            EvictedCount += at - entry.At < suppressMs || entry.SuppressedCount > 0 ? 1 : 0;
        }
    }
}
