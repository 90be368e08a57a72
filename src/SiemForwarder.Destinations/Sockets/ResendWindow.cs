using System.Buffers;

namespace SiemForwarder.Destinations.Sockets;

/// <summary>Remembers the last framed batches that a peer's system acknowledged: what its program may not have read yet.</summary>
/// <remarks>
/// A reset throws away what stands unread in the peer's receive buffer, acknowledged or not. The window is as large as such a buffer, in whole
/// batches, and lives in memory: it does not outlive the process. Those who need more than that use RELP.
/// </remarks>
internal sealed class ResendWindow : IDisposable
{
    private readonly int bytes;
    private readonly ResendBudget budget;
    private readonly Queue<Entry> entries = new();
    private int held;
    private bool isLeft;

    /// <param name="bytes">How far back it reaches; 0 for not at all.</param>
    /// <param name="budget">What all windows share; that of the process unless said otherwise.</param>
    public ResendWindow(int bytes, ResendBudget? budget = null)
    {
        (this.bytes, this.budget) = (bytes, budget ?? ResendBudget.OfProcess);
        this.budget.Join();
    }

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

/// <summary>What all resend windows of a process may hold together: while there is room each holds its own, beyond that an equal share.</summary>
internal sealed class ResendBudget(long maxBytes)
{
    private const long UsualBytes = 128L * 1024 * 1024;
    private int windows;
    private long taken;

    public static ResendBudget OfProcess { get; } = new(UsualBytes);

    /// <summary>Bytes that the arrays of all windows take.</summary>
    public long Taken => Volatile.Read(ref taken);

    /// <summary>How far back a window may reach now.</summary>
    public int Share => Taken <= maxBytes ? int.MaxValue : (int)Math.Min(int.MaxValue, maxBytes / Math.Max(1, Volatile.Read(ref windows)));

    public void Join() => Interlocked.Increment(ref windows);

    public void Leave() => Interlocked.Decrement(ref windows);

    public void Take(int size) => Interlocked.Add(ref taken, size);

    public void Give(int size) => Interlocked.Add(ref taken, -size);
}
