using System.Buffers.Binary;
using System.Text;

namespace SiemForwarder.Service.Location;

/// <summary>Decodes values of a data section, within bounds that no sound file reaches: depth, number of values, length of a text.</summary>
/// <remarks>MaxMind DB file format 2.0, section "Output Data Section". Numbers come as <see cref="long"/>, <see cref="ulong"/> or
/// <see cref="double"/>, 128-bit ones as bytes.</remarks>
/// <param name="file">The file.</param>
/// <param name="section">Where the section begins: what pointers count from.</param>
internal sealed class MmdbValues(MmdbFile file, long section)
{
    private const int MaxDepth = 16;
    private const int MaxValues = 4096;
    private const int MaxBytes = 64 * 1024;

    /// <summary>The value at an offset of the file.</summary>
    /// <exception cref="MmdbException">It cannot be decoded.</exception>
    public object Read(long offset)
    {
        var budget = MaxValues;
        return Read(ref offset, 0, ref budget);
    }

    private object Read(ref long offset, int depth, ref int budget)
    {
        if (depth > MaxDepth || --budget < 0)
        {
            throw new MmdbException("a record nests too deep or holds too many values");
        }

        var control = Byte(ref offset);
        var type = control >> 5;
        if (type == 1)
        {
            var target = Pointer(control, ref offset);
            Span<byte> first = stackalloc byte[1];
            file.Read(target, first);
            return first[0] >> 5 == 1 ? throw new MmdbException("a pointer points to a pointer") : Read(ref target, depth + 1, ref budget);
        }

        if (type == 0)
        {
            type = Byte(ref offset) + 7;
        }

        var size = Size(control & 0x1F, ref offset);
        switch (type)
        {
            case 2:
                return Encoding.UTF8.GetString(Bytes(size, MaxBytes, ref offset));
            case 3:
                return BinaryPrimitives.ReadDoubleBigEndian(Exactly(8, size, ref offset));
            case 4:
                return Bytes(size, MaxBytes, ref offset);
            case 5:
                return (long)Unsigned(Bytes(size, 2, ref offset));
            case 6:
                return (long)Unsigned(Bytes(size, 4, ref offset));
            case 7:
                return Map(size, ref offset, depth, ref budget);
            case 8:
                // Shorter than its width it has no sign.
                return size == 4 ? BinaryPrimitives.ReadInt32BigEndian(Bytes(4, 4, ref offset)) : (long)Unsigned(Bytes(size, 4, ref offset));
            case 9:
                return Unsigned(Bytes(size, 8, ref offset));
            case 10:
                return Bytes(size, 16, ref offset);
            case 11:
                return List(size, ref offset, depth, ref budget);
            case 14:
                return size switch { 0 => false, 1 => true, _ => throw new MmdbException("a truth value is neither 0 nor 1") };
            case 15:
                return (double)BinaryPrimitives.ReadSingleBigEndian(Exactly(4, size, ref offset));
            default:
                throw new MmdbException($"it holds a value of the unknown type {type}");
        }
    }

    private Dictionary<string, object> Map(int pairs, ref long offset, int depth, ref int budget)
    {
        var map = new Dictionary<string, object>(StringComparer.Ordinal);
        for (var i = 0; i < pairs; i++)
        {
            if (Read(ref offset, depth + 1, ref budget) is not string key)
            {
                throw new MmdbException("the key of a map is not a text");
            }

            map[key] = Read(ref offset, depth + 1, ref budget);
        }

        return map;
    }

    private List<object> List(int count, ref long offset, int depth, ref int budget)
    {
        var list = new List<object>();
        for (var i = 0; i < count; i++)
        {
            list.Add(Read(ref offset, depth + 1, ref budget));
        }

        return list;
    }

    private long Pointer(int control, ref long offset)
    {
        var (length, added) = ((control >> 3) & 3) switch { 0 => (1, 0L), 1 => (2, 2048L), 2 => (3, 526_336L), _ => (4, 0L) };
        var value = Unsigned(Bytes(length, 4, ref offset));
        return section + added + (long)(length == 4 ? value : value | ((ulong)(control & 7) << (8 * length)));
    }

    private int Size(int size, ref long offset) => size switch
    {
        29 => 29 + (int)Unsigned(Bytes(1, 1, ref offset)),
        30 => 285 + (int)Unsigned(Bytes(2, 2, ref offset)),
        31 => 65_821 + (int)Unsigned(Bytes(3, 3, ref offset)),
        _ => size,
    };

    private byte Byte(ref long offset) => Bytes(1, 1, ref offset)[0];

    private byte[] Exactly(int width, int size, ref long offset) =>
        size == width ? Bytes(size, width, ref offset) : throw new MmdbException($"a number of {width} bytes has {size}");

    private byte[] Bytes(int size, int most, ref long offset)
    {
        if (size > most)
        {
            throw new MmdbException($"a value of at most {most} bytes has {size}");
        }

        var bytes = new byte[size];
        file.Read(offset, bytes);
        offset += size;
        return bytes;
    }

    private static ulong Unsigned(byte[] bytes)
    {
        var value = 0UL;
        foreach (var one in bytes)
        {
            value = (value << 8) | one;
        }

        return value;
    }
}
