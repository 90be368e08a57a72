using System.Buffers;
using System.Buffers.Binary;
using System.IO.Compression;
using SiemForwarder.Events;
using SiemForwarder.Events.Bytes;

namespace SiemForwarder.Service.EventLog;

/// <summary>Packs the events of one page into the three byte columns of a segment row, and back.</summary>
/// <remarks>
/// <c>keys</c>: 16 bytes per event, big-endian, concatenated. <c>times</c>: per event the difference to the previous one
/// (for the first, to <c>lowest_at</c>) as zigzag varint of milliseconds. <c>body</c> (codec 1): uncompressed length of the rest as
/// 4 bytes little-endian, then, compressed with Brotli quality 1, the varint length of every event and the bytes of every event.
/// </remarks>
internal static class SegmentCodec
{
    public const short Brotli = 1;

    // Quality 1 packs login events to 84 bytes where Deflate's fastest takes 144, at the same speed; 2 to 5 gain nothing.
    private const int Quality = 1;
    private const int Window = 20;

    // What Brotli compresses at a time at this quality.
    private const int MaxShortBody = 128 * 1024;
    private const int OutputStep = 16 * 1024;

    public static byte[] PackKeys(IReadOnlyList<IncomingEvent> events)
    {
        var packed = new byte[events.Count * EventKey.Size];
        for (var i = 0; i < events.Count; i++)
        {
            events[i].Key.Write(packed.AsSpan(i * EventKey.Size));
        }

        return packed;
    }

    public static byte[] PackTimes(IReadOnlyList<IncomingEvent> events, long lowestAt)
    {
        var packed = new byte[events.Count * Varint.MaxSize];
        var (length, previous) = (0, lowestAt);
        foreach (var incoming in events)
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

    /// <summary>Concatenates the bytes of all events and returns where each ends; the form that a cached segment keeps.</summary>
    public static (byte[] Bytes, int[] Ends) Join(IReadOnlyList<IncomingEvent> events)
    {
        var ends = new int[events.Count];
        var total = 0;
        for (var i = 0; i < ends.Length; i++)
        {
            ends[i] = total += events[i].Body.Length;
        }

        var bytes = GC.AllocateUninitializedArray<byte>(total);
        for (var i = 0; i < ends.Length; i++)
        {
            events[i].Body.Span.CopyTo(bytes.AsSpan(i == 0 ? 0 : ends[i - 1]));
        }

        return (bytes, ends);
    }

    /// <summary>Compresses; the array belongs to the caller.</summary>
    public static byte[] PackBody(ReadOnlySpan<byte> bytes, ReadOnlySpan<int> ends)
    {
        // A long body is compressed where it stands; a short one behind its lengths, for fewer bytes. Nothing as long as a body is rented: the pool would
        // keep such an array for every thread.
        var isShort = bytes.Length <= MaxShortBody;
        var first = ArrayPool<byte>.Shared.Rent((ends.Length * Varint.MaxSize) + (isShort ? bytes.Length : 0));
        using var packed = new PooledBuffer(OutputStep);
        var encoder = new BrotliEncoder(Quality, Window);
        try
        {
            var (length, previous) = (0, 0);
            foreach (var end in ends)
            {
                length += Varint.Write(first.AsSpan(length), (ulong)(end - previous));
                previous = end;
            }

            BinaryPrimitives.WriteInt32LittleEndian(packed.Take(sizeof(int)), length + bytes.Length);
            if (isShort)
            {
                bytes.CopyTo(first.AsSpan(length));
                Compress(ref encoder, first.AsSpan(0, length + bytes.Length), isLast: true, packed);
            }
            else
            {
                Compress(ref encoder, first.AsSpan(0, length), isLast: false, packed);
                Compress(ref encoder, bytes, isLast: true, packed);
            }

            return packed.Written.ToArray();
        }
        finally
        {
            encoder.Dispose();
            ArrayPool<byte>.Shared.Return(first);
        }
    }

    private static void Compress(ref BrotliEncoder encoder, ReadOnlySpan<byte> source, bool isLast, PooledBuffer output)
    {
        OperationStatus status;
        do
        {
            status = encoder.Compress(source, output.GetSpan(OutputStep), out var consumed, out var written, isLast);
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
    public static (byte[] Bytes, int[] Ends) UnpackBody(short codec, ReadOnlySpan<byte> packed, int count)
    {
        if (codec != Brotli || packed.Length < sizeof(int))
        {
            throw new InvalidDataException($"A segment of the event log uses codec {codec}, which this version cannot read.");
        }

        var length = BinaryPrimitives.ReadInt32LittleEndian(packed);
        if ((uint)length > (uint)Array.MaxLength)
        {
            throw new InvalidDataException("A segment of the event log is damaged: the length of its body is impossible.");
        }

        packed = packed[sizeof(int)..];
        // The lengths, and what follows them in as many bytes as they could take.
        var first = ArrayPool<byte>.Shared.Rent(Math.Min(length, count * Varint.MaxSize));
        var decoder = default(BrotliDecoder);
        try
        {
            var head = first.AsSpan(0, Math.Min(length, count * Varint.MaxSize));
            Decompress(ref decoder, ref packed, head);
            ReadOnlySpan<byte> rest = head;
            var ends = new int[count];
            var total = 0L;
            for (var i = 0; i < count; i++)
            {
                total += (long)(ReadNumber(ref rest) & int.MaxValue);
                ends[i] = (int)total;
            }

            if (total != rest.Length + (length - head.Length))
            {
                throw new InvalidDataException("A segment of the event log is damaged: the lengths of its events do not match its body.");
            }

            var bytes = GC.AllocateUninitializedArray<byte>((int)total);
            rest.CopyTo(bytes);
            Decompress(ref decoder, ref packed, bytes.AsSpan(rest.Length));
            if (decoder.Decompress(packed, stackalloc byte[1], out _, out var surplus) != OperationStatus.Done || surplus > 0)
            {
                throw Damaged();
            }

            return (bytes, ends);
        }
        finally
        {
            decoder.Dispose();
            ArrayPool<byte>.Shared.Return(first);
        }
    }

    // Fills the target.
    private static void Decompress(ref BrotliDecoder decoder, ref ReadOnlySpan<byte> packed, Span<byte> target)
    {
        decoder.Decompress(packed, target, out var consumed, out var written);
        packed = written == target.Length ? packed[consumed..] : throw Damaged();
    }

    private static InvalidDataException Damaged() => new("A segment of the event log is damaged: its body cannot be decompressed.");

    /// <summary>Reads a number from the front of packed bytes and advances past it.</summary>
    /// <exception cref="InvalidDataException">The row is damaged.</exception>
    public static ulong ReadNumber(ref ReadOnlySpan<byte> packed) => Varint.TryRead(ref packed, out var number)
        ? number
        : throw new InvalidDataException("A segment of the event log is damaged: a number is not terminated.");
}
