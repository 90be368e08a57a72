using System.Numerics;
using System.Runtime.InteropServices;
using SiemForwarder.Detections.Rules;
using SiemForwarder.Detections.State;

namespace SiemForwarder.Detections.Windows;

/// <summary>One event within a group of a correlation.</summary>
/// <param name="Rules">Which of the referenced rules it hit: bits in their order.</param>
/// <param name="Text">The value that is counted; null where the event has none.</param>
/// <param name="Number">The value that is summed; NaN where the event has none.</param>
internal readonly record struct Occurrence(EventMark Mark, ulong Rules, string? Text, double Number)
{
    public long At => Mark.At;
}

/// <summary>What is compared with the condition of a correlation, kept while a window slides: added at one end, removed at the other.</summary>
/// <remarks>Exact: what was added and removed leaves no trace, so that a measure built anew from the window says the same.</remarks>
internal abstract class WindowMeasure
{
    /// <summary>Takes an occurrence in; they come by time and position.</summary>
    public abstract void Add(in Occurrence occurrence);

    public abstract void Remove(in Occurrence occurrence);

    /// <summary>The value; null where there is none.</summary>
    /// <param name="fromAt">Beginning of the window.</param>
    public abstract double? Value(long fromAt);

    /// <summary>Which of the rules were seen: their bits.</summary>
    public virtual ulong Seen => 0;

    public static WindowMeasure For(CorrelationRule rule) => rule.Type switch
    {
        CorrelationType.EventCount => new EventCountMeasure(),
        CorrelationType.ValueCount => new ValueCountMeasure(),
        CorrelationType.Temporal => new SeenRules(rule.References.Count),
        CorrelationType.TemporalOrdered => new OrderedRules(rule.References.Count),
        CorrelationType.ValueSum => new Total(isAverage: false),
        CorrelationType.ValueAverage => new Total(isAverage: true),
        _ => new PercentileMeasure(rule.Percentile),
    };
}

/// <summary>How many events.</summary>
internal sealed class EventCountMeasure : WindowMeasure
{
    private int count;

    public override void Add(in Occurrence occurrence) => count++;

    public override void Remove(in Occurrence occurrence) => count--;

    public override double? Value(long fromAt) => count;
}

/// <summary>How many different values; an event without one adds none.</summary>
internal sealed class ValueCountMeasure : WindowMeasure
{
    // Most groups hold one value: only the second one needs a dictionary.
    private string? first;
    private int firstCount;
    private Dictionary<string, int>? others;

    public override void Add(in Occurrence occurrence)
    {
        if (occurrence.Text is not { } text)
        {
            return;
        }

        if (firstCount == 0 && others?.ContainsKey(text) != true)
        {
            first = text;
        }

        if (text == first)
        {
            firstCount++;
        }
        else
        {
            CollectionsMarshal.GetValueRefOrAddDefault(others ??= new(StringComparer.Ordinal), text, out _)++;
        }
    }

    public override void Remove(in Occurrence occurrence)
    {
        if (occurrence.Text is not { } text)
        {
            return;
        }

        if (text == first)
        {
            firstCount--;
            first = firstCount == 0 ? null : first;
        }
        else if (--CollectionsMarshal.GetValueRefOrAddDefault(others!, text, out _) == 0)
        {
            others!.Remove(text);
        }
    }

    public override double? Value(long fromAt) => (firstCount > 0 ? 1 : 0) + (others?.Count ?? 0);
}

/// <summary>How many of the rules were seen, in any order.</summary>
internal sealed class SeenRules(int rules) : WindowMeasure
{
    private readonly int[] counts = new int[rules];
    private ulong seen;

    public override ulong Seen => seen;

    public override void Add(in Occurrence occurrence)
    {
        for (var left = occurrence.Rules; left != 0; left &= left - 1)
        {
            counts[BitOperations.TrailingZeroCount(left)]++;
        }

        seen |= occurrence.Rules;
    }

    public override void Remove(in Occurrence occurrence)
    {
        for (var left = occurrence.Rules; left != 0; left &= left - 1)
        {
            var rule = BitOperations.TrailingZeroCount(left);
            seen &= --counts[rule] == 0 ? ~(1UL << rule) : ulong.MaxValue;
        }
    }

    public override double? Value(long fromAt) => BitOperations.PopCount(seen);
}

/// <summary>How many of the rules were seen one behind the other, from the first on; one event serves one of them only.</summary>
internal sealed class OrderedRules : WindowMeasure
{
    // For each rule the newest time at which a chain that ends with it began: the only one that a later window can still hold.
    private readonly long[] starts;

    public OrderedRules(int rules)
    {
        starts = new long[rules];
        Array.Fill(starts, long.MinValue);
    }

    public override void Add(in Occurrence occurrence)
    {
        for (var rule = starts.Length - 1; rule >= 0; rule--)
        {
            if ((occurrence.Rules & (1UL << rule)) != 0)
            {
                starts[rule] = Math.Max(starts[rule], rule == 0 ? occurrence.At : starts[rule - 1]);
            }
        }
    }

    public override void Remove(in Occurrence occurrence)
    {
        // What left the window began before it, and is found by its time.
    }

    public override double? Value(long fromAt)
    {
        var length = 0;
        for (var rule = 0; rule < starts.Length; rule++)
        {
            length = starts[rule] >= fromAt && starts[rule] != long.MinValue ? rule + 1 : length;
        }

        return length;
    }
}

/// <summary>Sum or average of numbers, exact to a millionth: in whole numbers, so that nothing drifts while the window slides.</summary>
internal sealed class Total(bool isAverage) : WindowMeasure
{
    private const double Scale = 1e6;

    // 10,000 of them stay far below what 128 bits hold.
    private const double MaxNumber = 1e24;

    private Int128 sum;
    private int count;

    public override void Add(in Occurrence occurrence)
    {
        if (!double.IsNaN(occurrence.Number))
        {
            sum += Scaled(occurrence.Number);
            count++;
        }
    }

    public override void Remove(in Occurrence occurrence)
    {
        if (!double.IsNaN(occurrence.Number))
        {
            sum -= Scaled(occurrence.Number);
            count--;
        }
    }

    public override double? Value(long fromAt) => count == 0 ? null : (double)sum / Scale / (isAverage ? count : 1);

    private static Int128 Scaled(double number) => (Int128)Math.Round(Math.Clamp(number, -MaxNumber, MaxNumber) * Scale);
}

/// <summary>A percentile of numbers, interpolated between the two nearest ranks.</summary>
internal sealed class PercentileMeasure(double percent) : WindowMeasure
{
    private readonly List<double> sorted = [];

    public override void Add(in Occurrence occurrence)
    {
        if (!double.IsNaN(occurrence.Number))
        {
            var at = sorted.BinarySearch(occurrence.Number);
            sorted.Insert(at < 0 ? ~at : at, occurrence.Number);
        }
    }

    public override void Remove(in Occurrence occurrence)
    {
        if (!double.IsNaN(occurrence.Number))
        {
            sorted.RemoveAt(sorted.BinarySearch(occurrence.Number));
        }
    }

    public override double? Value(long fromAt)
    {
        if (sorted.Count == 0)
        {
            return null;
        }

        var rank = percent / 100 * (sorted.Count - 1);
        var below = (int)rank;
        var above = Math.Min(below + 1, sorted.Count - 1);
        return sorted[below] + ((sorted[above] - sorted[below]) * (rank - below));
    }
}
