using System.Buffers.Text;
using System.Text.Unicode;
using SiemForwarder.Events.Bytes;

namespace SiemForwarder.Events.Formats.Text;

/// <summary>A growing UTF-8 buffer that a formatter reuses for all events; formatters are not disposed, so it is never returned.</summary>
internal sealed class Utf8Buffer() : ByteBuffer(UsualBytes, holdsSecrets: false)
{
    // A UTF-16 unit takes at most three bytes of UTF-8, alone or as half of a pair.
    private const int BytesPerUnit = 3;

    /// <summary>Appends text; lone surrogates become U+FFFD.</summary>
    public void Append(ReadOnlySpan<char> text)
    {
        Utf8.FromUtf16(text, GetSpan(text.Length * BytesPerUnit), out _, out var written, replaceInvalidSequences: true);
        Advance(written);
    }

    public void AppendNumber(long number)
    {
        Utf8Formatter.TryFormat(number, GetSpan(20), out var written);
        Advance(written);
    }
}
