namespace SiemForwarder.Events.Bytes;

/// <summary>Whole numbers in 7 bits per byte, lowest first, as Protocol Buffers writes them (protobuf.dev, Encoding); signed ones in zigzag.</summary>
public static class Varint
{
    /// <summary>Maximum size of a number in bytes.</summary>
    public const int MaxSize = 10;

    /// <summary>Writes a number and returns its size in bytes.</summary>
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

    /// <summary>Takes a number off the front; false, with nothing taken, if none ends within the bytes.</summary>
    public static bool TryRead(ref ReadOnlySpan<byte> source, out ulong value)
    {
        value = 0;
        for (var i = 0; i < source.Length && i < MaxSize; i++)
        {
            value |= (ulong)(source[i] & 0x7f) << (7 * i);
            if (source[i] < 0x80)
            {
                source = source[(i + 1)..];
                return true;
            }
        }

        return false;
    }

    /// <summary>Maps a signed number to an unsigned one: 0, -1, 1, -2 to 0, 1, 2, 3.</summary>
    public static ulong Zigzag(long value) => (ulong)((value << 1) ^ (value >> 63));

    /// <summary>The inverse of <see cref="Zigzag"/>.</summary>
    public static long Unzigzag(ulong value) => (long)(value >> 1) ^ -(long)(value & 1);

    /// <summary>Size of a number in bytes.</summary>
    public static int SizeOf(ulong value)
    {
        var size = 1;
        while ((value >>= 7) > 0)
        {
            size++;
        }

        return size;
    }
}
