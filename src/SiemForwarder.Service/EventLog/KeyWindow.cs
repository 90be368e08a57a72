using System.Security.Cryptography;
using SiemForwarder.Events;

namespace SiemForwarder.Service.EventLog;

/// <summary>The keys of the log that an appender works among, by minute of event time; exact for every minute it covers.</summary>
/// <remarks>
/// A minute is covered when its bucket exists: then the bucket holds the key of every stored event of that minute up to
/// <see cref="Head"/>. Not thread-safe. Memory is bounded: the least recently used minutes are forgotten and
/// read again from the log when they are needed.
/// </remarks>
internal sealed class KeyWindow(int maxKeys = 1_000_000)
{
    private const long MinuteMs = 60_000;

    // Events without a time of their own are compared with the hour before their receipt, and a little after it: clocks of engines differ.
    private const long MinutesBeforeReceipt = 60;
    private const long MinutesAfterReceipt = 1;

    private readonly Dictionary<long, Bucket> minutes = [];
    private int keyCount;
    private long clock;

    // A minute without keys takes room too.
    private int Weight => keyCount + minutes.Count;

    /// <summary>The head of the log as far as this window has seen it; null before it was read.</summary>
    public LogHead? Head { get; set; }

    /// <summary>How many keys and minutes it holds.</summary>
    public int Size => Weight;

    public static long MinuteOf(long occurredAtMs) => Math.DivRem(occurredAtMs, MinuteMs) is var (minute, rest) && rest < 0 ? minute - 1 : minute;

    /// <summary>The minutes of these events that are not covered, ascending, each once.</summary>
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

    /// <summary>Declares minutes covered; their stored keys must follow by <see cref="Add"/> before anybody asks.</summary>
    public void Cover(IEnumerable<long> missing)
    {
        foreach (var minute in missing)
        {
            minutes.TryAdd(minute, new Bucket { LastUse = clock });
        }
    }

    /// <summary>Adds a stored event where its minute is covered; elsewhere it will be read when needed.</summary>
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

    /// <summary>The events that are not in the log, each once, in their order. All their minutes must be covered.</summary>
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

    /// <summary>Forgets the least recently used minutes beyond the bound; those of the page at hand stay.</summary>
    public void Trim() => TrimTo(maxKeys);

    /// <summary>Forgets the least recently used minutes beyond a bound, between two pages.</summary>
    /// <param name="bound">Bound in keys.</param>
    public void Shrink(int bound)
    {
        // The page that was appended last is at hand no more.
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

    /// <summary>Forgets everything, after an append of which nobody knows whether it was committed.</summary>
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

    /// <summary>What makes two events one. Senders choose their keys, so the hash depends on what they cannot know.</summary>
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

        /// <summary>The same keys without their times; null until somebody asks for a key of any time.</summary>
        public HashSet<EventKey>? AnyTime { get; private set; }

        public long LastUse { get; set; }

        public bool Contains(EventKey key) => Keys.Count > 0 && (AnyTime ??= [.. Keys.Select(one => one.Key)]).Contains(key);
    }
}
