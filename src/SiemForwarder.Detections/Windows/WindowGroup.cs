using SiemForwarder.Detections.Rules;
using SiemForwarder.Detections.State;

namespace SiemForwarder.Detections.Windows;

/// <summary>A window in which a condition holds: occurrences of a group from one place to another, and the value.</summary>
internal readonly record struct WindowHit(int From, int To, double Value);

/// <summary>What all groups of a correlation have in common.</summary>
internal sealed class WindowShape(CorrelationRule rule)
{
    public CorrelationRule Rule { get; } = rule;

    public long SpanMs { get; } = (long)rule.Timespan.TotalMilliseconds;

    public long GapMs { get; } = (long)(rule.SessionGap?.TotalMilliseconds ?? 0);

    public bool IsOrdered { get; } = rule.Type == CorrelationType.TemporalOrdered;
}

/// <summary>The occurrences of one group, by time and position, and the measure of the window that ends with the newest.</summary>
/// <remarks>A flood makes many groups of one occurrence: that one stands in the group itself, and nothing is measured before a second one.</remarks>
internal sealed class WindowGroup(WindowShape shape)
{
    private Occurrence only;
    private Occurrence[]? items;
    private int start;
    private int windowFrom;
    private WindowMeasure? measure;
    private PartyPrint? parties;

    public int Count { get; private set; }

    /// <summary>Time of the newest occurrence.</summary>
    public long NewestAt => this[Count - 1].At;

    /// <summary>How near the newest window came to the condition, 1 where it holds: who is far from it leaves first.</summary>
    public float Progress { get; private set; }

    public ref readonly Occurrence this[int index] => ref items is null ? ref only : ref items[start + index];

    /// <summary>Puts an occurrence where its time says, and looks for a window with it in which the condition holds, the earliest first.</summary>
    /// <param name="occurrence">The occurrence.</param>
    /// <param name="occasion">The event at hand.</param>
    /// <param name="agreed">Those of its parties that the occurrence stands for.</param>
    public WindowHit? Insert(in Occurrence occurrence, Occasion occasion, uint agreed)
    {
        if (Count == 0 || occurrence.Mark.Against(this[Count - 1].Mark) >= 0)
        {
            Append(occurrence);
            Follow(occasion, agreed);
            return Check(measure ?? Measured(), windowFrom, Count - 1, Count - 1);
        }

        var index = UpperBound(occurrence.Mark);
        Append(occurrence);
        Array.Copy(items!, start + index, items!, start + index + 1, Count - 1 - index);
        items![start + index] = occurrence;
        Run().Insert(occasion.PartyHashes, agreed, Count - 1 - index);
        Rebuild();
        return FindLate(index);
    }

    /// <summary>The parties on which all occurrences of a window agree.</summary>
    /// <param name="hit">The window; of one that a late event completed it may say too few, if newer occurrences than its own differ.</param>
    /// <param name="trigger">What the occurrence stands for that completed it.</param>
    public uint Agreed(in WindowHit hit, uint trigger) => hit.From == hit.To ? trigger : Run().Shared(Count - hit.From) & trigger;

    /// <summary>Forgets occurrences that no window can hold any more; of a sequence also those that nothing can come before any more.</summary>
    /// <param name="lateBeforeAt">No event older than this will be put in.</param>
    public void Trim(long lateBeforeAt)
    {
        while (Count > 0 && (this[0].At < lateBeforeAt - shape.SpanMs || (shape.IsOrdered && !IsFirstStep(this[0]) && this[0].At < lateBeforeAt)))
        {
            RemoveOldest();
        }
    }

    /// <summary>Forgets the oldest occurrences to make room.</summary>
    public void DropOldest(int count)
    {
        for (; count > 0 && Count > 1; count--)
        {
            RemoveOldest();
        }

        Rebuild();
    }

    public void Clear()
    {
        (only, items, start, windowFrom, Count, measure, parties) = (default, null, 0, 0, 0, null, null);
    }

    public void WriteTo(SnapshotWriter writer)
    {
        writer.Write(Progress);
        writer.Write(Count);
        for (var index = 0; index < Count; index++)
        {
            ref readonly var one = ref this[index];
            writer.Write(one.Mark);
            writer.Write((long)one.Rules);
            writer.WriteOptional(one.Text);
            writer.Write(one.Number);
        }

        if (Count == 1)
        {
            parties!.WriteTo(writer);
        }
        else if (Count > 1)
        {
            Run().WriteTo(writer, Count);
        }
    }

    public void ReadFrom(SnapshotReader reader)
    {
        var progress = (float)reader.ReadDouble();
        for (var left = reader.ReadCount(); left > 0; left--)
        {
            Append(new Occurrence(reader.ReadMark(), (ulong)reader.ReadInt64(), reader.ReadOptional(), reader.ReadDouble()));
        }

        Progress = progress;
        parties = Count == 0 ? null : Count == 1 ? PartyPrint.ReadFrom(reader) : PartyRun.ReadRunFrom(reader);
    }

