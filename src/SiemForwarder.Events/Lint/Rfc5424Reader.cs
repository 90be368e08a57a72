using System.Globalization;
using System.Text.RegularExpressions;

namespace SiemForwarder.Events.Lint;

/// <summary>Parses the header and structured data of an RFC 5424 message.</summary>
internal static partial class Rfc5424Reader
{
    private static readonly (string Name, int Characters)[] Names = [("hostname", 255), ("appName", 48), ("procId", 128), ("msgId", 32)];

    /// <summary>Parses up to the message part, which is returned; null if the header is unreadable.</summary>
    public static string? Read(string text, ParsedMessage reading)
    {
        var rest = SyslogPriorityReader.Read(text, "rfc5424", reading);
        if (rest is null)
        {
            return null;
        }

        var parts = rest.Split(' ', 7);
        if (parts.Length < 7)
        {
            reading.Error(
                "rfc5424.header",
                "The header is incomplete; it needs version, time, host, application, process, message id and structured data (section 6).");
            return null;
        }

        if (parts[0] != "1")
        {
            reading.Error("rfc5424.version", $"The version is '{ParsedMessage.Shown(parts[0])}', not 1.");
        }

        CheckTime(parts[1], reading);
        for (var index = 0; index < Names.Length; index++)
        {
            CheckName(Names[index].Name, parts[index + 2], Names[index].Characters, reading);
        }

        var payload = StructuredDataReader.Read(parts[6], reading);
        if (payload is { Length: > 0 } && payload[0] == '\uFEFF')
        {
            reading.Note(
                "rfc5424.bom",
                "The message part starts with a byte order mark (section 6.4); receivers that check the first character do not "
                + "recognize JSON, CEF or LEEF after it.");
            return payload[1..];
        }

        return payload;
    }

    private static void CheckTime(string time, ParsedMessage reading)
    {
        reading.AddField("syslog.timestamp", time);
        if (time != "-" && !(Timestamp().IsMatch(time) && DateTimeOffset.TryParse(time, CultureInfo.InvariantCulture, out _)))
        {
            reading.Error(
                "rfc5424.timestamp",
                $"'{ParsedMessage.Shown(time)}' is not a valid time (section 6.2.3): use RFC 3339 with T and Z in upper case and at most six digits of "
                + "a second.");
        }
    }

    private static void CheckName(string name, string value, int characters, ParsedMessage reading)
    {
        if (value != "-")
        {
            reading.AddField($"syslog.{name}", value);
        }

        if (value.Length == 0 || value.Length > characters || value.Any(character => character is < '!' or > '~'))
        {
            reading.Error(
                $"rfc5424.{name}",
                $"'{ParsedMessage.Shown(value)}' is not a valid {name}: use 1 to {characters} printable ASCII characters, or a dash.");
        }
    }

    [GeneratedRegex(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:[0-5]\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Timestamp();
}
