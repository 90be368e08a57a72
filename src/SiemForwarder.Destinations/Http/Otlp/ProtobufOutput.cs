using System.Buffers.Binary;
using System.Text;

namespace SiemForwarder.Destinations.Http.Otlp;

/// <summary>Writes fields in the wire format of Protocol Buffers (protobuf.dev, Encoding); empty strings and zeros are left out, as proto3 does.</summary>
internal static class ProtobufOutput
{
    private const int Varint = 0;
    private const int Fixed64 = 1;
    private const int LengthDelimited = 2;

    public static void WriteNumber(PooledStream output, int field, ulong value)
    {
        if (value != 0)
        {
            WriteTag(output, field, Varint);
            WriteVarint(output, value);
        }
    }

    public static void WriteFixed64(PooledStream output, int field, ulong value)
    {
        if (value != 0)
        {
            WriteTag(output, field, Fixed64);
            BinaryPrimitives.WriteUInt64LittleEndian(output.Take(sizeof(ulong)), value);
        }
    }

    /// <summary>A string that is UTF-8 already, or a whole message.</summary>
    public static void WriteBytes(PooledStream output, int field, ReadOnlySpan<byte> bytes)
    {
        WriteHead(output, field, bytes.Length);
        output.Write(bytes);
    }

    public static void WriteString(PooledStream output, int field, string? text)
    {
        if (!string.IsNullOrEmpty(text))
        {
            var size = Encoding.UTF8.GetByteCount(text);
            WriteHead(output, field, size);
            Encoding.UTF8.GetBytes(text, output.Take(size));
        }
    }

    /// <summary>Tag and length of a field whose bytes follow.</summary>
    public static void WriteHead(PooledStream output, int field, int length)
    {
        WriteTag(output, field, LengthDelimited);
        WriteVarint(output, (ulong)length);
    }

    /// <summary>Bytes of a string field with its tag, for fields below 16.</summary>
    public static int SizeOf(int utf8Length) => 1 + SizeOfVarint((ulong)utf8Length) + utf8Length;

    private static void WriteTag(PooledStream output, int field, int wireType) => WriteVarint(output, (ulong)((field << 3) | wireType));

    private static void WriteVarint(PooledStream output, ulong value)
    {
        while (value >= 0x80)
        {
            output.WriteByte((byte)(value | 0x80));
            value >>= 7;
        }

        output.WriteByte((byte)value);
    }

    private static int SizeOfVarint(ulong value)
    {
        var size = 1;
        while ((value >>= 7) > 0)
        {
            size++;
        }

        return size;
    }
}
