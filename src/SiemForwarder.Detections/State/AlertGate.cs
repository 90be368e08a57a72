namespace SiemForwarder.Detections.State;

/// <summary>Lets one alert of a rule and group through and counts the hits that follow it too soon, by event time.</summary>
/// <remarks>A function of the hits alone: what is forgotten depends on no clock, so a replayed engine suppresses the same.</remarks>
internal sealed class AlertGate(long suppressMs, int maxGroups)
{
    private readonly Dictionary<string, Entry> groups = new(StringComparer.Ordinal);

    private record struct Entry(long At, long SuppressedCount);

    /// <summary>Groups with an alert that were forgotten to make room: their next hit alerts again.</summary>
    public long EvictedCount { get; private set; }

    /// <summary>Whether the hit becomes an alert, and how many hits before it did not.</summary>
    public bool Admits(string groupKey, long at, out long suppressed)
    {
        suppressed = 0;
        if (suppressMs == 0)
        {
            return true;
        }

        if (groups.TryGetValue(groupKey, out var entry))
        {
            if (at - entry.At < suppressMs)
            {
                groups[groupKey] = entry with { SuppressedCount = entry.SuppressedCount + 1 };
                return false;
            }

            suppressed = entry.SuppressedCount;
        }
        else if (groups.Count >= maxGroups)
        {
            Evict(at);
        }

        groups[groupKey] = new Entry(at, 0);
        return true;
    }

    public void Clear()
    {
        groups.Clear();
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
    }

    public void ReadFrom(SnapshotReader reader)
    {
        EvictedCount = reader.ReadInt64();
        for (var left = reader.ReadCount(); left > 0; left--)
        {
            groups[reader.ReadString()] = new Entry(reader.ReadInt64(), reader.ReadInt64());
        }
    }

    // Alerts that are too old to suppress anything leave unseen; only where that is not enough, the stalest leave and are counted.
    private void Evict(long at)
    {
        var room = Math.Max(1, maxGroups / 10);
        foreach (var key in Standing.Least(groups, room, static (key, entry) => new Standing(0, entry.At, key)))
        {
            groups.Remove(key, out var entry);
            EvictedCount += at - entry.At < suppressMs || entry.SuppressedCount > 0 ? 1 : 0;
        }
    }
}
