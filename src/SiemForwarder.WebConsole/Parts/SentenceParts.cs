using System.Globalization;
using System.Text.RegularExpressions;

namespace SiemForwarder.WebConsole.Parts;

/// <summary>Finds the times in a sentence of the API, which are in UTC: <c>2026-11-27 10:15:30 UTC</c>, or as ISO 8601.</summary>
public static partial class SentenceParts
{
    /// <summary>The parts in order: a text, or a time.</summary>
    public static IEnumerable<(string Text, DateTimeOffset? Time)> Of(string sentence)
    {
        var at = 0;
        foreach (Match match in Instant().Matches(sentence))
        {
            if (DateTimeOffset.TryParse(match.Groups["time"].Value, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time))
            {
                yield return (sentence[at..match.Index], null);
                yield return ("", time);
                at = match.Index + match.Length;
            }
        }

        yield return (sentence[at..], null);
    }

    [GeneratedRegex(
        @"\b(?<time>[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,7})?)?)(Z|\+00:00| UTC)\b", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Instant();
}
