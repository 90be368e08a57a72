using System.Runtime.InteropServices;
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

    // Enough to wait for them together, few enough to stay in the processor's first cache.
    private const int Touched = 64;

    private readonly Dictionary<long, Bucket> minutes = [];
    private int keyCount;
    private long clock;

    // Kept so that reading beforehand is not compiled away.
    private int lastTouch;

    // A minute without keys takes memory too.
    private int Weight => keyCount + minutes.Count;

    /// <summary>The head of the log as this window has seen it; null before the first read.</summary>
    public LogHead? Head { get; set; }

    /// <summary>The most keys and minutes that it keeps beside those of the current page.</summary>
    public int MaxKeys { get; set; } = maxKeys;

    /// <summary>The number of keys and minutes in the window.</summary>
    public int Size => Weight;

    public static long MinuteOf(long occurredAtMs) => Math.DivRem(occurredAtMs, MinuteMs) is var (minute, rest) && rest < 0 ? minute - 1 : minute;

    /// <summary>The uncovered minutes of these events, ascending and without duplicates.</summary>
    public List<long> MissingMinutes(IReadOnlyList<IncomingEvent> events)
    {
        clock++;
        var missing = new SortedSet<long>();
        var seen = (First: long.MaxValue, Last: long.MaxValue);
        for (var i = 0; i < events.Count; i++)
        {
            var (first, last) = MinutesOf(events[i]);
            if ((first, last) == seen)
            {
                continue;
            }

            seen = (first, last);
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

    /// <summary>Marks minutes as covered; their stored keys must be added with <see cref="Add(long, EventKey)"/> before the window is queried.</summary>
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
        if (minutes.TryGetValue(MinuteOf(occurredAtMs), out var bucket) && bucket.Add(new Slot(key, occurredAtMs)))
        {
            keyCount++;
        }
    }

    /// <summary>Adds the events that are not in the log, and returns them, each once, in their original order. All their minutes must be covered.</summary>
    /// <remarks>
    /// Where all of them are new, as nearly always, the same list. They are added before they are stored, so that each is looked up once; if then they are
    /// not stored, they must be taken back with <see cref="Forget"/>.
    /// </remarks>
    public IReadOnlyList<IncomingEvent> AddNew(IReadOnlyList<IncomingEvent> events)
    {
        List<IncomingEvent>? selected = null;
        for (var i = 0; i < events.Count; i++)
        {
            Touch(events, i);
            var incoming = events[i];
            if (!TryAdd(incoming))
            {
                selected ??= [.. events.Take(i)];
            }
            else
            {
                selected?.Add(incoming);
            }
        }

        return selected ?? events;
    }

    /// <summary>Takes back events that were added as new but not stored.</summary>
    public void Forget(IReadOnlyList<IncomingEvent> added)
    {
        foreach (var incoming in added)
        {
            if (minutes.TryGetValue(MinuteOf(incoming.OccurredAtMs), out var bucket) && bucket.Remove(new Slot(incoming.Key, incoming.OccurredAtMs)))
            {
                keyCount--;
            }
        }
    }

    // False if it is in the log already, or was added before.
    private bool TryAdd(in IncomingEvent incoming)
    {
        if (incoming.IsTimeOfReceipt && IsInTheHourBefore(incoming))
        {
            return false;
        }

        var bucket = minutes[MinuteOf(incoming.OccurredAtMs)];
        if ((!incoming.IsTimeOfReceipt && incoming.FormerKey is { } former && bucket.Contains(new Slot(former, incoming.OccurredAtMs)))
            || !bucket.Add(new Slot(incoming.Key, incoming.OccurredAtMs)))
        {
            return false;
        }

        keyCount++;
        return true;
    }

    // The slots of a page lie anywhere in memory. Read one after the other, each is waited for; read beforehand, independently, they arrive together.
    private void Touch(IReadOnlyList<IncomingEvent> events, int first)
    {
        if (first % Touched != 0)
        {
            return;
        }

        var (minute, bucket, touch) = (long.MinValue, (Bucket?)null, 0);
        for (var i = first; i < Math.Min(first + Touched, events.Count); i++)
        {
            var (at, key) = (events[i].OccurredAtMs, events[i].Key);
            if (MinuteOf(at) is var own && own != minute)
            {
                (minute, bucket) = (own, minutes.GetValueOrDefault(own));
            }

            touch += bucket?.Touch(new Slot(key, at)) ?? 0;
        }

        lastTouch = touch;
    }

    /// <summary>Evicts the least recently used minutes beyond the bound; those of the current page stay.</summary>
    public void Trim() => TrimTo(MaxKeys);

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

            keyCount -= bucket.Count;
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

    private bool IsInTheHourBefore(in IncomingEvent incoming)
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

    /// <summary>Senders choose their keys, so the hash is seeded with a value they cannot know.</summary>
    private static class KeyHash
    {
        private static readonly (ulong Low, ulong High) Seeds = (Seed(), Seed());

        public static int Of(ulong high, ulong low, long occurredAtMs)
        {
            var upper = Math.BigMul(low ^ Seeds.Low, high ^ (ulong)occurredAtMs ^ Seeds.High, out var lower);
            return (int)((upper ^ lower) >> 32);
        }

        private static ulong Seed() => BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong)));
    }

    /// <summary>The keys of one minute: an open-addressing table of 18 bytes a slot, between three eighths and three quarters full.</summary>
    private sealed class Bucket
    {
        private Slot[] slots = [];
        private HashSet<EventKey>? anyTime;

        public int Count { get; private set; }

        public long LastUse { get; set; }

        /// <summary>Reads the place of a key; what it returns has no meaning.</summary>
        public int Touch(in Slot sought) => slots.Length == 0 ? 0 : slots[sought.Hash() & (slots.Length - 1)].Hash();

        public bool Contains(in Slot sought) => Count > 0 && slots[Find(slots, sought)].IsTaken;

        /// <summary>Whether the minute has the key at any of its times.</summary>
        public bool Contains(EventKey key) => Count > 0 && (anyTime ??= [.. slots.Where(slot => slot.IsTaken).Select(slot => slot.Key)]).Contains(key);

        /// <summary>Adds a key; false if it is there already.</summary>
        public bool Add(in Slot added)
        {
            if (4 * (Count + 1) > 3 * slots.Length)
            {
                Grow();
            }

            ref var slot = ref slots[Find(slots, added)];
            if (slot.IsTaken)
            {
                return false;
            }

            slot = added;
            anyTime?.Add(added.Key);
            Count++;
            return true;
        }

        /// <summary>Removes a key; false if it is not there.</summary>
        public bool Remove(in Slot removed)
        {
            var hole = Count == 0 ? -1 : Find(slots, removed);
            if (hole < 0 || !slots[hole].IsTaken)
            {
                return false;
            }

            // What was put further on because the place was taken moves up, or it would not be found any more.
            var mask = slots.Length - 1;
            for (var next = (hole + 1) & mask; slots[next].IsTaken; next = (next + 1) & mask)
            {
                var home = slots[next].Hash() & mask;
                if (((next - home) & mask) >= ((next - hole) & mask))
                {
                    slots[hole] = slots[next];
                    hole = next;
                }
            }

            slots[hole] = default;
            anyTime = null;
            Count--;
            return true;
        }

        // The slot of the key, or the empty one where it belongs.
        private static int Find(Slot[] slots, in Slot sought)
        {
            var mask = slots.Length - 1;
            var index = sought.Hash() & mask;
            while (slots[index].IsTaken && !slots[index].IsSame(sought))
            {
                index = (index + 1) & mask;
            }

            return index;
        }

        private void Grow()
        {
            var grown = new Slot[Math.Max(8, 2 * slots.Length)];
            foreach (var slot in slots)
            {
                if (slot.IsTaken)
                {
                    grown[Find(grown, slot)] = slot;
                }
            }

            slots = grown;
        }
    }

    /// <summary>A key and its time within the minute; empty by default.</summary>
    [StructLayout(LayoutKind.Sequential, Pack = sizeof(ushort))]
    private readonly struct Slot(EventKey key, long occurredAtMs)
    {
        private readonly ulong high = (ulong)(key.Value >> 64);
        private readonly ulong low = (ulong)key.Value;
        private readonly ushort timeAndOne = (ushort)(occurredAtMs - (MinuteOf(occurredAtMs) * MinuteMs) + 1);

        public bool IsTaken => timeAndOne != 0;

        public EventKey Key => new(new UInt128(high, low));

        public bool IsSame(in Slot other) => low == other.low && high == other.high && timeAndOne == other.timeAndOne;

        public int Hash() => KeyHash.Of(high, low, timeAndOne);
    }
}
