using System.Text;
using System.Text.RegularExpressions;

namespace SiemForwarder.Tests.Events.Formats;

/// <summary>A strict reader of CEF, written from the standard and not from our writer: refuses what a strict receiver would.</summary>
internal sealed record CefParser(string[] Header, IReadOnlyList<KeyValuePair<string, string>> Pairs)
{
    // A key is letters and digits before an unescaped equals sign, at the start or behind a space.
    private static readonly Regex Key = new(@"(?:^| )([A-Za-z0-9]+)=", RegexOptions.CultureInvariant);

    public string? this[string key] => Pairs.Where(pair => pair.Key == key).Select(pair => pair.Value).SingleOrDefault();

    public static CefParser Parse(string text)
    {
        Assert.StartsWith("CEF:0|", text, StringComparison.Ordinal);
        Assert.DoesNotContain(text, char.IsControl);
        var header = new List<string>();
        var field = new StringBuilder();
        var index = "CEF:".Length;
        for (; header.Count < 7; index++)
        {
            switch (text[index])
            {
                case '\\':
                    index++;
                    Assert.Contains(text[index], "\\|");
                    field.Append(text[index]);
                    break;
                case '|':
                    header.Add(field.ToString());
                    field.Clear();
                    break;
                default:
                    field.Append(text[index]);
                    break;
            }
        }

        return new CefParser([.. header], ParseExtension(text[index..]));
    }

    private static List<KeyValuePair<string, string>> ParseExtension(string extension)
    {
        var pairs = new List<KeyValuePair<string, string>>();
        var keys = Key.Matches(extension).ToList();
        Assert.True(extension.Length == 0 || keys[0].Index == 0, "The extension does not begin with a key.");
        for (var index = 0; index < keys.Count; index++)
        {
            var start = keys[index].Index + keys[index].Length;
            var end = index + 1 < keys.Count ? keys[index + 1].Index : extension.Length;
            pairs.Add(new(keys[index].Groups[1].Value, Unescape(extension[start..end])));
        }

        return pairs;
    }

    private static string Unescape(string value)
    {
        var text = new StringBuilder();
        for (var index = 0; index < value.Length; index++)
        {
            Assert.NotEqual('=', value[index]);
            if (value[index] != '\\')
            {
                text.Append(value[index]);
                continue;
            }

            index++;
            Assert.Contains(value[index], "\\=nr");
            text.Append(value[index] switch { 'n' => '\n', 'r' => '\r', var other => other });
        }

        return text.ToString();
    }
}
