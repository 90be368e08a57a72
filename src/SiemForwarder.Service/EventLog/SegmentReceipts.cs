using SiemForwarder.Events.Bytes;

namespace SiemForwarder.Service.EventLog;

/// <summary>Stores when each event of a merged segment was received: runs of events with the microseconds since the first was received.</summary>
/// <remarks>Packed as pairs of varints: how many events, and microseconds after the segment's <c>received_at</c>.</remarks>
internal static class SegmentReceipts
{
    public static byte[] Pack(IReadOnlyList<(int Events, long AfterUs)> runs)
    {
        var packed = new byte[runs.Count * 2 * Varint.MaxSize];
        var length = 0;
        foreach (var (events, afterUs) in runs)
        {
            length += Varint.Write(packed.AsSpan(length), (ulong)events);
            length += Varint.Write(packed.AsSpan(length), (ulong)afterUs);
        }

        return packed[..length];
    }

    /// <summary>Microseconds after the segment's receipt, for each of its events.</summary>
    /// <exception cref="InvalidDataException">The row is damaged.</exception>
    public static long[] Unpack(ReadOnlySpan<byte> packed, int count)
    {
        var after = new long[count];
        var next = 0;
        while (packed.Length > 0)
        {
            var events = SegmentCodec.ReadNumber(ref packed);
            var afterUs = (long)SegmentCodec.ReadNumber(ref packed);
            if (events > (ulong)(count - next))
            {
                throw new InvalidDataException("A segment of the event log is damaged: it has more receipts than events.");
            }

            after.AsSpan(next, (int)events).Fill(afterUs);
            next += (int)events;
        }

        return after;
    }
}
