using System.Text;

namespace SiemForwarder.Connections;

/// <summary>Makes foreign text safe for one line of a message or log: no control characters, no bidirectional overrides, bounded length.</summary>
public static class OneLine
{
    /// <param name="text">Text from a receiver or its certificate.</param>
    /// <param name="maxLength">Maximum number of characters to keep.</param>
    public static string Of(string text, int maxLength = 300)
    {
        ArgumentNullException.ThrowIfNull(text);
        var line = new StringBuilder(Math.Min(text.Length, maxLength));
        foreach (var character in text)
        {
            if (line.Length >= maxLength)
            {
                return line.Append('…').ToString();
            }

            if (!Breaks(character))
            {
                line.Append(character);
            }
            else if (line.Length > 0 && line[^1] != ' ')
            {
                line.Append(' ');
            }
        }

        return line.ToString().Trim();
    }

    /// <summary>Whether a character ends a line, controls a terminal, or reverses the order of adjacent text.</summary>
    public static bool Breaks(char character) => char.IsControl(character)
        || character is '\u2028' or '\u2029' or '\u200E' or '\u200F' or '\u061C' or (>= '\u202A' and <= '\u202E') or (>= '\u2066' and <= '\u2069');

    /// <summary>Text of a response; invalid UTF-8 becomes the replacement character.</summary>
    public static string Of(ReadOnlySpan<byte> utf8, int maxLength = 300) => Of(Encoding.UTF8.GetString(utf8), maxLength);
}
