using System.Buffers.Binary;
using System.IO.Compression;
using SiemForwarder.Events.Bytes;

namespace SiemForwarder.Service.Inbox;

/// <summary>The bytes of a request, with the room that they take; given back when disposed.</summary>
internal sealed class InboxBody(InboxShare share) : IDisposable
{
    private readonly PooledBuffer buffer = new();
    private int taken;

    public int Length => buffer.Length;

    public ReadOnlyMemory<byte> Bytes => buffer.Memory;

    /// <summary>Reads a stream to its end; null where all was read, else why not. The room for it grows with what arrives.</summary>
    /// <param name="stream">Where to read.</param>
    /// <param name="expected">Bytes that are announced; 0 where none are.</param>
    /// <param name="maxBytes">Most bytes to take.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    public async Task<PushRefusal?> FillAsync(Stream stream, long expected, int maxBytes, CancellationToken cancellationToken)
    {
        if (expected > maxBytes)
        {
            return PushRefusal.TooLarge($"A request may have at most {maxBytes} bytes; send the events in several.");
        }

        // Room is taken as bytes arrive: to announce many costs a sender nothing.
        return await buffer.FillAsync(stream, maxBytes + 1, TryTake, cancellationToken) switch
        {
            BufferFill.NoRoom => PushRefusal.Full,
            BufferFill.Full => PushRefusal.TooLarge(
                $"A request may have at most {maxBytes} bytes, also after gzip is undone; send the events in several."),
            _ => null,
        };
    }

    /// <summary>Undoes gzip (RFC 1952) into another body; null where it was done, else why not.</summary>
    public async Task<PushRefusal?> UnzipAsync(InboxBody plain, int maxBytes, CancellationToken cancellationToken)
    {
        try
        {
            await using var gzip = new GZipStream(buffer.OpenRead(), CompressionMode.Decompress);
            return await plain.FillAsync(gzip, 0, maxBytes, cancellationToken) ?? CheckWhole(plain);
        }
        catch (InvalidDataException)
        {
            return PushRefusal.Malformed("The body is not gzip, as Content-Encoding says.");
        }
    }

    // The stream takes the end of what it has for the end of all: the length at the end of a member tells (RFC 1952 section 2.3.1).
    private PushRefusal? CheckWhole(InboxBody plain) =>
        Length < sizeof(uint) || BinaryPrimitives.ReadUInt32LittleEndian(Bytes.Span[^sizeof(uint)..]) != (uint)plain.Length
            ? PushRefusal.Malformed("The body is gzip that was cut off, or of several members; send it whole and in one.")
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
