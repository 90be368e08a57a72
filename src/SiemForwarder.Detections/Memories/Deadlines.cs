using System.Runtime.InteropServices;
using SiemForwarder.Detections.State;

namespace SiemForwarder.Detections.Memories;

/// <summary>A group that something is expected of until a time, and the event since which it is.</summary>
/// <param name="Parties">Whom that event names, for the alert.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct Deadline(long At, EventMark Since, string GroupKey, KeptParties Parties)
{
    /// <summary>By time, then by the event since which it is.</summary>
    public int Against(Deadline other)
    {
        var byTime = At.CompareTo(other.At);
        var bySince = byTime != 0 ? byTime : Since.Against(other.Since);
        return bySince != 0 ? bySince : string.CompareOrdinal(GroupKey, other.GroupKey);
    }
}

/// <summary>Deadlines by their time and by their group; bounded, those that are farthest off leave first.</summary>
internal sealed class Deadlines(int maxDeadlines)
{
    private readonly SortedSet<Deadline> byTime = new(Comparer<Deadline>.Create((one, other) => one.Against(other)));
    private readonly Dictionary<string, List<Deadline>> byGroup = new(StringComparer.Ordinal);

    public int Count => byTime.Count;

    /// <summary>Those of a group; empty where it has none.</summary>
    public IReadOnlyList<Deadline> Of(string groupKey) => byGroup.TryGetValue(groupKey, out var deadlines) ? deadlines : [];

    /// <summary>Adds one.</summary>
    /// <returns>How many had to leave.</returns>
    public int Add(in Deadline deadline)
    {
        if (!byTime.Add(deadline))
        {
            return 0;
        }

        ref var group = ref CollectionsMarshal.GetValueRefOrAddDefault(byGroup, deadline.GroupKey, out _);
        (group ??= []).Add(deadline);
        if (byTime.Count <= maxDeadlines)
        {
            return 0;
        }

        Remove(byTime.Max);
        return 1;
    }

    public void Remove(Deadline deadline)
    {
        byTime.Remove(deadline);
        if (byGroup.TryGetValue(deadline.GroupKey, out var group) && group.Remove(deadline) && group.Count == 0)
        {
            byGroup.Remove(deadline.GroupKey);
        }
    }

    /// <summary>Takes those of a source that are over, by their time.</summary>
    /// <param name="sourceId">Null for the groups of all sources.</param>
    public List<Deadline> TakeUpTo(long at, int? sourceId)
    {
        var due = byTime.TakeWhile(deadline => deadline.At <= at).Where(deadline => GroupKey.SourceOf(deadline.GroupKey) == sourceId).ToList();
        due.ForEach(Remove);
        return due;
    }

    public void WriteTo(SnapshotWriter writer)
    {
        writer.Write(byTime.Count);
        foreach (var deadline in byTime)
        {
            writer.Write(deadline.At);
            writer.Write(deadline.Since);
            writer.Write(deadline.GroupKey);
            deadline.Parties.WriteTo(writer);
        }
    }

    public void ReadFrom(SnapshotReader reader)
    {
        for (var left = reader.ReadCount(); left > 0; left--)
        {
            Add(new Deadline(reader.ReadInt64(), reader.ReadMark(), reader.ReadString(), KeptParties.ReadFrom(reader)));
        }
    }
}
