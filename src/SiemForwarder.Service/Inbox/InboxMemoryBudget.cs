using System.Numerics;
using Microsoft.Extensions.Options;

namespace SiemForwarder.Service.Inbox;

/// <summary>Bounds the memory of all requests together and shares it out, so that neither one source nor strangers can take all of it.</summary>
/// <remarks>
/// A source has half of the room. What nobody has proven to be allowed to send yet, a body whose signature comes at its end, has a quarter of it
/// for each source and half of it for all; where that is full the oldest of them makes way, so that whoever sends steadily gets through, however
/// many hold back. Whatever the shares, there is room for one request of the greatest size.
/// </remarks>
internal sealed class InboxMemoryBudget(IOptions<InboxOptions> options)
{
    private readonly Lock guard = new();
    private readonly Dictionary<int, Use> uses = [];
    private readonly LinkedList<InboxShare> strangers = new();
    private long taken;
    private long takenByStrangers;

    private long Total => options.Value.MaxPendingBytes;

    private long OfSource => Part(2);

    private long OfStrangers => Part(2);

    private long OfStrangersOfSource => Part(4);

    /// <summary>The share of a request, empty at first.</summary>
    /// <param name="sourceId">Source that it is sent to.</param>
    /// <param name="isProven">Whether it is known that the sender may push.</param>
    public InboxShare Open(int sourceId, bool isProven)
    {
        var share = new InboxShare(this, sourceId) { IsProven = isProven };
        lock (guard)
        {
            if (!isProven)
            {
                strangers.AddLast(share);
            }

            return share;
        }
    }

    /// <summary>Takes room for a request, where need be that of older ones which have proven nothing; nothing where too little is left.</summary>
    public bool TryTake(InboxShare share, int bytes)
    {
        lock (guard)
        {
            if (!uses.TryGetValue(share.SourceId, out var use))
            {
                uses[share.SourceId] = use = new Use();
            }

            while (!share.IsEvicted && !Fits(share, use, bytes, out var isSourceFull))
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
            }
        }
    }

    /// <summary>Notes that the sender may push: what it holds is safe from strangers now. False where it made way already.</summary>
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

    private bool Fits(InboxShare share, Use use, int bytes, out bool isSourceFull)
    {
        isSourceFull = use.Taken + bytes > OfSource || (!share.IsProven && use.TakenByStrangers + bytes > OfStrangersOfSource);
        return !isSourceFull && taken + bytes <= Total && (share.IsProven || takenByStrangers + bytes <= OfStrangers);
    }

    private void Remove(InboxShare share)
    {
        if (uses.TryGetValue(share.SourceId, out var use))
        {
            Add(share, use, -share.Bytes);
            if (use.Taken == 0)
            {
                uses.Remove(share.SourceId);
            }
        }

        strangers.Remove(share);
    }

    private void Add(InboxShare share, Use use, int bytes)
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

    private long Part(int divisor) => Math.Min(Total, Math.Max(Total / divisor, BitOperations.RoundUpToPowerOf2((uint)options.Value.MaxRequestBytes + 1)));

    /// <summary>What the requests to one source hold.</summary>
    private sealed class Use
    {
        public long Taken { get; set; }

        public long TakenByStrangers { get; set; }

        public void TakeFromStrangers(long bytes) => TakenByStrangers -= bytes;
    }
}
