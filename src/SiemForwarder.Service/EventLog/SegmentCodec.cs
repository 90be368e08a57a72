using System.Buffers;
using System.Buffers.Binary;
using System.IO.Compression;
using SiemForwarder.Events;
using SiemForwarder.Events.Bytes;

namespace SiemForwarder.Service.EventLog;

/// <summary>Packs the events of one page into the three byte columns of a segment row, and back.</summary>
/// <remarks>
/// <c>keys</c>: 16 bytes per event, big-endian, concatenated. <c>times</c>: per event the difference to the previous one
/// (for the first, to <c>lowest_at</c>) as zigzag varint of milliseconds. <c>body</c>: uncompressed length of the rest as
/// 4 bytes little-endian, then, compressed, the varint length of every event and the bytes of every event: with Brotli quality 1 (codec 1), or as one
/// frame of Zstandard (codec 2, RFC 8878), with the dictionary of this folder where the frame says so.
/// </remarks>
internal static class SegmentCodec
{
    public const short Brotli = 1;

    /// <summary>A sixth smaller than Brotli, read in a third of the time; a single event takes little more than half the space.</summary>
    public const short Zstandard = 2;

    // Quality 1 packs login events to 84 bytes where Deflate's fastest takes 144, at the same speed; 2 to 5 gain nothing.
    private const int Quality = 1;
    private const int Window = 20;
    private const int OutputStep = 16 * 1024;

    public static byte[] PackKeys(IReadOnlyList<IncomingEvent> events)
    {
        var incoming = ListSpan.Of(events);
        var packed = new byte[incoming.Length * EventKey.Size];
        for (var i = 0; i < incoming.Length; i++)
        {
            incoming[i].Key.Write(packed.AsSpan(i * EventKey.Size));
        }

        return packed;
    }

    public static byte[] PackTimes(IReadOnlyList<IncomingEvent> events, long lowestAt)
    {
        var packed = new byte[events.Count * Varint.MaxSize];
        var (length, previous) = (0, lowestAt);
        foreach (ref readonly var incoming in ListSpan.Of(events))
        {
            length += Varint.Write(packed.AsSpan(length), Varint.Zigzag(incoming.OccurredAtMs - previous));
            previous = incoming.OccurredAtMs;
        }

        return packed[..length];
    }

    public static long[] UnpackTimes(ReadOnlySpan<byte> packed, int count, long lowestAt)
    {
        var times = new long[count];
        var previous = lowestAt;
        for (var i = 0; i < count; i++)
        {
            previous += Varint.Unzigzag(ReadNumber(ref packed));
            times[i] = previous;
        }

        return times;
    }

    public static EventKey[] UnpackKeys(ReadOnlySpan<byte> packed)
    {
        var keys = new EventKey[packed.Length / EventKey.Size];
        for (var i = 0; i < keys.Length; i++)
        {
            keys[i] = EventKey.Read(packed.Slice(i * EventKey.Size, EventKey.Size));
        }

        return keys;
    }

    /// <summary>Compresses; the array belongs to the caller.</summary>
    /// <param name="body">The bytes of the events.</param>
    /// <param name="codec"><see cref="Brotli"/> or <see cref="Zstandard"/>.</param>
    public static byte[] PackBody(SegmentBody body, short codec)
    {
        if (codec == Zstandard)
        {
            return ZstandardPress.Pack(body.Bytes);
        }

        using var packed = new PooledBuffer(OutputStep);
        var encoder = new BrotliEncoder(Quality, Window);
        try
        {
            BinaryPrimitives.WriteInt32LittleEndian(packed.Take(sizeof(int)), body.Length);
            Compress(ref encoder, body.Bytes, packed);
            return packed.Written.ToArray();
        }
        finally
        {
            encoder.Dispose();
        }
    }

    private static void Compress(ref BrotliEncoder encoder, ReadOnlySpan<byte> source, PooledBuffer output)
    {
        OperationStatus status;
        do
        {
            status = encoder.Compress(source, output.GetSpan(OutputStep), out var consumed, out var written, isFinalBlock: true);
            output.Advance(written);
            source = source[consumed..];
        }
        while (status == OperationStatus.DestinationTooSmall);

        if (status != OperationStatus.Done)
        {
            throw new InvalidOperationException($"Brotli ended with {status}.");
        }
    }

    /// <exception cref="InvalidDataException">The row is damaged or uses a codec that this version does not know.</exception>
    public static SegmentBody UnpackBody(short codec, ReadOnlySpan<byte> packed, int count)
    {
        if (codec is not (Brotli or Zstandard) || packed.Length < sizeof(int))
        {
            throw new InvalidDataException($"A segment of the event log uses codec {codec}, which this version cannot read.");
        }

        var length = BinaryPrimitives.ReadInt32LittleEndian(packed);
        if ((uint)length > (uint)Array.MaxLength)
        {
            throw new InvalidDataException("A segment of the event log is damaged: the length of its body is impossible.");
        }

        var buffer = SegmentBuffers.Rent(length);
        packed = packed[sizeof(int)..];
        return IsUnpacked(codec, packed, buffer.AsSpan(0, length)) ? SegmentBody.Read(buffer, length, count) : throw Damaged();
    }

    // Whether exactly so many bytes came out.
    private static bool IsUnpacked(short codec, ReadOnlySpan<byte> packed, Span<byte> target)
    {
        if (codec == Zstandard)
        {
            return ZstandardPress.TryUnpack(packed, target);
        }

        var decoder = default(BrotliDecoder);
        try
        {
            decoder.Decompress(packed, target, out var consumed, out var written);
            return written == target.Length
                && decoder.Decompress(packed[consumed..], stackalloc byte[1], out _, out var surplus) == OperationStatus.Done && surplus == 0;
        }
        finally
        {
            decoder.Dispose();
        }
    }

    private static InvalidDataException Damaged() => new("A segment of the event log is damaged: its body cannot be decompressed.");

    /// <summary>Reads a number from the front of packed bytes and advances past it.</summary>
    /// <exception cref="InvalidDataException">The row is damaged.</exception>
    public static ulong ReadNumber(ref ReadOnlySpan<byte> packed) => Varint.TryRead(ref packed, out var number)
        ? number
        : throw new InvalidDataException("A segment of the event log is damaged: a number is not terminated.");
}
