using System.Security.Cryptography;
using SiemForwarder.Events;

namespace SiemForwarder.Service.EventLog;

/// <summary>The keys of the part of the log that an appender works on, by minute of event time; exact for every covered minute.</summary>
/// <remarks>
/// A minute is covered if it has a bucket, which then holds the key of every stored event of that minute up to
/// <see cref="Head"/>. Not thread-safe. Memory is bounded: the least recently used minutes are evicted and
/// read again from the log when needed.
/// </remarks>
internal sealed class KeyWindow(int maxKeys = 1_000_000)
{
    private const long MinuteMs = 60_000;

    // Events without their own time are compared with the hour before their receipt, and a little after it because engine clocks differ.
    private const long MinutesBeforeReceipt = 60;
    private const long MinutesAfterReceipt = 1;

    private readonly Dictionary<long, Bucket> minutes = [];
    private int keyCount;
    private long clock;

    // A minute without keys takes memory too.
    private int Weight => keyCount + minutes.Count;

    /// <summary>The head of the log as this window has seen it; null before the first read.</summary>
    public LogHead? Head { get; set; }

    /// <summary>The number of keys and minutes in the window.</summary>
    public int Size => Weight;

    public static long MinuteOf(long occurredAtMs) => Math.DivRem(occurredAtMs, MinuteMs) is var (minute, rest) && rest < 0 ? minute - 1 : minute;

    /// <summary>The uncovered minutes of these events, ascending and without duplicates.</summary>
    public List<long> MissingMinutes(IReadOnlyList<IncomingEvent> events)
    {
        clock++;
        var missing = new SortedSet<long>();
        for (var i = 0; i < events.Count; i++)
        {
            var (first, last) = MinutesOf(events[i]);
            for (var minute = first; minute <= last; minute++)
            {
                if (minutes.TryGetValue(minute, out var bucket))
                {
                    bucket.LastUse = clock;
                }
                else
                {
                    missing.Add(minute);
                }
            }
        }

        return [.. missing];
    }

    /// <summary>Marks minutes as covered; their stored keys must be added with <see cref="Add"/> before the window is queried.</summary>
    public void Cover(IEnumerable<long> missing)
    {
        foreach (var minute in missing)
        {
            minutes.TryAdd(minute, new Bucket { LastUse = clock });
        }
    }

    /// <summary>Adds a stored event if its minute is covered; otherwise it is read when needed.</summary>
    public void Add(long occurredAtMs, EventKey key)
    {
        if (minutes.TryGetValue(MinuteOf(occurredAtMs), out var bucket) && bucket.Keys.Add(new TimedKey(key, occurredAtMs)))
        {
            bucket.AnyTime?.Add(key);
            keyCount++;
        }
    }

    public bool Contains(in IncomingEvent incoming) => incoming.IsTimeOfReceipt ? ContainsBefore(incoming) :
        minutes.TryGetValue(MinuteOf(incoming.OccurredAtMs), out var bucket)
        && (bucket.Keys.Contains(new TimedKey(incoming.Key, incoming.OccurredAtMs))
            || (incoming.FormerKey is { } former && bucket.Keys.Contains(new TimedKey(former, incoming.OccurredAtMs))));

    /// <summary>The events that are not in the log, each once, in their original order. All their minutes must be covered.</summary>
    public List<IncomingEvent> SelectNew(IReadOnlyList<IncomingEvent> events)
    {
        var selected = new List<IncomingEvent>(events.Count);
        var page = new HashSet<TimedKey>(events.Count);
        for (var i = 0; i < events.Count; i++)
        {
            var incoming = events[i];
            if (!Contains(incoming) && page.Add(new TimedKey(incoming.Key, incoming.IsTimeOfReceipt ? long.MinValue : incoming.OccurredAtMs)))
            {
                selected.Add(incoming);
            }
        }

        return selected;
    }

    /// <summary>Evicts the least recently used minutes beyond the bound; those of the current page stay.</summary>
    public void Trim() => TrimTo(maxKeys);

    /// <summary>Evicts the least recently used minutes beyond the given bound, between two pages.</summary>
    /// <param name="bound">Bound in keys.</param>
    public void Shrink(int bound)
    {
        // The last appended page is no longer the current one.
        clock++;
        TrimTo(bound);
    }

    private void TrimTo(int most)
    {
        if (Weight <= most)
        {
            return;
        }

        foreach (var (minute, bucket) in minutes.OrderBy(pair => pair.Value.LastUse).ToList())
        {
            if (Weight <= most / 2 || bucket.LastUse == clock)
            {
                return;
            }

            keyCount -= bucket.Keys.Count;
            minutes.Remove(minute);
        }
    }

    /// <summary>Clears the window after an append that may or may not have been committed.</summary>
    public void Clear()
    {
        minutes.Clear();
        keyCount = 0;
        Head = null;
    }

    private static (long First, long Last) MinutesOf(in IncomingEvent incoming)
    {
        var minute = MinuteOf(incoming.OccurredAtMs);
        return incoming.IsTimeOfReceipt ? (minute - MinutesBeforeReceipt, minute + MinutesAfterReceipt) : (minute, minute);
    }

    private bool ContainsBefore(in IncomingEvent incoming)
    {
        var (first, last) = MinutesOf(incoming);
        for (var minute = first; minute <= last; minute++)
        {
            if (minutes.TryGetValue(minute, out var bucket) && bucket.Contains(incoming.Key))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The identity of an event. Senders choose their keys, so the hash is seeded with a value they cannot know.</summary>
    private readonly record struct TimedKey(EventKey Key, long OccurredAtMs)
    {
        private static readonly (ulong Low, ulong High) Seeds = (Seed(), Seed());

        public bool Equals(TimedKey other) => Key.Value == other.Key.Value && OccurredAtMs == other.OccurredAtMs;

        public override int GetHashCode()
        {
            var high = Math.BigMul((ulong)Key.Value ^ Seeds.Low, (ulong)(Key.Value >> 64) ^ (ulong)OccurredAtMs ^ Seeds.High, out var low);
            return (int)((high ^ low) >> 32);
        }

        private static ulong Seed() => BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong)));
    }

    private sealed class Bucket
    {
        public HashSet<TimedKey> Keys { get; } = [];

        /// <summary>The keys without their times; null until a key of any time is looked up.</summary>
        public HashSet<EventKey>? AnyTime { get; private set; }

        public long LastUse { get; set; }

        public bool Contains(EventKey key) => Keys.Count > 0 && (AnyTime ??= [.. Keys.Select(one => one.Key)]).Contains(key);
    }
}
