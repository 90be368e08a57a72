using System.Globalization;

namespace SiemForwarder.Events.Lint;

/// <summary>Parses LEEF 1.0 and 2.0 according to IBM's guide for QRadar; the format has no escapes.</summary>
internal static class LeefReader
{
    private const int EventIdCharacters = 255;
    private static readonly string[] Header = ["Vendor", "Product", "Version", "EventID"];

    public static void Read(string text, ParsedMessage reading)
    {
        var version = text.StartsWith("LEEF:1.0|", StringComparison.Ordinal) ? 1
            : text.StartsWith("LEEF:2.0|", StringComparison.Ordinal) ? 2
            : 0;
        var fields = text.Split('|', version == 2 ? 7 : 6);
        if (version == 0 || fields.Length < (version == 2 ? 7 : 6))
        {
            reading.Error(
                "leef.header",
                "The payload does not start with 'LEEF:1.0|' and four fields, or 'LEEF:2.0|' and five, each followed by a pipe.");
            return;
        }

        for (var index = 0; index < Header.Length; index++)
        {
            reading.AddField(Header[index], fields[index + 1]);
            if (fields[index + 1].Length == 0 || (index == 3 && fields[index + 1].Length > EventIdCharacters))
            {
                reading.Error("leef.header", $"{Header[index]} is empty or too long.");
            }
        }

        if (version == 1)
        {
            ReadAttributes(fields[5], '\t', reading);
        }
        else if (DelimiterOf(fields[5]) is { } delimiter)
        {
            ReadAttributes(fields[6], delimiter, reading);
        }
        else
        {
            reading.Error(
                "leef.delimiter",
                $"'{ParsedMessage.Shown(fields[5])}' is not a delimiter: use one character, or x and its code in up to four hexadecimal digits.");
        }
    }

    private static char? DelimiterOf(string text)
    {
        var hex = text.StartsWith("0x", StringComparison.Ordinal) ? text[2..] : text.StartsWith('x') ? text[1..] : "";
        if (text.Length == 1)
        {
            return text[0];
        }

        return hex.Length <= 4 && ushort.TryParse(hex, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code)
            ? (char)code
            : null;
    }

    private static void ReadAttributes(string text, char delimiter, ParsedMessage reading)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var pair in text.Split(delimiter, StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = pair.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0 || !pair[..equals].All(char.IsAsciiLetterOrDigit))
            {
                reading.Error(
                    "leef.attribute",
                    $"'{ParsedMessage.Shown(pair)}' is not an attribute: use a key of letters and digits, an equals sign and a value.");
                continue;
            }

            var (key, value) = (pair[..equals], pair[(equals + 1)..]);
            reading.AddField(key, value);
            if (!seen.Add(key))
            {
                reading.Error("leef.duplicate", $"The key {key} occurs more than once; QRadar keeps only one value.");
            }

            Check(key, value, reading);
        }

        var isEpoch = reading["devTime"] is { Length: 13 } time && time.All(char.IsAsciiDigit);
        if (seen.Contains("devTime") && !seen.Contains("devTimeFormat") && !isEpoch)
        {
            reading.Error("leef.devTime", "devTime is not in milliseconds with 13 digits, and there is no devTimeFormat.");
        }
    }

    private static void Check(string key, string value, ParsedMessage reading)
    {
        var wanted = key switch
        {
            "sev" => int.TryParse(value, CultureInfo.InvariantCulture, out var severity) && severity is >= 1 and <= 10 ? null : "1 to 10",
            "src" or "dst" or "identSrc" => AddressReader.Find(value) is not null ? null : "an address",
            "usrName" => value.Length <= 255 ? null : "at most 255 characters long",
            _ => null,
        };
        if (wanted is not null)
        {
            reading.Error("leef.type", $"{key} contains '{ParsedMessage.Shown(value)}', which is not {wanted}.");
        }
    }
}
