using System.Buffers.Binary;
using System.IO.Compression;
using SiemForwarder.Events.Bytes;

namespace SiemForwarder.Service.Inbox;

/// <summary>The bytes of a request and their share of the memory budget; released on disposal.</summary>
internal sealed class InboxBody(InboxShare share) : IDisposable
{
    private readonly PooledBuffer buffer = new();
    private int taken;

    public int Length => buffer.Length;

    public ReadOnlyMemory<byte> Bytes => buffer.Memory;

    /// <summary>Reads a stream to its end; null on success, otherwise the refusal. The memory for it grows as bytes arrive.</summary>
    /// <param name="stream">The stream to read.</param>
    /// <param name="expected">Announced number of bytes; 0 if none is announced.</param>
    /// <param name="maxBytes">Maximum number of bytes to read.</param>
    /// <param name="cancellationToken">Cancels the attempt.</param>
    public async ValueTask<PushRefusal?> FillAsync(Stream stream, long expected, int maxBytes, CancellationToken cancellationToken)
    {
        if (expected > maxBytes)
        {
            return PushRefusal.TooLarge($"A request may have at most {maxBytes} bytes; split the events into several requests.");
        }

        // Memory is reserved as bytes arrive, because announcing many bytes costs a sender nothing.
        return await buffer.FillAsync(stream, maxBytes + 1, TryTake, cancellationToken) switch
        {
            BufferFill.NoRoom => PushRefusal.Full,
            BufferFill.Full => PushRefusal.TooLarge(
                $"A request may have at most {maxBytes} bytes, also after decompression; split the events into several requests."),
            _ => null,
        };
    }

    /// <summary>Decompresses gzip (RFC 1952) into another body; null on success, otherwise the refusal.</summary>
    public async Task<PushRefusal?> UnzipAsync(InboxBody plain, int maxBytes, CancellationToken cancellationToken)
    {
        try
        {
            await using var gzip = new GZipStream(buffer.OpenRead(), CompressionMode.Decompress);
            return await plain.FillAsync(gzip, 0, maxBytes, cancellationToken) ?? CheckWhole(plain);
        }
        catch (InvalidDataException)
        {
            return PushRefusal.Malformed("Content-Encoding says gzip, but the body is not gzip.");
        }
    }

    // GZipStream does not detect truncation; the length at the end of the member does (RFC 1952 section 2.3.1).
    private PushRefusal? CheckWhole(InboxBody plain) =>
        Length < sizeof(uint) || BinaryPrimitives.ReadUInt32LittleEndian(Bytes.Span[^sizeof(uint)..]) != (uint)plain.Length
            ? PushRefusal.Malformed("The gzip body is truncated or has several members; send it complete and as one member.")
            : null;

    public void Dispose()
    {
        share.Give(taken);
        taken = 0;
        buffer.Dispose();
    }

    private bool TryTake(int bytes)
    {
        if (!share.TryTake(bytes - taken))
        {
            return false;
        }

        taken = bytes;
        return true;
    }
}
