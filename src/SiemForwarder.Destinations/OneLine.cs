using System.Text;

namespace SiemForwarder.Destinations;

/// <summary>Makes foreign text fit for one line of a message: no control characters, bounded length.</summary>
internal static class OneLine
{
    /// <param name="text">What a receiver or its certificate says.</param>
    /// <param name="maxLength">Most characters to keep.</param>
    public static string Of(string text, int maxLength = 300)
    {
        var line = new StringBuilder(Math.Min(text.Length, maxLength));
        foreach (var character in text)
        {
            if (line.Length >= maxLength)
            {
                return line.Append('…').ToString();
            }

            if (!char.IsControl(character) && character is not ('\u2028' or '\u2029'))
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

    /// <summary>Text of an answer; bytes that are no UTF-8 become the replacement character.</summary>
    public static string Of(ReadOnlySpan<byte> utf8, int maxLength = 300) => Of(Encoding.UTF8.GetString(utf8), maxLength);
}
