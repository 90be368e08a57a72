using System.Buffers;
using System.Buffers.Binary;
using System.IO.Compression;
using System.Numerics;

namespace SiemForwarder.Service.Inbox;

/// <summary>Bytes in a pooled array, with the room that they take; given back when disposed.</summary>
internal sealed class InboxBody(InboxShare share) : IDisposable
{
    private const int FirstBytes = 4096;

    private byte[] array = [];
    private int taken;

    public int Length { get; private set; }

    public ReadOnlyMemory<byte> Bytes => array.AsMemory(0, Length);

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

        while (true)
        {
            // Room is taken as bytes arrive: to announce many costs a sender nothing.
            if (Length == array.Length && !TryGrow(Math.Min(Math.Max(array.Length * 2, FirstBytes), maxBytes + 1)))
            {
                return PushRefusal.Full;
            }

            var read = await stream.ReadAsync(array.AsMemory(Length), cancellationToken);
            if (read == 0)
            {
                return null;
            }

            Length += read;
            if (Length > maxBytes)
            {
                return PushRefusal.TooLarge($"A request may have at most {maxBytes} bytes, also after gzip is undone; send the events in several.");
            }
        }
    }

    /// <summary>Undoes gzip (RFC 1952) into another body; null where it was done, else why not.</summary>
    public async Task<PushRefusal?> UnzipAsync(InboxBody plain, int maxBytes, CancellationToken cancellationToken)
    {
        try
        {
            await using var gzip = new GZipStream(new MemoryStream(array, 0, Length, writable: false), CompressionMode.Decompress);
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
        if (array.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(array);
            array = [];
        }
    }

    private bool TryGrow(int bytes)
    {
        // What the pool will give: its arrays are powers of two.
        var rented = (int)BitOperations.RoundUpToPowerOf2((uint)bytes);
        if (!share.TryTake(rented - taken))
        {
            return false;
        }

        taken = rented;
        var larger = ArrayPool<byte>.Shared.Rent(rented);
        array.AsSpan(0, Length).CopyTo(larger);
        if (array.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(array);
        }

        array = larger;
        return true;
    }
}
