using System.Buffers;

namespace SiemForwarder.Events.Formats.Text;

/// <summary>Characters that receivers may interpret as the end of a line or message: C0 and C1 controls, DEL, line and paragraph separator.</summary>
internal static class ControlCharacters
{
    public static readonly string All = string.Create(67, 0, static (span, _) =>
    {
        var index = 0;
        for (var code = 0; code <= 0x9F; code = code == 0x1F ? 0x7F : code + 1)
        {
            span[index++] = (char)code;
        }

        span[index++] = '\u2028';
        span[index] = '\u2029';
    });

    private static readonly SearchValues<char> Blank = SearchValues.Create(All + " ");

    /// <summary>The text without leading and trailing spaces and characters that become spaces.</summary>
    public static ReadOnlySpan<char> Trim(ReadOnlySpan<char> text)
    {
        if (text.IsEmpty || (text[0] is > ' ' and < '\u007F' && text[^1] is > ' ' and < '\u007F'))
        {
            return text;
        }

        var first = text.IndexOfAnyExcept(Blank);
        return first < 0 ? [] : text[first..(text.LastIndexOfAnyExcept(Blank) + 1)];
    }
}
