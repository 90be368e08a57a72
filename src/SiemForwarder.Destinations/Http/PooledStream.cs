using System.Buffers;

namespace SiemForwarder.Destinations.Http;

/// <summary>A stream that is only written to and grows in rented memory.</summary>
internal sealed class PooledStream : Stream
{
    private byte[] buffer = [];
    private int length;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => length;

    public override long Position
    {
        get => length;
        set => throw new NotSupportedException();
    }

    public ReadOnlyMemory<byte> Written => buffer.AsMemory(0, length);

    public Span<byte> WrittenSpan => buffer.AsSpan(0, length);

    public void Clear() => length = 0;

    /// <summary>Room for so many bytes at the end, to be filled at once.</summary>
    public Span<byte> Take(int count)
    {
        Reserve(count);
        length += count;
        return buffer.AsSpan(length - count, count);
    }

    public override void Write(ReadOnlySpan<byte> bytes)
    {
        Reserve(bytes.Length);
        bytes.CopyTo(buffer.AsSpan(length));
        length += bytes.Length;
    }

    public override void Write(byte[] bytes, int offset, int count) => Write(bytes.AsSpan(offset, count));

    public override void WriteByte(byte value)
    {
        Reserve(1);
        buffer[length++] = value;
    }

    public override void Flush()
    {
    }

    public override int Read(byte[] target, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing && buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(buffer);
            buffer = [];
            length = 0;
        }

        base.Dispose(disposing);
    }

    private void Reserve(int count)
    {
        if (buffer.Length - length >= count)
        {
            return;
        }

        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(length + count, Math.Max(4096, buffer.Length * 2)));
        Written.CopyTo(larger);
        if (buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        buffer = larger;
    }
}
