using System.Text;

namespace SiemForwarder.Events.Lint;

/// <summary>Parses structured data (RFC 5424 section 6.3).</summary>
internal static class StructuredDataReader
{
    private const int NameCharacters = 32;
    private static readonly string[] Registered = ["timeQuality", "origin", "meta"];

    /// <summary>Parses the elements and returns the message part; null if they do not end.</summary>
    public static string? Read(string text, ParsedMessage reading)
    {
        if (text.StartsWith('-'))
        {
            return AfterSpace(text, 1, reading);
        }

        var at = 0;
        var ids = new HashSet<string>(StringComparer.Ordinal);
        while (at < text.Length && text[at] == '[')
        {
            at = ReadElement(text, at + 1, ids, reading);
            if (at < 0)
            {
                reading.Error(
                    "rfc5424.structured-data",
                    "The structured data does not end, or a parameter is not of the form NAME=\"VALUE\".");
                return null;
            }
        }

        if (at == 0)
        {
            reading.Error("rfc5424.structured-data", "The structured data is neither a dash nor an element in brackets.");
            return null;
        }

        return AfterSpace(text, at, reading);
    }

    private static int ReadElement(string text, int at, HashSet<string> ids, ParsedMessage reading)
    {
        var id = TakeName(text, ref at, reading);
        if (!ids.Add(id))
        {
            reading.Error("rfc5424.sd-id", $"The element {id} occurs twice (section 6.3.2).");
        }

        if (!id.Contains('@', StringComparison.Ordinal) && !Registered.Contains(id))
        {
            reading.Error(
                "rfc5424.sd-id",
                $"The element '{ParsedMessage.Shown(id)}' is not registered with IANA and has no enterprise number after an @.");
        }

        while (at < text.Length && text[at] == ' ')
        {
            at++;
            var name = TakeName(text, ref at, reading);
            if (at + 1 >= text.Length || text[at] != '=' || text[at + 1] != '"')
            {
                return -1;
            }

            at += 2;
            if (TakeValue(text, ref at, reading) is not { } value)
            {
                return -1;
            }

            reading.AddField($"{id}.{name}", value);
        }

        return at < text.Length && text[at] == ']' ? at + 1 : -1;
    }

    private static string TakeName(string text, ref int at, ParsedMessage reading)
    {
        var start = at;
        while (at < text.Length && text[at] is not ('=' or ' ' or ']' or '"'))
        {
            at++;
        }

        var name = text[start..at];
        if (name.Length is 0 or > NameCharacters || name.Any(character => character is < '!' or > '~'))
        {
            reading.Error(
                "rfc5424.sd-name",
                $"'{ParsedMessage.Shown(name)}' is not a valid name in structured data: use 1 to {NameCharacters} printable ASCII characters.");
        }

        return name;
    }

    private static string? TakeValue(string text, ref int at, ParsedMessage reading)
    {
        var value = new StringBuilder();
        for (; at < text.Length && text[at] != '"'; at++)
        {
            if (text[at] == ']')
            {
                reading.Error("rfc5424.sd-value", "A value contains an unescaped closing bracket (section 6.3.3).");
            }

            // A backslash before any other character is literal.
            if (text[at] == '\\' && at + 1 < text.Length && text[at + 1] is '"' or '\\' or ']')
            {
                at++;
            }

            value.Append(text[at]);
        }

        return at++ < text.Length ? value.ToString() : null;
    }

    private static string? AfterSpace(string text, int at, ParsedMessage reading)
    {
        if (at < text.Length && text[at] != ' ')
        {
            reading.Error("rfc5424.structured-data", "The structured data is not followed by a space.");
            return null;
        }

        return at < text.Length ? text[(at + 1)..] : "";
    }
}
