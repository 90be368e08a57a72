using SiemForwarder.Events;

namespace SiemForwarder.Destinations;

/// <summary>The formatted bytes of several events of one source, ready to send; owned by the dispatcher and lent for one attempt.</summary>
/// <remarks>A destination must not keep the batch or its slices after <see cref="IDestination.SendAsync"/> has returned.</remarks>
public sealed class DeliveryBatch(ReadOnlyMemory<byte> bytes, ReadOnlyMemory<int> ends, ReadOnlyMemory<SecurityEvent> events)
{
    public int Count => ends.Length;

    /// <summary>The bytes of all events, concatenated without separators.</summary>
    public ReadOnlyMemory<byte> Bytes => bytes;

    /// <summary>The events, for destinations that need more than the bytes (ids, times).</summary>
    public ReadOnlySpan<SecurityEvent> Events => events.Span;

    /// <summary>The bytes of one event.</summary>
    public ReadOnlyMemory<byte> this[int index]
    {
        get
        {
            var start = index == 0 ? 0 : ends.Span[index - 1];
            return bytes[start..ends.Span[index]];
        }
    }

    /// <summary>Part of this batch, sharing its bytes.</summary>
    public DeliveryBatch Slice(int first, int count)
    {
        var start = first == 0 ? 0 : ends.Span[first - 1];
        var shifted = new int[count];
        for (var i = 0; i < count; i++)
        {
            shifted[i] = ends.Span[first + i] - start;
        }

        return new DeliveryBatch(bytes[start..(start + (count == 0 ? 0 : shifted[^1]))], shifted, events.Slice(first, count));
    }

    /// <summary>Copies of some events of this batch, to send the remaining ones again.</summary>
    public DeliveryBatch Select(IReadOnlyList<int> indexes)
    {
        var chosenEnds = new int[indexes.Count];
        var chosenEvents = new SecurityEvent[indexes.Count];
        var length = 0;
        for (var i = 0; i < chosenEnds.Length; i++)
        {
            length += this[indexes[i]].Length;
            (chosenEnds[i], chosenEvents[i]) = (length, events.Span[indexes[i]]);
        }

        var chosen = new byte[length];
        for (var i = 0; i < chosenEnds.Length; i++)
        {
            this[indexes[i]].CopyTo(chosen.AsMemory(i == 0 ? 0 : chosenEnds[i - 1]));
        }

        return new DeliveryBatch(chosen, chosenEnds, chosenEvents);
    }
}
