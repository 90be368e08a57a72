using System.Globalization;
using System.Text.Json;
using SiemForwarder.Events.Json;

namespace SiemForwarder.Events.Pushed;

/// <summary>Reads the instants that senders write: RFC 3339, epoch milliseconds, epoch seconds.</summary>
internal static class PushedTime
{
    // Below this a number is taken for seconds: as milliseconds it would be a day in 1973.
    private const long FirstPlausibleMillisecond = 100_000_000_000;

    private const string Shape = "0000-00-00T00:00:00";

    /// <summary>The current value in epoch milliseconds; null where it is no instant.</summary>
    public static long? Read(ref JsonCursor cursor)
    {
        if (cursor.Kind != JsonTokenType.String)
        {
            var number = cursor.ReadInteger();
            return number is > 0 and < FirstPlausibleMillisecond ? number * 1000 : number;
        }

        // A short number in quotes may be a year or a time of day, so it is none of these.
        return ReadRfc3339(JsonText.ToText(cursor.Value, cursor.IsEscaped))
            ?? (cursor.ReadInteger() is >= FirstPlausibleMillisecond and var milliseconds ? milliseconds : null);
    }

    /// <summary>A whole date, a whole time and an offset (RFC 3339 section 5.6; a space may stand for the T, digits beyond the millisecond are cut).</summary>
    private static long? ReadRfc3339(ReadOnlySpan<char> text)
    {
        if (text.Length <= Shape.Length || text[4] != '-' || text[7] != '-' || text[10] is not ('T' or 't' or ' ') || text[13] != ':' || text[16] != ':')
        {
            return null;
        }

        var rest = text[Shape.Length..];
        var fraction = 0;
        if (rest[0] == '.')
        {
            var digits = rest[1..].IndexOfAnyExceptInRange('0', '9');
            if (digits <= 0)
            {
                return null;
            }

            for (var place = 0; place < 3; place++)
            {
                fraction = (fraction * 10) + (place < digits ? rest[1 + place] - '0' : 0);
            }

            rest = rest[(1 + digits)..];
        }

        if (Number(text[..4], 1, 9999) is not { } year || Number(text[5..7], 1, 12) is not { } month
            || Number(text[8..10], 1, DateTime.DaysInMonth(year, month)) is not { } day || Number(text[11..13], 0, 23) is not { } hour
            || Number(text[14..16], 0, 59) is not { } minute || Number(text[17..19], 0, 60) is not { } second || OffsetMinutes(rest) is not { } offset)
        {
            return null;
        }

        // Added and not given as a second, since a leap second is the sixtieth.
        var start = new DateTimeOffset(year, month, day, hour, minute, 0, TimeSpan.Zero).ToUnixTimeMilliseconds();
        return start + (second * 1000) + fraction - (offset * 60_000);
    }

    private static int? OffsetMinutes(ReadOnlySpan<char> text) =>
        text is "Z" or "z" ? 0
        : text.Length == 6 && text[0] is ('+' or '-') && text[3] == ':' && Number(text[1..3], 0, 23) is { } hours && Number(text[4..], 0, 59) is { } minutes
            ? ((hours * 60) + minutes) * (text[0] == '-' ? -1 : 1)
        : null;

    private static int? Number(ReadOnlySpan<char> digits, int lowest, int highest) =>
        int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= lowest && number <= highest ? number : null;
}
