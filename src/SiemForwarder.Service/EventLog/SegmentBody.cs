using SiemForwarder.Events.Bytes;

namespace SiemForwarder.Service.EventLog;

/// <summary>The bytes of the events of one page in one piece, behind the varints of their lengths: what a row holds, before it is compressed.</summary>
/// <remarks>
/// Large ones stand in buffers that are used again (<see cref="SegmentBuffers"/>), because new ones are what the garbage collector works on most.
/// A buffer is given back when the last of those who hold the body releases it; who never releases it leaves it to the garbage collector.
/// </remarks>
internal sealed class SegmentBody
{
    private readonly byte[] buffer;
    private readonly int[] ends;
    private readonly int start;
    private int holds = 1;

    private SegmentBody(byte[] buffer, int length, int start, int[] ends) => (this.buffer, Length, this.start, this.ends) = (buffer, length, start, ends);

    /// <summary>The number of events.</summary>
    public int Count => ends.Length;

    /// <summary>All bytes, lengths included.</summary>
    public int Length { get; }

    /// <summary>The bytes of the events alone.</summary>
    public int EventBytes => Length - start;

    /// <summary>The memory that it takes, in bytes.</summary>
    public int Weight => buffer.Length + (ends.Length * sizeof(int));

    /// <summary>All of it, as it is compressed.</summary>
    public ReadOnlySpan<byte> Bytes => buffer.AsSpan(0, Length);

    /// <summary>The bytes of one event, exactly as they came.</summary>
    public ReadOnlyMemory<byte> this[int index]
    {
        get
        {
            var begin = index == 0 ? start : ends[index - 1];
            return buffer.AsMemory(begin, ends[index] - begin);
        }
    }

    /// <summary>Puts the bytes of events together; held once, by the caller.</summary>
    public static SegmentBody Join(IReadOnlyList<IncomingEvent> events)
    {
        var (start, total) = (0, 0);
        var incoming = ListSpan.Of(events);
        foreach (ref readonly var one in incoming)
        {
            start += Varint.SizeOf((ulong)one.Body.Length);
            total += one.Body.Length;
        }

        var buffer = SegmentBuffers.Rent(start + total);
        var ends = new int[incoming.Length];
        var (place, end) = (0, start);
        for (var i = 0; i < ends.Length; i++)
        {
            var body = incoming[i].Body.Span;
            place += Varint.Write(buffer.AsSpan(place), (ulong)body.Length);
            body.CopyTo(buffer.AsSpan(end));
            ends[i] = end += body.Length;
        }

        return new SegmentBody(buffer, end, start, ends);
    }

    /// <summary>Takes bytes apart that were put together; held once, by the caller.</summary>
    /// <param name="buffer">From <see cref="SegmentBuffers"/>.</param>
    /// <param name="length">How many of its bytes count.</param>
    /// <param name="count">The number of events.</param>
    /// <exception cref="InvalidDataException">The lengths do not match the bytes.</exception>
    public static SegmentBody Read(byte[] buffer, int length, int count)
    {
        ReadOnlySpan<byte> rest = buffer.AsSpan(0, length);
        var ends = new int[count];
        var total = 0L;
        for (var i = 0; i < count; i++)
        {
            total += (long)(SegmentCodec.ReadNumber(ref rest) & int.MaxValue);
            ends[i] = (int)total;
        }

        if (total != rest.Length)
        {
            throw new InvalidDataException("A segment of the event log is damaged: the lengths of its events do not match its body.");
        }

        var start = length - rest.Length;
        foreach (ref var end in ends.AsSpan())
        {
            end += start;
        }

        return new SegmentBody(buffer, length, start, ends);
    }

    /// <summary>Holds it once more; only who holds it already, or has it from somebody who does, may.</summary>
    public void Retain() => Interlocked.Increment(ref holds);

    /// <summary>Releases it once. Nothing of it may be read afterwards, not even an event that was normalized from it.</summary>
    /// <exception cref="InvalidOperationException">It was released more often than held.</exception>
    public void Release()
    {
        switch (Interlocked.Decrement(ref holds))
        {
            case 0:
                SegmentBuffers.Return(buffer);
                break;
            case < 0:
                throw new InvalidOperationException("The body of a segment was released more often than it was held.");
        }
    }
}

/// <summary>Large buffers of segments that nobody reads any more, to be used again.</summary>
internal static class SegmentBuffers
{
    /// <summary>Up to here an array is an ordinary object, which costs the garbage collector less than a place here.</summary>
    public const int MinSize = 80 * 1024;

    private const int Step = 64 * 1024;
    private const long MaxFreeBytes = 16L * 1024 * 1024;

    private static readonly Lock Access = new();
    private static readonly List<byte[]> Free = [];
    private static long freeBytes;

    /// <summary>The memory of the buffers that wait to be used again, in bytes.</summary>
    public static long FreeBytes => Interlocked.Read(ref freeBytes);

    /// <summary>A buffer of at least that many bytes, with anything in it.</summary>
    public static byte[] Rent(int length)
    {
        if (length < MinSize)
        {
            return GC.AllocateUninitializedArray<byte>(length);
        }

        lock (Access)
        {
            // The last one returned is likeliest to be in the processor's caches.
            for (var i = Free.Count - 1; i >= 0; i--)
            {
                if (Free[i] is var known && known.Length >= length && known.Length <= length + (length / 2) + Step)
                {
                    Free.RemoveAt(i);
                    freeBytes -= known.Length;
                    return known;
                }
            }
        }

        return GC.AllocateUninitializedArray<byte>((int)Math.Min(Array.MaxLength, ((long)length + Step - 1) / Step * Step));
    }

    /// <summary>Gives a buffer back.</summary>
    public static void Return(byte[] buffer)
    {
        if (buffer.Length < MinSize)
        {
            return;
        }

#if DEBUG
        // Whoever still reads it finds no event, in every test.
        buffer.AsSpan().Fill(0xDD);
#endif
        lock (Access)
        {
            Free.Add(buffer);
            freeBytes += buffer.Length;
            while (freeBytes > MaxFreeBytes)
            {
                freeBytes -= Free[0].Length;
                Free.RemoveAt(0);
            }
        }
    }

    /// <summary>Leaves all of them to the garbage collector.</summary>
    public static void Clear()
    {
        lock (Access)
        {
            Free.Clear();
            freeBytes = 0;
        }
    }
}
