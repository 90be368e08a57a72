using System.Buffers;

namespace SiemForwarder.Detections.State;

/// <summary>How much something that is remembered is worth keeping: the least goes first, whoever else is there, so that a replay forgets the same.</summary>
/// <param name="Progress">How near it came to an alert, 0 to 1.</param>
/// <param name="At">When it was last touched.</param>
/// <param name="Key">Its key; decides where the rest is the same.</param>
internal readonly record struct Standing(double Progress, long At, string Key)
{
    /// <summary>The keys of the least, in no order; takes time in proportion to their number, as a flood makes this happen often.</summary>
    /// <param name="all">All that is remembered.</param>
    /// <param name="count">How many to find, at most all.</param>
    /// <param name="standing">What one is worth.</param>
    public static List<string> Least<T>(Dictionary<string, T> all, int count, Func<string, T, Standing> standing)
    {
        var rented = ArrayPool<Standing>.Shared.Rent(all.Count);
        try
        {
            var size = 0;
            foreach (var (key, value) in all)
            {
                rented[size++] = standing(key, value);
            }

            Divide(rented.AsSpan(0, size), count);
            var least = new List<string>(count);
            foreach (ref readonly var one in rented.AsSpan(0, Math.Min(count, size)))
            {
                least.Add(one.Key);
            }

            return least;
        }
        finally
        {
            ArrayPool<Standing>.Shared.Return(rented, clearArray: true);
        }
    }

    private int Against(in Standing other)
    {
        var byProgress = Progress.CompareTo(other.Progress);
        var byTime = byProgress != 0 ? byProgress : At.CompareTo(other.At);
        return byTime != 0 ? byTime : string.CompareOrdinal(Key, other.Key);
    }

    // Quickselect: afterwards the least so many stand in front.
    private static void Divide(Span<Standing> items, int count)
    {
        while (count > 0 && count < items.Length)
        {
            var pivot = Middle(items[0], items[items.Length / 2], items[^1]);
            var (low, high) = (0, items.Length - 1);
            while (low <= high)
            {
                while (items[low].Against(pivot) < 0)
                {
                    low++;
                }

                while (items[high].Against(pivot) > 0)
                {
                    high--;
                }

                if (low <= high)
                {
                    (items[low], items[high]) = (items[high], items[low]);
                    (low, high) = (low + 1, high - 1);
                }
            }

            if (count <= high)
            {
                items = items[..(high + 1)];
            }
            else if (count >= low)
            {
                items = items[low..];
                count -= low;
            }
            else
            {
                return;
            }
        }
    }

    private static Standing Middle(in Standing first, in Standing second, in Standing third) =>
        first.Against(second) < 0
            ? (second.Against(third) < 0 ? second : first.Against(third) < 0 ? third : first)
            : (first.Against(third) < 0 ? first : second.Against(third) < 0 ? third : second);
}
