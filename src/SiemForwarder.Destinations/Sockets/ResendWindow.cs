using System.Buffers;

namespace SiemForwarder.Destinations.Sockets;

/// <summary>Remembers the last framed batches acknowledged by the peer's system, which its program may not have read yet.</summary>
/// <remarks>
/// A reset discards whatever is unread in the peer's receive buffer, acknowledged or not. The window is as large as such a buffer, in whole
/// batches, and exists only in memory: it does not outlive the process. Use RELP if that is not enough.
/// </remarks>
internal sealed class ResendWindow : IDisposable
{
    private readonly int bytes;
    private readonly ResendBudget budget;
    private readonly Queue<Entry> entries = new();
    private int held;
    private bool isLeft;

    /// <param name="bytes">How far back it reaches; 0 to disable it.</param>
    /// <param name="budget">The budget shared by all windows.</param>
    public ResendWindow(int bytes, ResendBudget budget)
    {
        (this.bytes, this.budget) = (bytes, budget);
        this.budget.Join();
    }

    /// <summary>The batches, in the order they were sent.</summary>
    public IEnumerable<ReadOnlyMemory<byte>> Batches => entries.Select(entry => (ReadOnlyMemory<byte>)entry.Array.AsMemory(0, entry.Length));

    public int Bytes => held;

    public int Events { get; private set; }

    /// <summary>Keeps a batch, and drops those beyond the window's reach.</summary>
    /// <param name="array">Begins with the framed batch; from the shared pool, and from now on the window's.</param>
    /// <param name="length">Bytes of the batch.</param>
    /// <param name="events">Its events.</param>
    public void Remember(byte[] array, int length, int events)
    {
        if (bytes == 0)
        {
            ArrayPool<byte>.Shared.Return(array);
            return;
        }

        entries.Enqueue(new Entry(array, length, events));
        (held, Events) = (held + length, Events + events);
        budget.Take(array.Length);
        var reach = Math.Min(bytes, budget.Share);
        while (entries.Count > 1 && held - entries.Peek().Length >= reach)
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

        if (!isLeft)
        {
            isLeft = true;
            budget.Leave();
        }
    }

    private void Drop()
    {
        var oldest = entries.Dequeue();
        (held, Events) = (held - oldest.Length, Events - oldest.Events);
        budget.Give(oldest.Array.Length);
        ArrayPool<byte>.Shared.Return(oldest.Array);
    }

    private readonly record struct Entry(byte[] Array, int Length, int Events);
}

/// <summary>What all resend windows of a process may hold together: below the limit each keeps its own size, above it an equal share.</summary>
/// <param name="maxBytes">Asked for the limit in bytes, which may change.</param>
/// <param name="changed">Told how many bytes more the windows hold; fewer if it is negative.</param>
public sealed class ResendBudget(Func<long> maxBytes, Action<long>? changed = null)
{
    private int windows;
    private long taken;

    /// <summary>The budget of destinations that no service opens.</summary>
    public static ResendBudget Unlimited { get; } = new(static () => long.MaxValue);

    /// <summary>Bytes held in the arrays of all windows.</summary>
    public long Taken => Volatile.Read(ref taken);

    /// <summary>How far back a window may currently reach, in bytes.</summary>
    internal int Share => maxBytes() is var most && Taken <= most ? int.MaxValue : (int)Math.Min(int.MaxValue, most / Math.Max(1, Volatile.Read(ref windows)));

    internal void Join() => Interlocked.Increment(ref windows);

    internal void Leave() => Interlocked.Decrement(ref windows);

    internal void Take(int size)
    {
        Interlocked.Add(ref taken, size);
        changed?.Invoke(size);
    }

    internal void Give(int size) => Take(-size);
}
