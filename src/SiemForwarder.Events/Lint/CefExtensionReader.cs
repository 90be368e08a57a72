using System.Text;
using System.Text.RegularExpressions;

namespace SiemForwarder.Events.Lint;

/// <summary>Parses the <c>key=value</c> pairs after a CEF header.</summary>
internal static partial class CefExtensionReader
{
    public static void Read(string extension, ParsedMessage reading)
    {
        var keys = Key().Matches(extension).ToList();
        if (extension.Length > 0 && (keys.Count == 0 || keys[0].Index > 0))
        {
            reading.Error("cef.extension", "The extension does not start with a key of letters and digits and an equals sign.");
        }

        var pairs = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var index = 0; index < keys.Count; index++)
        {
            var key = keys[index].Groups["key"].Value;
            var end = index + 1 < keys.Count ? keys[index + 1].Index : extension.Length;
            var value = Unescape(key, extension[(keys[index].Index + keys[index].Length)..end], reading);
            reading.AddField(key, value);
            if (!pairs.TryAdd(key, value))
            {
                reading.Error("cef.duplicate", $"The key {key} occurs more than once; receivers keep only one value.");
            }

            CefKeys.Check(key, value, reading);
        }

        var labels = pairs.Keys.Where(key => key.EndsWith("Label", StringComparison.Ordinal));
        foreach (var label in labels.Where(key => !pairs.ContainsKey(key[..^"Label".Length])))
        {
            reading.Warn("cef.label", $"{label} labels a field that is missing.");
        }

        foreach (var custom in pairs.Keys.Where(key => CefKeys.NeedsLabel(key) && !pairs.ContainsKey(key + "Label")))
        {
            reading.Warn("cef.label", $"{custom} has no {custom}Label, so its meaning is unknown.");
        }
    }

    private static string Unescape(string key, string value, ParsedMessage reading)
    {
        var text = new StringBuilder(value.Length);
        for (var at = 0; at < value.Length; at++)
        {
            if (value[at] == '=')
            {
                reading.Error("cef.escape", $"The value of {key} contains an unescaped equals sign.");
            }

            if (value[at] != '\\')
            {
                text.Append(value[at]);
                continue;
            }

            var escaped = ++at < value.Length ? value[at] : '\0';
            if (escaped is not ('\\' or '=' or 'n' or 'r'))
            {
                reading.Error(
                    "cef.escape",
                    $"The value of {key} contains an invalid escape: CEF allows only \\\\, \\=, \\n and \\r.");
            }

            text.Append(escaped switch { 'n' => '\n', 'r' => '\r', _ => escaped });
        }

        return text.ToString();
    }

    // A key consists of letters and digits before an equals sign, at the beginning or after a space.
    [GeneratedRegex(@"(?:^| )(?<key>[A-Za-z0-9]+)=", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Key();
}
