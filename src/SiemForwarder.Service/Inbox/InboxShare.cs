namespace SiemForwarder.Service.Inbox;

/// <summary>The memory reserved for one request; released on disposal.</summary>
internal sealed class InboxShare(InboxMemoryBudget room, int sourceId, bool isProven) : IDisposable
{
    // What is proven from the start is never evicted.
    private readonly CancellationTokenSource? evicted = isProven ? null : new();

    public int SourceId => sourceId;

    /// <summary>Reserved bytes; changed only by the budget.</summary>
    public int Bytes { get; set; }

    /// <summary>Whether the sender is authenticated.</summary>
    public bool IsProven { get; set; } = isProven;

    /// <summary>Whether it was evicted in favour of another request.</summary>
    public bool IsEvicted { get; private set; }

    /// <summary>Cancels reading on eviction.</summary>
    public CancellationToken Evicted => evicted?.Token ?? CancellationToken.None;

    public bool TryTake(int bytes) => room.TryTake(this, bytes);

    public void Give(int bytes) => room.Give(this, bytes);

    public bool Prove() => room.Prove(this);

    /// <summary>Evicts the request: its memory no longer counts, and reading is cancelled.</summary>
    public void Evict()
    {
        IsEvicted = true;
        // The callbacks run on another thread because the caller holds the lock of the budget.
        _ = evicted?.CancelAsync();
    }

    public void Dispose()
    {
        room.Close(this);
        if (!IsEvicted)
        {
            evicted?.Dispose();
        }
    }
}
