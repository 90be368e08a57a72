using System.Text;

namespace SiemForwarder.Events.Json;

/// <summary>Gives the last text of the same place again if it is the same.</summary>
/// <remarks>
/// Most places repeat from event to event, and comparing is cheaper than hashing. Each thread has its own. Ids that look random go into no pool: there
/// they would only displace what repeats, and outlive the event.
/// </remarks>
internal static class RecentTexts
{
    /// <summary>The number of places.</summary>
    public const int Places = 64;

    [ThreadStatic]
    private static string?[]? texts;

    /// <summary>The text as a string; invalid UTF-8 becomes U+FFFD.</summary>
    /// <param name="utf8">The text.</param>
    /// <param name="place">Where it stands in an event, from 0 to <see cref="Places"/> - 1.</param>
    /// <param name="twin">Another place of the event where the same id often stands.</param>
    public static string Get(ReadOnlySpan<byte> utf8, int place, int? twin = null)
    {
        var known = texts ??= new string?[Places];
        if (IsSame(known[place], utf8))
        {
            return known[place]!;
        }

        if (twin is { } other && IsSame(known[other], utf8))
        {
            return known[other]!;
        }

        var text = IsUuid(utf8) ? Encoding.UTF8.GetString(utf8) : Utf8StringPool.GetString(utf8);
        if (utf8.Length <= Utf8StringPool.MaxPooledLength)
        {
            known[place] = text;
        }

        return text;
    }

    private static bool IsSame(string? text, ReadOnlySpan<byte> utf8) => text?.Length == utf8.Length && Ascii.Equals(utf8, text);

    // RFC 9562 section 4.
    private static bool IsUuid(ReadOnlySpan<byte> text) =>
        text.Length == 36 && text[8] == (byte)'-' && text[13] == (byte)'-' && text[18] == (byte)'-' && text[23] == (byte)'-';
}
