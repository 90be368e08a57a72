namespace SiemForwarder.Service.Memory;

/// <summary>What takes memory by size, in the order in which it makes way for the rest: what is cheap to fill again comes first.</summary>
internal enum MemoryPart
{
    /// <summary>Stored segments that were appended or read lately; dropped ones are read again.</summary>
    Segments,

    /// <summary>Keys by which events that come again are recognized; dropped ones are read again.</summary>
    Keys,

    /// <summary>Batches kept to be sent again after a connection ended abnormally; their minimum is all they may take.</summary>
    Resends,

    /// <summary>Batches that are prepared or sent; they get smaller.</summary>
    Batches,

    /// <summary>Requests with pushed events; the last to be refused, with 503.</summary>
    Pushes,
}

/// <summary>The memory of a process for all that can do with less of it, divided into shares.</summary>
/// <remarks>
/// A share always gets its minimum, which no other share can take. Beyond it, it gets what the others have left; if that is too little, the shares of the parts
/// before its own are asked to give some back. What cannot wait is taken all the same (<see cref="MemoryShare.Take"/>): it leaves the others less room.
/// </remarks>
internal sealed class MemoryBudget(long bytes)
{
    /// <summary>A budget that is never short, for what is used outside of a service.</summary>
    public static MemoryBudget Unlimited => new(long.MaxValue / 2);

    private readonly Lock access = new();
    private readonly SortedList<MemoryPart, MemoryShare> shares = [];

    /// <summary>Bytes to divide: as set, or the sum of the minimums if that is more.</summary>
    public long Bytes
    {
        get
        {
            lock (access)
            {
                return Total;
            }
        }
    }

    /// <summary>The shares in the order in which they make way.</summary>
    public IReadOnlyList<MemoryShare> Shares
    {
        get
        {
            lock (access)
            {
                return [.. shares.Values];
            }
        }
    }

    private long Total => Math.Max(bytes, shares.Values.Sum(share => share.Minimum));

    /// <summary>Opens the share of a part, at first empty.</summary>
    /// <param name="part">The part; it has no share yet.</param>
    /// <param name="minimum">Bytes that it always gets.</param>
    /// <param name="most">Bytes that it never exceeds unless it must.</param>
    public MemoryShare Open(MemoryPart part, long minimum, long most)
    {
        lock (access)
        {
            var share = new MemoryShare(this, part, Math.Min(minimum, most), most);
            shares.Add(part, share);
            return share;
        }
    }

    /// <summary>Asks every share to give back all that it can do without, because nothing happens.</summary>
    public void GiveBackIdle()
    {
        foreach (var share in Shares)
        {
            share.GiveBack?.Invoke(long.MaxValue);
        }
    }

    internal bool TryTake(MemoryShare share, long wanted) => TryTakeFree(share, wanted) || MakeWay(share, wanted);

    internal void Take(MemoryShare share, long taken)
    {
        lock (access)
        {
            share.Taken += taken;
        }
    }

    internal long RoomOf(MemoryShare share)
    {
        lock (access)
        {
            return Room(share);
        }
    }

    private bool TryTakeFree(MemoryShare share, long wanted)
    {
        lock (access)
        {
            var isFree = share.Taken + wanted <= Room(share);
            share.Taken += isFree ? wanted : 0;
            return isFree;
        }
    }

    // Asked without the lock: whoever gives something back may hold locks of its own.
    private bool MakeWay(MemoryShare share, long wanted)
    {
        foreach (var other in Shares)
        {
            // Where its own limit is in the way, the others cannot help.
            if (other.Part >= share.Part || share.Taken + wanted > share.Most)
            {
                break;
            }

            if (other.GiveBack is { } giveBack && other.Taken > other.Minimum)
            {
                giveBack(Math.Min(Missing(share, wanted), other.Taken - other.Minimum));
                if (TryTakeFree(share, wanted))
                {
                    return true;
                }
            }
        }

        return false;
    }

    private long Missing(MemoryShare share, long wanted)
    {
        lock (access)
        {
            return Math.Max(0, Held(share) + Math.Max(share.Minimum, share.Taken + wanted) - Total);
        }
    }

    // What a share may hold: its minimum in any case, and beyond it what the others neither hold nor are sure to get.
    private long Room(MemoryShare share) => Math.Max(share.Minimum, Math.Min(share.Most, Total - Held(share)));

    private long Held(MemoryShare except)
    {
        var held = 0L;
        foreach (var share in shares.Values)
        {
            // What one must take beyond its limit is not the others' loss.
            held += share == except ? 0 : Math.Clamp(share.Taken, share.Minimum, share.Most);
        }

        return held;
    }
}

/// <summary>The share of one part in the memory of the process.</summary>
internal sealed class MemoryShare(MemoryBudget budget, MemoryPart part, long minimum, long most)
{
    private long taken;

    public MemoryPart Part => part;

    /// <summary>The part in metrics and answers.</summary>
    public string Name { get; } = part.ToString().ToLowerInvariant();

    /// <summary>Bytes that it always gets.</summary>
    public long Minimum => minimum;

    /// <summary>Bytes that it never exceeds, but for what cannot wait.</summary>
    public long Most => most;

    /// <summary>Bytes that it holds; changed only by the budget.</summary>
    public long Taken
    {
        get => Interlocked.Read(ref taken);
        set => Interlocked.Exchange(ref taken, value);
    }

    /// <summary>Bytes that it may hold now, with those that it holds.</summary>
    public long Room => budget.RoomOf(this);

    /// <summary>Gives back at least so many bytes, if it can, but for its minimum; all that is idle if the number is <see cref="long.MaxValue"/>.
    /// Null where the part looks at <see cref="Room"/> by itself.</summary>
    /// <remarks>May be called on any thread, while another share waits for it.</remarks>
    public Action<long>? GiveBack { get; set; }

    /// <summary>Takes some bytes; false, with nothing taken, if too little is left.</summary>
    public bool TryTake(long bytes) => budget.TryTake(this, bytes);

    /// <summary>Takes bytes that are in use already, however many are left; gives back what is negative.</summary>
    public void Take(long bytes) => budget.Take(this, bytes);

    public void Give(long bytes) => budget.Take(this, -bytes);
}