    // A group of one occurrence shares what is kept of its event with others.
    private void Follow(Occasion occasion, uint agreed)
    {
        if (Count > 1 || parties is PartyRun)
        {
            Run().Append(occasion.PartyHashes, agreed, Count);
        }
        else
        {
            parties = agreed == Parties.All ? occasion.PartyPrint : new PartyPrint(occasion.PartyHashes, agreed);
        }
    }

    private PartyRun Run()
    {
        var run = parties as PartyRun ?? new PartyRun(parties!);
        parties = run;
        return run;
    }

    private void RemoveOldest()
    {
        if (windowFrom == 0)
        {
            measure?.Remove(this[0]);
        }

        windowFrom = Math.Max(0, windowFrom - 1);
        Count--;
        if (items is null)
        {
            only = default;
            return;
        }

        items[start] = default;
        start++;
    }

    private void Append(in Occurrence occurrence)
    {
        if (Count == 0 && items is null)
        {
            (only, Count) = (occurrence, 1);
            return;
        }

        MakeRoom();
        measure ??= Measured();
        var isApart = Count > 0 && shape.GapMs > 0 && occurrence.At - this[Count - 1].At > shape.GapMs;
        items![start + Count] = occurrence;
        Count++;
        measure.Add(occurrence);
        var fromAt = occurrence.At - shape.SpanMs;
        while (windowFrom < Count - 1 && (isApart || this[windowFrom].At < fromAt))
        {
            measure.Remove(this[windowFrom]);
            windowFrom++;
        }
    }

    // Room at the front is used before there is more.
    private void MakeRoom()
    {
        if (items is null)
        {
            items = new Occurrence[2];
            items[0] = only;
            only = default;
        }
        else if (start + Count == items.Length)
        {
            var room = start > items.Length / 2 ? items : new Occurrence[items.Length * 2];
            Array.Copy(items, start, room, 0, Count);
            items = room;
            start = 0;
        }
    }

    // After a late occurrence, and where some were dropped, the newest window is measured anew.
    private void Rebuild()
    {
        windowFrom = FirstOfWindow(Count - 1);
        measure = Measured();
    }

    private WindowMeasure Measured()
    {
        var measured = WindowMeasure.For(shape.Rule);
        for (var index = windowFrom; index < Count; index++)
        {
            measured.Add(this[index]);
        }

        return measured;
    }

    // All windows that hold a late occurrence end with one of those that follow it within the timespan.
    private WindowHit? FindLate(int index)
    {
        var sliding = WindowMeasure.For(shape.Rule);
        var lastAt = this[index].At + shape.SpanMs;
        var from = FirstOfWindow(index);
        var to = from;
        for (var end = index; end < Count && this[end].At <= lastAt; end++)
        {
            if (end > index && shape.GapMs > 0 && this[end].At - this[end - 1].At > shape.GapMs)
            {
                return null;
            }

            for (; to < Count && this[to].At <= this[end].At; to++)
            {
                sliding.Add(this[to]);
            }

            for (; this[from].At < this[end].At - shape.SpanMs; from++)
            {
                sliding.Remove(this[from]);
            }

            if (Check(sliding, from, to - 1, index) is { } hit)
            {
                return hit;
            }
        }

        return null;
    }

    private WindowHit? Check(WindowMeasure measured, int from, int to, int trigger)
    {
        if (measured.Value(Math.Max(this[to].At - shape.SpanMs, shape.GapMs > 0 ? this[from].At : long.MinValue)) is not { } value)
        {
            return null;
        }

        var holds = true;
        var progress = 0.0;
        var bounds = shape.Rule.Bounds;
        for (var index = 0; index < bounds.Count; index++)
        {
            var bound = bounds[index];
            holds &= bound.Holds(value);
            progress = Math.Max(progress, bound.Limit > 0 ? value / bound.Limit : 1);
        }

        if (shape.Rule.Expression is { } expression)
        {
            holds = expression(measured.Seen);
            progress = value / shape.Rule.References.Count;
        }

        Progress = (float)Math.Clamp(progress, 0, 1);
        if (!holds)
        {
            return null;
        }

        // A sequence rests on what happened since its first step, or since the late event; so what was forgotten before it is not missed.
        while (shape.IsOrdered && from < trigger && !IsFirstStep(this[from]))
        {
            from++;
        }

        return new WindowHit(from, to, value);
    }

    private static bool IsFirstStep(in Occurrence occurrence) => (occurrence.Rules & 1) != 0;

    private int FirstOfWindow(int end)
    {
        var fromAt = this[end].At - shape.SpanMs;
        var first = end;
        while (first > 0 && this[first - 1].At >= fromAt && (shape.GapMs == 0 || this[first].At - this[first - 1].At <= shape.GapMs))
        {
            first--;
        }

        return first;
    }

    private int UpperBound(in EventMark mark)
    {
        var (low, high) = (0, Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = this[middle].Mark.Against(mark) <= 0 ? (middle + 1, high) : (low, middle);
        }

        return low;
    }
}
