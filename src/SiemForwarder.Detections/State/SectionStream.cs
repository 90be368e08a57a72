using System.Buffers.Binary;

namespace SiemForwarder.Detections.State;

/// <summary>Writes a section of unknown length into a stream, piece by piece, so that it is never whole in memory and a reader can pass it over.</summary>
/// <remarks>Each piece stands behind its length in four bytes; a length of zero ends the section. Made once for a snapshot and used for each section.</remarks>
internal sealed class SectionWriter(Stream stream) : Stream
{
    public const int PieceSize = 16 * 1024;

    private readonly byte[] piece = new byte[sizeof(int) + PieceSize];
    private int length;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            var part = buffer[..Math.Min(buffer.Length, PieceSize - length)];
            part.CopyTo(piece.AsSpan(sizeof(int) + length));
            buffer = buffer[part.Length..];
            length += part.Length;
            if (length == PieceSize)
            {
                WritePiece();
            }
        }
    }

    /// <summary>Ends the section.</summary>
    public void End()
    {
        if (length > 0)
        {
            WritePiece();
        }

        WritePiece();
    }

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    private void WritePiece()
    {
        BinaryPrimitives.WriteInt32LittleEndian(piece, length);
        stream.Write(piece, 0, sizeof(int) + length);
        length = 0;
    }
}

/// <summary>Reads one section that <see cref="SectionWriter"/> wrote.</summary>
/// <exception cref="InvalidDataException">A length is none.</exception>
/// <exception cref="EndOfStreamException">The section ends before its time.</exception>
internal sealed class SectionReader(Stream stream) : Stream
{
    private readonly byte[] piece = new byte[SectionWriter.PieceSize];
    private int at;
    private int end;
    private bool isOver;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        if (buffer.IsEmpty || !HasPiece())
        {
            return 0;
        }

        var read = Math.Min(buffer.Length, end - at);
        piece.AsSpan(at, read).CopyTo(buffer);
        at += read;
        return read;
    }

    /// <summary>Passes over what was not read of the section.</summary>
    public void End()
    {
        while (HasPiece())
        {
            at = end;
        }
    }

    public override void Flush()
    {
    }

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    private bool HasPiece()
    {
        if (at == end && !isOver)
        {
            stream.ReadExactly(piece, 0, sizeof(int));
            (at, end) = (0, BinaryPrimitives.ReadInt32LittleEndian(piece));
            isOver = end == 0;
            if (end is < 0 or > SectionWriter.PieceSize)
            {
                throw new InvalidDataException("The length of a section is wrong.");
            }

            stream.ReadExactly(piece, 0, end);
        }

        return at < end;
    }
}
