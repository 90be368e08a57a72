using System.Buffers;

namespace SiemForwarder.Destinations.Sockets;

/// <summary>Remembers the last framed batches that a peer's system acknowledged: what its program may not have read yet.</summary>
/// <remarks>
/// A reset throws away what stands unread in the peer's receive buffer, acknowledged or not. The window is as large as such a buffer, in whole
/// batches, and lives in memory: it does not outlive the process. Those who need more than that use RELP.
/// </remarks>
internal sealed class ResendWindow(int bytes) : IDisposable
{
    private readonly Queue<Entry> entries = new();
    private int held;

    /// <summary>The batches in the order in which they were sent.</summary>
    public IEnumerable<ReadOnlyMemory<byte>> Batches => entries.Select(entry => (ReadOnlyMemory<byte>)entry.Array.AsMemory(0, entry.Length));

    public int Bytes => held;

    public int Events { get; private set; }

    /// <summary>Keeps a copy of a batch, and forgets those that the window does not reach back to.</summary>
    public void Remember(ReadOnlyMemory<byte> framed, int events)
    {
        if (bytes == 0)
        {
            return;
        }

        var array = ArrayPool<byte>.Shared.Rent(framed.Length);
        framed.CopyTo(array);
        entries.Enqueue(new Entry(array, framed.Length, events));
        (held, Events) = (held + framed.Length, Events + events);
        while (entries.Count > 1 && held - entries.Peek().Length >= bytes)
        {
            Drop();
        }
    }

    public void Dispose()
    {
        while (entries.Count > 0)
        {
            Drop();
        }
    }

    private void Drop()
    {
        var oldest = entries.Dequeue();
        (held, Events) = (held - oldest.Length, Events - oldest.Events);
        ArrayPool<byte>.Shared.Return(oldest.Array);
    }

    private readonly record struct Entry(byte[] Array, int Length, int Events);
}
