using System.Numerics;
using Microsoft.Extensions.Options;
using SiemForwarder.Service.Memory;

namespace SiemForwarder.Service.Inbox;

/// <summary>Limits the total memory of all requests and shares it out, so that neither a single source nor unauthenticated senders can use all of it.</summary>
/// <remarks>
/// A source may use half of the memory. Requests that are not authenticated yet, because their signature can only be checked once the body is
/// complete, may use a quarter per source and half in total; when that is full, the oldest of them is evicted, so that steady senders get through
/// however many stall. Whatever the shares, there is room for one request of the maximum size.
/// </remarks>
/// <param name="options">The limits.</param>
/// <param name="memory">The memory of the process, of which all of it is one share.</param>
internal sealed class InboxMemoryBudget(IOptions<InboxOptions> options, MemoryBudget memory)
{
    // Some requests as Keycloak's plug-ins send them.
    private const long MinBytes = 16L * 1024 * 1024;

    private readonly MemoryShare pushes = memory.Open(
        MemoryPart.Pushes, Math.Max(MinBytes, 2 * LargestOf(options.Value)), options.Value.MaxPendingBytes);

    private readonly Lock guard = new();
    private readonly Dictionary<int, SourceUse> uses = [];
    private readonly LinkedList<InboxShare> strangers = new();
    private long taken;
    private long takenByStrangers;

    private long Total => options.Value.MaxPendingBytes;

    private long OfSource => Part(2);

    private long OfStrangers => Part(2);

    private long OfStrangersOfSource => Part(4);

    /// <summary>Opens the share of a request, initially empty.</summary>
    /// <param name="sourceId">The source it is sent to.</param>
    /// <param name="isProven">Whether the sender is known to be authorized.</param>
    public InboxShare Open(int sourceId, bool isProven)
    {
        var share = new InboxShare(this, sourceId, isProven);
        if (!isProven)
        {
            lock (guard)
            {
                strangers.AddLast(share);
            }
        }

        return share;
    }

    /// <summary>Reserves memory for a request, if necessary by evicting older unauthenticated ones; reserves nothing if too little is left.</summary>
    public bool TryTake(InboxShare share, int bytes)
    {
        lock (guard)
        {
            if (!uses.TryGetValue(share.SourceId, out var use))
            {
                uses[share.SourceId] = use = new SourceUse();
            }

            while (!share.IsEvicted && !(Fits(share, use, bytes, out var isSourceFull) && pushes.TryTake(bytes)))
            {
                if (strangers.FirstOrDefault(one => one != share && (!isSourceFull || one.SourceId == share.SourceId)) is not { } oldest)
                {
                    return false;
                }

                Remove(oldest);
                oldest.Evict();
            }

            if (share.IsEvicted)
            {
                return false;
            }

            Add(share, use, bytes);
            return true;
        }
    }

    public void Give(InboxShare share, int bytes)
    {
        lock (guard)
        {
            if (!share.IsEvicted && uses.TryGetValue(share.SourceId, out var use))
            {
                Add(share, use, -bytes);
                pushes.Give(bytes);
            }
        }
    }

    /// <summary>Marks the sender as authorized, so that its share can no longer be evicted. False if it was already evicted.</summary>
    public bool Prove(InboxShare share)
    {
        lock (guard)
        {
            if (!share.IsProven && !share.IsEvicted)
            {
                strangers.Remove(share);
                takenByStrangers -= share.Bytes;
                uses.GetValueOrDefault(share.SourceId)?.TakeFromStrangers(share.Bytes);
                share.IsProven = true;
            }

            return !share.IsEvicted;
        }
    }

    public void Close(InboxShare share)
    {
        lock (guard)
        {
            if (!share.IsEvicted)
            {
                Remove(share);
            }
        }
    }

    private bool Fits(InboxShare share, SourceUse use, int bytes, out bool isSourceFull)
    {
        isSourceFull = use.Taken + bytes > OfSource || (!share.IsProven && use.TakenByStrangers + bytes > OfStrangersOfSource);
        return !isSourceFull && taken + bytes <= Total && (share.IsProven || takenByStrangers + bytes <= OfStrangers);
    }

    private void Remove(InboxShare share)
    {
        if (uses.TryGetValue(share.SourceId, out var use))
        {
            pushes.Give(share.Bytes);
            Add(share, use, -share.Bytes);
            if (use.Taken == 0)
            {
                uses.Remove(share.SourceId);
            }
        }

        strangers.Remove(share);
    }

    private void Add(InboxShare share, SourceUse use, int bytes)
    {
        taken += bytes;
        use.Taken += bytes;
        share.Bytes += bytes;
        if (!share.IsProven)
        {
            takenByStrangers += bytes;
            use.TakenByStrangers += bytes;
        }
    }

    private long Part(int divisor) => Math.Min(Total, Math.Max(Total / divisor, LargestOf(options.Value)));

    // The array that holds a request of the maximum size.
    private static long LargestOf(InboxOptions options) => BitOperations.RoundUpToPowerOf2((uint)options.MaxRequestBytes + 1);

    /// <summary>The memory used by the requests to one source.</summary>
    private sealed class SourceUse
    {
        public long Taken { get; set; }

        public long TakenByStrangers { get; set; }

        public void TakeFromStrangers(long bytes) => TakenByStrangers -= bytes;
    }
}
