using SiemForwarder.Detections.Rules;
using SiemForwarder.Detections.State;

namespace SiemForwarder.Detections.Memories;

/// <summary>What one group of a baseline counted in each bucket of time: the history as numbers, open buckets with their distinct values.</summary>
internal sealed class BucketHistory
{
    private readonly SortedDictionary<long, int> counts = [];
    private readonly SortedDictionary<long, HashSet<string>> values = [];
    private readonly SortedSet<long> told = [];
    private (long Bucket, double? Baseline) known = (long.MinValue, null);

    public long FirstBucket { get; private set; } = long.MaxValue;

    public long NewestBucket { get; private set; } = long.MinValue;

    public int CountOf(long bucket) => counts.GetValueOrDefault(bucket);

    /// <summary>Whether an alert was made of a bucket: it counts no further.</summary>
    public bool IsTold(long bucket) => told.Contains(bucket);

    /// <summary>Counts in a bucket, the newest or one before; those beyond the history leave.</summary>
    public void Add(long bucket, int amount, int historyLength)
    {
        FirstBucket = Math.Min(FirstBucket, bucket);
        NewestBucket = Math.Max(NewestBucket, bucket);
        counts[bucket] = (int)Math.Clamp((long)counts.GetValueOrDefault(bucket) + amount, int.MinValue, int.MaxValue);
        if (bucket < known.Bucket)
        {
            known = (long.MinValue, null);
        }

        Leave(counts, NewestBucket - historyLength);
        told.RemoveWhere(one => one < NewestBucket - historyLength);
    }

    /// <summary>Takes a value in; false where it is known in that bucket, or the bucket has too many.</summary>
    public bool IsNewValue(long bucket, string value, int maxValues, long closedBefore)
    {
        Leave(values, closedBefore);
        if (!values.TryGetValue(bucket, out var known))
        {
            values[bucket] = known = new HashSet<string>(StringComparer.Ordinal);
        }

        return known.Count < maxValues && known.Add(value);
    }

    /// <summary>Marks a bucket as told and keeps it at the threshold, so that an attack does not raise the bar.</summary>
    public void Tell(long bucket, double threshold)
    {
        told.Add(bucket);
        counts[bucket] = (int)Math.Min(counts[bucket], threshold);
    }

    /// <summary>The median of the buckets before, zeros included; null while fewer than a quarter of the history is known.</summary>
    public double? BaselineOf(long bucket, BaselineSettings settings)
    {
        if (known.Bucket == bucket)
        {
            return known.Baseline;
        }

        var step = settings.Season switch { BaselineSeason.HourOfDay => 24, BaselineSeason.HourOfWeek => 168, _ => 1 };
        var oldest = Math.Max(FirstBucket, bucket - settings.BucketCount);
        var before = new List<int>();
        for (var one = bucket - step; one >= oldest; one -= step)
        {
            before.Add(CountOf(one));
        }

        before.Sort();
        var isKnown = before.Count > 0 && before.Count * 4 >= settings.BucketCount / step;
        double? baseline = isKnown ? (before[(before.Count - 1) / 2] + before[before.Count / 2]) / 2.0 : null;
        known = (bucket, baseline);
        return baseline;
    }

    public void WriteTo(SnapshotWriter writer)
    {
        writer.Write(FirstBucket);
        writer.Write(NewestBucket);
        writer.Write(counts.Count);
        foreach (var (bucket, count) in counts)
        {
            writer.Write(bucket);
            writer.Write(count);
        }

        writer.Write(told.Count);
        foreach (var bucket in told)
        {
            writer.Write(bucket);
        }

        writer.Write(values.Count);
        foreach (var (bucket, known) in values)
        {
            writer.Write(bucket);
            writer.Write(known.Count);
            foreach (var value in known.Order(StringComparer.Ordinal))
            {
                writer.Write(value);
            }
        }
    }

    public static BucketHistory ReadFrom(SnapshotReader reader)
    {
        var history = new BucketHistory { FirstBucket = reader.ReadInt64(), NewestBucket = reader.ReadInt64() };
        for (var left = reader.ReadCount(); left > 0; left--)
        {
            history.counts[reader.ReadInt64()] = (int)reader.ReadInt64();
        }

        for (var left = reader.ReadCount(); left > 0; left--)
        {
            history.told.Add(reader.ReadInt64());
        }

        for (var left = reader.ReadCount(); left > 0; left--)
        {
            var known = history.values[reader.ReadInt64()] = new HashSet<string>(StringComparer.Ordinal);
            for (var count = reader.ReadCount(); count > 0; count--)
            {
                known.Add(reader.ReadString());
            }
        }

        return history;
    }

    private static void Leave<T>(SortedDictionary<long, T> buckets, long before)
    {
        while (buckets.Count > 0 && buckets.First().Key < before)
        {
            buckets.Remove(buckets.First().Key);
        }
    }
}
