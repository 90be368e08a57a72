using System.Buffers;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace SiemForwarder.Events.Bytes;

/// <summary>Bytes that grow in an array of the shared pool.</summary>
/// <remarks>For one thread at a time. What <see cref="Memory"/> and <see cref="Written"/> gave is valid until the buffer is changed.</remarks>
public abstract class ByteBuffer : IBufferWriter<byte>
{
    /// <summary>Bytes of the first array where nothing else is said.</summary>
    public const int UsualBytes = 4096;

    private readonly int firstBytes;
    private readonly bool holdsSecrets;
    private byte[] array = [];

    /// <param name="firstBytes">Bytes of the first array, which is rented when the first byte comes.</param>
    /// <param name="holdsSecrets">Whether an array is erased before another may rent it.</param>
    private protected ByteBuffer(int firstBytes, bool holdsSecrets) => (this.firstBytes, this.holdsSecrets) = (firstBytes, holdsSecrets);

    /// <summary>Bytes written so far.</summary>
    public int Length { get; private set; }

    public ReadOnlyMemory<byte> Memory => array.AsMemory(0, Length);

    /// <summary>The same bytes, to be changed in place.</summary>
    public Span<byte> Written => array.AsSpan(0, Length);

    /// <summary>The same bytes as a stream, which must end before the buffer is changed.</summary>
    public Stream OpenRead() => new MemoryStream(array, 0, Length, writable: false);

    public void Clear() => Length = 0;

    /// <summary>Takes back what was written after <paramref name="length"/>.</summary>
    public void Truncate(int length) => Length = length;

    public void Append(byte octet)
    {
        EnsureRoom(1);
        array[Length++] = octet;
    }

    public void Append(ReadOnlySpan<byte> bytes)
    {
        EnsureRoom(bytes.Length);
        bytes.CopyTo(array.AsSpan(Length));
        Length += bytes.Length;
    }

    /// <summary>So many bytes at the end, to be filled at once.</summary>
    public Span<byte> Take(int count)
    {
        EnsureRoom(count);
        Length += count;
        return array.AsSpan(Length - count, count);
    }

    public void Advance(int count) => Length += count;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        EnsureRoom(Math.Max(sizeHint, 1));
        return array.AsMemory(Length);
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        EnsureRoom(Math.Max(sizeHint, 1));
        return array.AsSpan(Length);
    }

    /// <summary>Makes room for so many bytes more.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void EnsureRoom(int count)
    {
        // Growing stands apart, so that the look at the room is inlined into every append.
        if (array.Length - Length < count)
        {
            MakeRoom(count);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void MakeRoom(int count) => Grow(Math.Max(Math.Max(Length + count, array.Length * 2), firstBytes));

    /// <summary>Reads a stream behind what is there already.</summary>
    /// <param name="stream">Read to its end, or until there are so many bytes.</param>
    /// <param name="maxBytes">Most bytes that the buffer may hold.</param>
    /// <param name="mayGrow">Asked for the size of every larger array, in bytes, before it is rented; null where there is always room.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    public async ValueTask<BufferFill> FillAsync(Stream stream, int maxBytes, Func<int, bool>? mayGrow, CancellationToken cancellationToken)
    {
        while (Length < maxBytes)
        {
            if (Length == array.Length)
            {
                var larger = SizeFor(Math.Min(Math.Max(array.Length * 2, firstBytes), maxBytes));
                if (mayGrow?.Invoke(larger) == false)
                {
                    return BufferFill.NoRoom;
                }

                Grow(larger);
            }

            var read = await stream.ReadAsync(array.AsMemory(Length, Math.Min(array.Length, maxBytes) - Length), cancellationToken);
            if (read == 0)
            {
                return BufferFill.Whole;
            }

            Length += read;
        }

        return BufferFill.Full;
    }

    /// <summary>Gives the array back; the buffer is empty and can be used again.</summary>
    private protected void Return()
    {
        var returned = array;
        (array, Length) = ([], 0);
        if (returned.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(returned, clearArray: holdsSecrets);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Grow(int size)
    {
        var larger = ArrayPool<byte>.Shared.Rent(SizeFor(size));
        var length = Length;
        array.AsSpan(0, length).CopyTo(larger);
        Return();
        (array, Length) = (larger, length);
    }

    // The arrays of the pool are powers of two up to this one.
    private static int SizeFor(int bytes) => bytes > 1 << 30 ? bytes : (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(bytes, 16));
}

/// <summary>A growing buffer that gives its array back to the pool when it is disposed.</summary>
/// <param name="firstBytes">Bytes of the first array.</param>
/// <param name="holdsSecrets">Whether an array is erased before another may rent it.</param>
public sealed class PooledBuffer(int firstBytes = ByteBuffer.UsualBytes, bool holdsSecrets = false) : ByteBuffer(firstBytes, holdsSecrets), IDisposable
{
    public void Dispose() => Return();
}

/// <summary>How the reading of a stream into a buffer ended.</summary>
public enum BufferFill
{
    /// <summary>The stream ended.</summary>
    Whole,

    /// <summary>The buffer holds as many bytes as it may; the stream may hold more.</summary>
    Full,

    /// <summary>The buffer was refused a larger array.</summary>
    NoRoom,
}
