using System.Buffers;
using System.Buffers.Text;

namespace SiemForwarder.Destinations.Sockets;

/// <summary>A pooled buffer into which a batch is framed, so that it is sent in a few large writes (RFC 6587 section 3.4).</summary>
internal sealed class SyslogFrames(SyslogFraming framing) : IDisposable
{
    private const int MaxCountLength = 11; // ten digits and a space
    private const int KeptBytes = 4 * 1024 * 1024;

    private static readonly SearchValues<byte> LineBreaks = SearchValues.Create("\r\n"u8);

    private byte[] buffer = [];
    private int length;

    /// <summary>The framed batch; valid until the next call.</summary>
    public ReadOnlyMemory<byte> Frame(DeliveryBatch batch)
    {
        Reserve(batch.Bytes.Length + (batch.Count * MaxCountLength));
        length = 0;
        for (var index = 0; index < batch.Count; index++)
        {
            if (framing == SyslogFraming.OctetCounting)
            {
                AppendCounted(batch[index].Span);
            }
            else
            {
                AppendLine(batch[index].Span);
            }
        }

        return buffer.AsMemory(0, length);
    }

    /// <summary>Gives away the array that begins with the framed batch, which the taker returns to the shared pool; the next batch gets another one.</summary>
    public byte[] Release()
    {
        var released = buffer;
        buffer = [];
        return released;
    }

    public void Dispose() => Return();

    private void AppendCounted(ReadOnlySpan<byte> message)
    {
        Utf8Formatter.TryFormat(message.Length, buffer.AsSpan(length), out var digits);
        length += digits;
        buffer[length++] = (byte)' ';
        message.CopyTo(buffer.AsSpan(length));
        length += message.Length;
    }

    private void AppendLine(ReadOnlySpan<byte> message)
    {
        var line = buffer.AsSpan(length, message.Length);
        message.CopyTo(line);
        // A line break inside would let the sender of an event inject another message.
        for (var at = line.IndexOfAny(LineBreaks); at >= 0; at = line.IndexOfAny(LineBreaks))
        {
            line[at] = (byte)' ';
        }

        length += message.Length;
        buffer[length++] = (byte)'\n';
    }

    private void Reserve(int size)
    {
        if (buffer.Length >= size && (buffer.Length <= KeptBytes || size > KeptBytes))
        {
            return;
        }

        Return();
        buffer = ArrayPool<byte>.Shared.Rent(size);
    }

    private void Return()
    {
        if (buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(buffer);
            buffer = [];
        }
    }
}
