namespace SiemForwarder.Tests.Events.Formats;

/// <summary>A strict reader of LEEF 2.0 with tabs, written from IBM's guide and not from our writer.</summary>
internal sealed record LeefParser(IReadOnlyList<string> Header, IReadOnlyList<KeyValuePair<string, string>> Attributes)
{
    public string? this[string key] => Attributes.Where(attribute => attribute.Key == key).Select(attribute => attribute.Value).SingleOrDefault();

    public static LeefParser Parse(string text)
    {
        Assert.StartsWith("LEEF:2.0|", text, StringComparison.Ordinal);
        var fields = text["LEEF:".Length..].Split('|', 7);
        Assert.Equal(7, fields.Length);
        Assert.Equal("x09", fields[5]);
        var attributes = new List<KeyValuePair<string, string>>();
        foreach (var pair in text[(Nth(text, '|', 6) + 1)..].Split('\t'))
        {
            var equals = pair.IndexOf('=', StringComparison.Ordinal);
            Assert.True(equals > 0, pair);
            Assert.All(pair[..equals], character => Assert.True(char.IsAsciiLetterOrDigit(character), pair));
            attributes.Add(new(pair[..equals], pair[(equals + 1)..]));
        }

        Assert.Equal(attributes.Count, attributes.Select(attribute => attribute.Key).Distinct().Count());
        return new LeefParser(fields[..6], attributes);
    }

    private static int Nth(string text, char character, int count)
    {
        var at = -1;
        for (; count > 0; count--)
        {
            at = text.IndexOf(character, at + 1);
            Assert.True(at >= 0, text);
        }

        return at;
    }
}
