using System.Globalization;
using System.Text.RegularExpressions;

namespace SiemForwarder.Events.Lint;

/// <summary>Parses the header of an RFC 3164 message.</summary>
internal static partial class Rfc3164Reader
{
    /// <summary>Parses up to the content, which is returned; null if the header is unreadable.</summary>
    public static string? Read(string text, ParsedMessage reading)
    {
        var rest = SyslogPriorityReader.Read(text, "rfc3164", reading);
        if (rest is null)
        {
            return null;
        }

        if (Header().Match(rest) is not { Success: true } header || !IsTime(header.Groups["time"].Value))
        {
            reading.Error(
                "rfc3164.timestamp",
                "The priority is not followed by 'Mmm dd hh:mm:ss', with a space before a single-digit day, and a host (section 4.1.2).");
            return null;
        }

        reading.AddField("syslog.timestamp", header.Groups["time"].Value);
        reading.AddField("syslog.hostname", header.Groups["host"].Value);
        if (header.Groups["host"].Value.Any(character => character is < '!' or > '~'))
        {
            reading.Error("rfc3164.hostname", "The host contains characters other than printable ASCII.");
        }

        if (header.Groups["host"].Value.Contains(':', StringComparison.Ordinal))
        {
            reading.Error("rfc3164.hostname", "The host contains a colon, which receivers mistake for the end of the tag.");
        }

        return ReadTag(rest[header.Length..], reading);
    }

    // Any leap year will do: the message has no year.
    private static bool IsTime(string text) => DateTime.TryParseExact(
        $"2024 {text}", ["yyyy MMM d HH:mm:ss", "yyyy MMM  d HH:mm:ss"], CultureInfo.InvariantCulture, DateTimeStyles.None, out _);

    private static string ReadTag(string content, ParsedMessage reading)
    {
        // Readers of CEF and LEEF look for these words; they are not a tag of ours.
        if (Payload().IsMatch(content))
        {
            reading.Note("rfc3164.tag", "There is no tag: relays mistake 'CEF' or 'LEEF' for it, so configure them to pass the message on unchanged.");
            return content;
        }

        if (Tag().Match(content) is not { Success: true } tag)
        {
            reading.Error(
                "rfc3164.tag",
                "The content does not start with a tag of at most 32 letters and digits and a colon (section 4.1.3).");
            return content;
        }

        reading.AddField("syslog.tag", tag.Groups["tag"].Value);
        return content[tag.Length..];
    }

    [GeneratedRegex(@"^(?<time>[A-Z][a-z]{2} (?: [1-9]|[1-3]\d) \d\d:\d\d:\d\d) (?<host>[^ ]+) ", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Header();

    [GeneratedRegex(@"^(?:CEF|LEEF):[0-9.]+\|", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Payload();

    [GeneratedRegex(@"^(?<tag>[A-Za-z0-9]{1,32}): ?", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Tag();
}
