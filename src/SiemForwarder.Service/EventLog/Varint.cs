namespace SiemForwarder.Service.EventLog;

/// <summary>Whole numbers in 7 bits per byte, lowest first, as Protocol Buffers writes them; signed ones in zigzag.</summary>
internal static class Varint
{
    public const int MaxSize = 10;

    public static int Write(Span<byte> destination, ulong value)
    {
        var length = 0;
        while (value >= 0x80)
        {
            destination[length++] = (byte)(value | 0x80);
            value >>= 7;
        }

        destination[length++] = (byte)value;
        return length;
    }

    public static ulong Read(ref ReadOnlySpan<byte> source)
    {
        ulong value = 0;
        for (var i = 0; i < source.Length && i < MaxSize; i++)
        {
            value |= (ulong)(source[i] & 0x7f) << (7 * i);
            if (source[i] < 0x80)
            {
                source = source[(i + 1)..];
                return value;
            }
        }

        throw new InvalidDataException("A segment of the event log is damaged: a number does not end.");
    }

    public static int WriteSigned(Span<byte> destination, long value) => Write(destination, (ulong)((value << 1) ^ (value >> 63)));

    public static long ReadSigned(ref ReadOnlySpan<byte> source)
    {
        var value = Read(ref source);
        return (long)(value >> 1) ^ -(long)(value & 1);
    }
}
