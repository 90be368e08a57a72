using System.Text;

namespace SiemForwarder.Detections.State;

/// <summary>Writes state as compact bytes: numbers by their size, texts in UTF-8.</summary>
internal sealed class SnapshotWriter(Stream stream) : IDisposable
{
    private readonly BinaryWriter writer = new(stream, Encoding.UTF8, leaveOpen: true);

    /// <summary>A number, small ones of either sign in few bytes.</summary>
    public void Write(long number) => writer.Write7BitEncodedInt64((number << 1) ^ (number >> 63));

    public void Write(double number) => writer.Write(number);

    // By its characters: texts of senders need not be valid Unicode, and must come back as they were.
    public void Write(string text)
    {
        Write((long)text.Length);
        foreach (var character in text)
        {
            writer.Write7BitEncodedInt(character);
        }
    }

    public void WriteOptional(string? text)
    {
        Write(text is null ? 0L : 1L);
        if (text is not null)
        {
            Write(text);
        }
    }

    public void Write(in EventMark mark)
    {
        Write(mark.At);
        Write(mark.Position);
        Write((long)mark.SourceId);
        WriteOptional(mark.OtherId);
        if (mark.OtherId is null)
        {
            writer.Write(mark.Id.ToByteArray());
        }
    }

    /// <summary>Hands on what was written; before somebody else writes to the same stream.</summary>
    public void Flush() => writer.Flush();

    public void Dispose() => writer.Dispose();
}

/// <summary>Reads what <see cref="SnapshotWriter"/> wrote.</summary>
/// <exception cref="EndOfStreamException">The bytes end before their time.</exception>
/// <exception cref="InvalidDataException">A count is none.</exception>
internal sealed class SnapshotReader(Stream stream) : IDisposable
{
    private readonly BinaryReader reader = new(stream, Encoding.UTF8, leaveOpen: true);

    public long ReadInt64()
    {
        var number = reader.Read7BitEncodedInt64();
        return (long)((ulong)number >> 1) ^ -(number & 1);
    }

    /// <summary>How many of something follow.</summary>
    public int ReadCount() =>
        ReadInt64() is >= 0 and <= int.MaxValue and var count ? (int)count : throw new InvalidDataException("A count is negative or too large.");

    public double ReadDouble() => reader.ReadDouble();

    public string ReadString()
    {
        var length = ReadCount();
        var text = new StringBuilder(Math.Min(length, 1024));
        for (; length > 0; length--)
        {
            text.Append((char)reader.Read7BitEncodedInt());
        }

        return text.ToString();
    }

    public string? ReadOptional() => ReadInt64() == 0 ? null : ReadString();

    public EventMark ReadMark()
    {
        var (at, position, source) = (ReadInt64(), ReadInt64(), (int)ReadInt64());
        var other = ReadOptional();
        return new EventMark(at, position, source, other is null ? new Guid(Bytes(16)) : default, other);
    }

    public void Dispose() => reader.Dispose();

    private byte[] Bytes(int count)
    {
        var bytes = reader.ReadBytes(count);
        return bytes.Length == count ? bytes : throw new EndOfStreamException("The snapshot ends too early.");
    }
}
