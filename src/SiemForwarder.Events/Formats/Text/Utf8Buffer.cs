using System.Buffers;
using System.Buffers.Text;
using System.Text.Unicode;

namespace SiemForwarder.Events.Formats.Text;

/// <summary>A growing buffer of UTF-8 that a formatter keeps from event to event.</summary>
internal sealed class Utf8Buffer : IBufferWriter<byte>
{
    private const int InitialCapacity = 4096;

    // A UTF-16 unit takes at most three bytes of UTF-8, alone or as half of a pair.
    private const int BytesPerUnit = 3;

    private byte[] bytes = new byte[InitialCapacity];

    public int Length { get; private set; }

    public ReadOnlySpan<byte> Written => bytes.AsSpan(0, Length);

    public void Clear() => Length = 0;

    /// <summary>Takes back what was written after <paramref name="length"/>.</summary>
    public void CutTo(int length) => Length = length;

    public void Append(byte octet)
    {
        GetSpan(1)[0] = octet;
        Length++;
    }

    public void Append(ReadOnlySpan<byte> utf8)
    {
        utf8.CopyTo(GetSpan(utf8.Length));
        Length += utf8.Length;
    }

    /// <summary>Appends text; lone surrogates become U+FFFD.</summary>
    public void Append(ReadOnlySpan<char> text)
    {
        Utf8.FromUtf16(text, GetSpan(text.Length * BytesPerUnit), out _, out var written, replaceInvalidSequences: true);
        Length += written;
    }

    public void Append(long number)
    {
        Utf8Formatter.TryFormat(number, GetSpan(20), out var written);
        Length += written;
    }

    public void Advance(int count) => Length += count;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(Math.Max(sizeHint, 1));
        return bytes.AsMemory(Length);
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Reserve(Math.Max(sizeHint, 1));
        return bytes.AsSpan(Length);
    }

    private void Reserve(int size)
    {
        if (bytes.Length - Length < size)
        {
            Array.Resize(ref bytes, Math.Max(bytes.Length * 2, Length + size));
        }
    }
}
