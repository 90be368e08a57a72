using System.Buffers;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace SiemForwarder.Events.Bytes;

/// <summary>Bytes that grow in an array of the shared pool.</summary>
/// <remarks>Not thread-safe. <see cref="Memory"/> and <see cref="Written"/> are valid until the buffer changes.</remarks>
public abstract class ByteBuffer : IBufferWriter<byte>
{
    /// <summary>Default size of the first array in bytes.</summary>
    public const int UsualBytes = 4096;

    private readonly int firstBytes;
    private readonly bool holdsSecrets;
    private byte[] array = [];

    /// <param name="firstBytes">Size of the first array in bytes; it is rented with the first byte.</param>
    /// <param name="holdsSecrets">Whether an array is erased before another may rent it.</param>
    private protected ByteBuffer(int firstBytes, bool holdsSecrets) => (this.firstBytes, this.holdsSecrets) = (firstBytes, holdsSecrets);

    /// <summary>Bytes written so far.</summary>
    public int Length { get; private set; }

    public ReadOnlyMemory<byte> Memory => array.AsMemory(0, Length);

    /// <summary>The same bytes, to be changed in place.</summary>
    public Span<byte> Written => array.AsSpan(0, Length);

    /// <summary>The same bytes as a stream; the buffer must not change while it is read.</summary>
    public Stream OpenRead() => new MemoryStream(array, 0, Length, writable: false);

    public void Clear() => Length = 0;

    /// <summary>Removes everything after <paramref name="length"/>.</summary>
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

    /// <summary>Appends the given number of bytes, which the caller fills immediately.</summary>
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

    /// <summary>Makes room for more bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void EnsureRoom(int count)
    {
        // Growing is a separate method, so that the check is inlined into every append.
        if (array.Length - Length < count)
        {
            MakeRoom(count);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void MakeRoom(int count) => Grow(Math.Max(Math.Max(Length + count, array.Length * 2), firstBytes));

    /// <summary>Appends a stream.</summary>
    /// <param name="stream">Read to its end, or up to the limit.</param>
    /// <param name="maxBytes">Maximum size of the buffer in bytes.</param>
    /// <param name="mayGrow">Asked for the size of every larger array, in bytes, before it is rented; null if there is always room.</param>
    /// <param name="cancellationToken">Cancels the attempt.</param>
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

    /// <summary>Returns the array to the pool; the buffer is empty and can be used again.</summary>
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
