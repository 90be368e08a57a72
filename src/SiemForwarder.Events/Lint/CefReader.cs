using System.Globalization;
using System.Text;

namespace SiemForwarder.Events.Lint;

/// <summary>Parses CEF according to the CEF Implementation Standard (document version 27, chapters 1 to 3).</summary>
internal static class CefReader
{
    private static readonly (string Name, int Characters)[] Header =
    [
        ("DeviceVendor", 63), ("DeviceProduct", 63), ("DeviceVersion", 31), ("DeviceEventClassID", 1023), ("Name", 512), ("Severity", 9),
    ];

    private static readonly string[] SeverityWords = ["Unknown", "Low", "Medium", "High", "Very-High"];

    public static void Read(string text, ParsedMessage reading)
    {
        if (!text.StartsWith("CEF:", StringComparison.Ordinal))
        {
            reading.Error("cef.header", "The payload does not start with 'CEF:'.");
            return;
        }

        var at = "CEF:".Length;
        var version = TakeField(text, ref at, reading);
        if (version is not ("0" or "1"))
        {
            reading.Error("cef.version", $"The version is '{ParsedMessage.Shown(version ?? "")}', not 0 or 1.");
        }

        foreach (var (name, characters) in Header)
        {
            if (TakeField(text, ref at, reading) is not { } value)
            {
                reading.Error("cef.header", $"The header ends before {name}: it must have seven fields, each followed by a pipe.");
                return;
            }

            reading.AddField(name, value);
            if (value.Length == 0 || value.Length > characters)
            {
                reading.Error("cef.header", $"{name} has {value.Length} characters, not 1 to {characters}.");
            }
        }

        CheckSeverity(reading["Severity"]!, reading);
        CefExtensionReader.Read(text[at..], reading);
    }

    private static void CheckSeverity(string severity, ParsedMessage reading)
    {
        var isNumber = int.TryParse(severity, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= 10;
        if (!isNumber && !SeverityWords.Contains(severity))
        {
            reading.Error(
                "cef.severity",
                $"The severity is '{ParsedMessage.Shown(severity)}', not 0 to 10 or one of {string.Join(", ", SeverityWords)}.");
        }
    }

    /// <summary>The field up to the next unescaped pipe; null if there is none.</summary>
    private static string? TakeField(string text, ref int at, ParsedMessage reading)
    {
        var field = new StringBuilder();
        for (; at < text.Length; at++)
        {
            if (text[at] == '|')
            {
                at++;
                return field.ToString();
            }

            if (text[at] == '\\')
            {
                if (at + 1 == text.Length || text[at + 1] is not ('\\' or '|'))
                {
                    reading.Error("cef.header-escape", "A header field contains a backslash that escapes neither a backslash nor a pipe.");
                }
                else
                {
                    at++;
                }
            }

            field.Append(text[at]);
        }

        return null;
    }
}
