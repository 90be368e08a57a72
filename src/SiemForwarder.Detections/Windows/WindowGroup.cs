using SiemForwarder.Detections.Rules;
using SiemForwarder.Detections.State;

namespace SiemForwarder.Detections.Windows;

/// <summary>A window in which a condition holds: occurrences of a group from one place to another, and the value.</summary>
internal readonly record struct WindowHit(int From, int To, double Value);

/// <summary>The occurrences of one group, by time and position, and the measure of the window that ends with the newest.</summary>
internal sealed class WindowGroup(CorrelationRule rule, long spanMs, long gapMs)
{
    private readonly bool isOrdered = rule.Type == CorrelationType.TemporalOrdered;
    private Occurrence[] items = new Occurrence[1];
    private int start;
    private int windowFrom;
    private WindowMeasure measure = WindowMeasure.For(rule);

    public int Count { get; private set; }

    /// <summary>Time of the newest occurrence.</summary>
    public long NewestAt => this[Count - 1].At;

    /// <summary>How near the newest window came to the condition, 1 where it holds: who is far from it leaves first.</summary>
    public double Progress { get; private set; }

    public ref readonly Occurrence this[int index] => ref items[start + index];

    /// <summary>Puts an occurrence where its time says, and looks for a window with it in which the condition holds, the earliest first.</summary>
    public WindowHit? Insert(in Occurrence occurrence)
    {
        if (Count == 0 || occurrence.Mark.Against(this[Count - 1].Mark) >= 0)
        {
            Append(occurrence);
            return Check(measure, windowFrom, Count - 1, Count - 1);
        }

        var index = UpperBound(occurrence.Mark);
        Append(occurrence);
        Array.Copy(items, start + index, items, start + index + 1, Count - 1 - index);
        items[start + index] = occurrence;
        Rebuild();
        return FindLate(index);
    }

    /// <summary>Forgets occurrences that no window can hold any more; of a sequence also those that nothing can come before any more.</summary>
    /// <param name="lateBeforeAt">No event older than this will be put in.</param>
    public void Trim(long lateBeforeAt)
    {
        while (Count > 0 && (this[0].At < lateBeforeAt - spanMs || (isOrdered && !IsFirstStep(this[0]) && this[0].At < lateBeforeAt)))
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
        (items, start, windowFrom, Count) = (new Occurrence[1], 0, 0, 0);
        measure = WindowMeasure.For(rule);
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
    }

    public void ReadFrom(SnapshotReader reader)
    {
        var progress = reader.ReadDouble();
        for (var left = reader.ReadCount(); left > 0; left--)
        {
            Append(new Occurrence(reader.ReadMark(), (ulong)reader.ReadInt64(), reader.ReadOptional(), reader.ReadDouble()));
        }

        Progress = progress;
    }

    private void RemoveOldest()
    {
        if (windowFrom == 0)
        {
            measure.Remove(this[0]);
        }

        windowFrom = Math.Max(0, windowFrom - 1);
        items[start] = default;
        start++;
        Count--;
    }

    private void Append(in Occurrence occurrence)
    {
        if (start + Count == items.Length)
        {
            // Room at the front is used before there is more.
            var room = start > items.Length / 2 ? items : new Occurrence[Math.Max(2, items.Length * 2)];
            Array.Copy(items, start, room, 0, Count);
            items = room;
            start = 0;
        }

        var isApart = Count > 0 && gapMs > 0 && occurrence.At - this[Count - 1].At > gapMs;
        items[start + Count] = occurrence;
        Count++;
        measure.Add(occurrence);
        var fromAt = occurrence.At - spanMs;
        while (windowFrom < Count - 1 && (isApart || this[windowFrom].At < fromAt))
        {
            measure.Remove(this[windowFrom]);
            windowFrom++;
        }
    }

    // After a late occurrence, and where some were dropped, the newest window is measured anew.
    private void Rebuild()
    {
        windowFrom = FirstOfWindow(Count - 1);
        measure = WindowMeasure.For(rule);
        for (var index = windowFrom; index < Count; index++)
        {
            measure.Add(this[index]);
        }
    }

    // All windows that hold a late occurrence end with one of those that follow it within the timespan.
    private WindowHit? FindLate(int index)
    {
        var sliding = WindowMeasure.For(rule);
        var lastAt = this[index].At + spanMs;
        var from = FirstOfWindow(index);
        var to = from;
        for (var end = index; end < Count && this[end].At <= lastAt; end++)
        {
            if (end > index && gapMs > 0 && this[end].At - this[end - 1].At > gapMs)
            {
                return null;
            }

            for (; to < Count && this[to].At <= this[end].At; to++)
            {
                sliding.Add(this[to]);
            }

            for (; this[from].At < this[end].At - spanMs; from++)
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
        if (measured.Value(Math.Max(this[to].At - spanMs, gapMs > 0 ? this[from].At : long.MinValue)) is not { } value)
        {
            return null;
        }

        var holds = true;
        var progress = 0.0;
        foreach (var bound in rule.Bounds)
        {
            holds &= bound.Holds(value);
            progress = Math.Max(progress, bound.Limit > 0 ? value / bound.Limit : 1);
        }

        if (rule.Expression is { } expression)
        {
            holds = expression(measured.Seen);
            progress = value / rule.References.Count;
        }

        Progress = Math.Clamp(progress, 0, 1);
        if (!holds)
        {
            return null;
        }

        // A sequence rests on what happened since its first step, or since the late event; so what was forgotten before it is not missed.
        while (isOrdered && from < trigger && !IsFirstStep(this[from]))
        {
            from++;
        }

        return new WindowHit(from, to, value);
    }

    private static bool IsFirstStep(in Occurrence occurrence) => (occurrence.Rules & 1) != 0;

    private int FirstOfWindow(int end)
    {
        var fromAt = this[end].At - spanMs;
        var first = end;
        while (first > 0 && this[first - 1].At >= fromAt && (gapMs == 0 || this[first].At - this[first - 1].At <= gapMs))
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
