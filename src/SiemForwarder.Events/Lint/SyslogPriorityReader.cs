using System.Globalization;

namespace SiemForwarder.Events.Lint;

/// <summary>Parses the <c>&lt;PRI&gt;</c> at the start of every syslog message (RFC 5424 section 6.2.1, RFC 3164 section 4.1.1).</summary>
internal static class SyslogPriorityReader
{
    private const int MaxPriority = 191;
    private const int SeveritiesPerFacility = 8;

    /// <summary>The text after it; null if there is none.</summary>
    public static string? Read(string text, string rules, ParsedMessage reading)
    {
        var end = text.IndexOf('>', StringComparison.Ordinal);
        var digits = text.StartsWith('<') && end is > 1 and <= 4 ? text[1..end] : "";
        if (!int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var priority) || priority > MaxPriority
            || (digits.Length > 1 && digits[0] == '0'))
        {
            reading.Error($"{rules}.pri", "The message does not start with a priority <0> to <191> without leading zeros.");
            return null;
        }

        reading.AddField("syslog.facility", (priority / SeveritiesPerFacility).ToString(CultureInfo.InvariantCulture), ParsedField.Number);
        reading.AddField("syslog.severity", (priority % SeveritiesPerFacility).ToString(CultureInfo.InvariantCulture), ParsedField.Number);
        return text[(end + 1)..];
    }
}
