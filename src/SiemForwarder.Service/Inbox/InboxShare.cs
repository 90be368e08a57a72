namespace SiemForwarder.Service.Inbox;

/// <summary>The room that one request holds; given back when disposed.</summary>
internal sealed class InboxShare(InboxMemoryBudget room, int sourceId) : IDisposable
{
    private readonly CancellationTokenSource evicted = new();

    public int SourceId => sourceId;

    /// <summary>Bytes that it holds; moved by the room alone.</summary>
    public int Bytes { get; set; }

    /// <summary>Whether the sender has proven that it may push.</summary>
    public bool IsProven { get; set; }

    /// <summary>Whether it made way for another.</summary>
    public bool IsEvicted { get; private set; }

    /// <summary>Ends the reading where it makes way.</summary>
    public CancellationToken Evicted => evicted.Token;

    public bool TryTake(int bytes) => room.TryTake(this, bytes);

    public void Give(int bytes) => room.Give(this, bytes);

    public bool Prove() => room.Prove(this);

    /// <summary>Makes way: what it holds counts no more, and its reading ends.</summary>
    public void Evict()
    {
        IsEvicted = true;
        // The callbacks run on another thread: the caller holds the lock of the room.
        _ = evicted.CancelAsync();
    }

    public void Dispose()
    {
        room.Close(this);
        if (!IsEvicted)
        {
            evicted.Dispose();
        }
    }
}
