namespace SiemForwarder.Service.EventLog;

/// <summary>Makes text fit for an indexed column: PostgreSQL refuses NUL, and a narrow row stays narrow.</summary>
internal static class IndexText
{
    private const int MaxCharacters = 255;

    public static string? Of(string? text)
    {
        if (text is null)
        {
            return null;
        }

        var cut = text.Length > MaxCharacters ? text[..MaxCharacters] : text;
        // A cut between two halves of a pair would not be valid UTF-8.
        if (cut.Length > 0 && char.IsHighSurrogate(cut[^1]))
        {
            cut = cut[..^1];
        }

        return cut.Contains('\0', StringComparison.Ordinal) ? cut.Replace('\0', '\uFFFD') : cut;
    }
}
