namespace SiemForwarder.Destinations.Http.Otlp;

/// <summary>Reads fields in the wire format of Protocol Buffers, one after the other; bounded by the bytes that are there, whatever they say.</summary>
internal static class ProtobufInput
{
    /// <summary>Takes the next field off the front; false at the end, and where the bytes are no such message.</summary>
    /// <param name="rest">What is left to read.</param>
    /// <param name="field">Its number.</param>
    /// <param name="number">Its value, where it is a varint.</param>
    /// <param name="bytes">Its value, where it is a string or a message.</param>
    public static bool TryRead(ref ReadOnlySpan<byte> rest, out int field, out ulong number, out ReadOnlySpan<byte> bytes)
    {
        field = 0;
        number = 0;
        bytes = default;
        if (!TryReadVarint(ref rest, out var tag))
        {
            return false;
        }

        field = (int)(tag >> 3);
        switch (tag & 7)
        {
            case 0:
                return TryReadVarint(ref rest, out number);
            case 1:
                return TryTake(ref rest, 8, out bytes);
            case 2:
                return TryReadVarint(ref rest, out var length) && TryTake(ref rest, length, out bytes);
            case 5:
                return TryTake(ref rest, 4, out bytes);
            default:
                return false;
        }
    }

    private static bool TryTake(ref ReadOnlySpan<byte> rest, ulong length, out ReadOnlySpan<byte> bytes)
    {
        bytes = default;
        if (length > (ulong)rest.Length)
        {
            return false;
        }

        bytes = rest[..(int)length];
        rest = rest[(int)length..];
        return true;
    }

    private static bool TryReadVarint(ref ReadOnlySpan<byte> rest, out ulong value)
    {
        value = 0;
        for (var shift = 0; shift < 64 && !rest.IsEmpty; shift += 7)
        {
            var one = rest[0];
            rest = rest[1..];
            value |= (ulong)(one & 0x7F) << shift;
            if (one < 0x80)
            {
                return true;
            }
        }

        return false;
    }
}
