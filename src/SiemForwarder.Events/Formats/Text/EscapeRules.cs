using System.Buffers;

namespace SiemForwarder.Events.Formats.Text;

/// <summary>How one place of a text format keeps a value from changing the structure around it.</summary>
/// <remarks>
/// Control characters and the line and paragraph separators become a space everywhere. One pass: what was written is never looked at again.
/// </remarks>
internal sealed class EscapeRules
{
    /// <summary>CEF header fields: CEF v27 chapter 1, <c>\</c> and <c>|</c>.</summary>
    public static readonly EscapeRules CefHeader = new("\\|", keepsLineBreaks: false);

    /// <summary>CEF extension values: CEF v27 chapter 1, <c>\</c>, <c>=</c> and line breaks as <c>\n</c> and <c>\r</c>.</summary>
    public static readonly EscapeRules CefValue = new("\\=", keepsLineBreaks: true);

    /// <summary>RFC 5424 section 6.3.3: <c>"</c>, <c>\</c> and <c>]</c>.</summary>
    public static readonly EscapeRules StructuredDataValue = new("\"\\]", keepsLineBreaks: false);

    /// <summary>LEEF header fields: IBM LEEF 2.0 knows no escape, so <c>|</c> becomes a space.</summary>
    public static readonly EscapeRules LeefHeader = new("", keepsLineBreaks: false, blanked: "|");

    /// <summary>LEEF values: the delimiter, a tab, becomes a space as every other control character does.</summary>
    public static readonly EscapeRules LeefValue = new("", keepsLineBreaks: false);

    private readonly SearchValues<char> special;
    private readonly string backslashed;
    private readonly bool keepsLineBreaks;

    private EscapeRules(string backslashed, bool keepsLineBreaks, string blanked = "")
    {
        this.backslashed = backslashed;
        this.keepsLineBreaks = keepsLineBreaks;
        special = SearchValues.Create(backslashed + blanked + ControlCharacters.All);
    }

    /// <summary>Appends the escaped text.</summary>
    public void Append(Utf8Buffer output, ReadOnlySpan<char> text)
    {
        while (true)
        {
            var at = text.IndexOfAny(special);
            if (at < 0)
            {
                output.Append(text);
                return;
            }

            output.Append(text[..at]);
            text = text[at..];
            text = text[AppendSpecial(output, text)..];
        }
    }

    private int AppendSpecial(Utf8Buffer output, ReadOnlySpan<char> text)
    {
        var character = text[0];
        if (backslashed.Contains(character, StringComparison.Ordinal))
        {
            output.Append((byte)'\\');
            output.Append((byte)character);
            return 1;
        }

        if (!keepsLineBreaks || character is not ('\n' or '\r'))
        {
            output.Append((byte)' ');
            return 1;
        }

        var isPair = text.StartsWith("\r\n");
        output.Append(character == '\n' || isPair ? "\\n"u8 : "\\r"u8);
        return isPair ? 2 : 1;
    }
}
