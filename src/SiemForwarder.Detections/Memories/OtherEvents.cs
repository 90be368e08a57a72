using SiemForwarder.Detections.State;

namespace SiemForwarder.Detections.Memories;

/// <summary>When the other event of an absence rule happened in one group: all times that a late event may still ask for, and the newest before.</summary>
internal sealed class OtherEvents
{
    // A group with more of them within the lateness keeps the newest: whoever asks finds one all the same.
    private const int MaxTimes = 1000;

    private readonly List<(long At, long Position)> times = [];

    public long NewestAt => times.Count == 0 ? long.MinValue : times[^1].At;

    public void Add(in EventMark mark, long lateBeforeAt)
    {
        var index = times.BinarySearch((mark.At, mark.Position));
        if (index < 0)
        {
            times.Insert(~index, (mark.At, mark.Position));
        }

        var old = times.FindLastIndex(one => one.At < lateBeforeAt);
        times.RemoveRange(0, Math.Max(Math.Max(0, old), times.Count - MaxTimes));
    }

    /// <summary>The newest that is not after an event; null where there is none.</summary>
    public long? NewestUpTo(in EventMark mark)
    {
        var at = mark.At;
        var index = times.FindLastIndex(one => one.At <= at);
        return index < 0 ? null : times[index].At;
    }

    /// <summary>Whether one follows an event, up to a time that still counts.</summary>
    public bool AnyAfter(in EventMark mark, long upToAt)
    {
        var after = (mark.At, mark.Position);
        return times.Exists(one => one.CompareTo(after) > 0 && one.At <= upToAt);
    }

    public void WriteTo(SnapshotWriter writer)
    {
        writer.Write(times.Count);
        foreach (var (at, position) in times)
        {
            writer.Write(at);
            writer.Write(position);
        }
    }

    public static OtherEvents ReadFrom(SnapshotReader reader)
    {
        var others = new OtherEvents();
        for (var left = reader.ReadCount(); left > 0; left--)
        {
            others.times.Add((reader.ReadInt64(), reader.ReadInt64()));
        }

        return others;
    }
}

/// <summary>A rule that also follows the events of another.</summary>
internal interface IFollowsOther
{
    /// <summary>Name or id of the other rule.</summary>
    string Other { get; }

    /// <summary>What the rule does at an event that matches the other one; before its own.</summary>
    void FollowOther(Occasion occasion);
}
