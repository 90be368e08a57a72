using System.Text;

namespace SiemForwarder.Events.Formats.Text;

/// <summary>Writes instants in UTC in the forms that the formats require.</summary>
public static class Instants
{
    internal const int MillisecondsLength = 24;

    internal const int MicrosecondsLength = 27;

    private static ReadOnlySpan<byte> MonthNames => "JanFebMarAprMayJunJulAugSepOctNovDec"u8;

    /// <summary>RFC 3339 with three decimals, as text.</summary>
    public static string InText(DateTimeOffset instant)
    {
        Span<byte> text = stackalloc byte[MillisecondsLength];
        Format(instant, text);
        return Encoding.ASCII.GetString(text);
    }

    /// <summary>RFC 3339 with three or six decimals: <c>2025-11-03T10:15:30.123Z</c>.</summary>
    /// <param name="instant">Any instant; written in UTC.</param>
    /// <param name="text">Exactly <see cref="MillisecondsLength"/> or <see cref="MicrosecondsLength"/> bytes.</param>
    internal static void Format(DateTimeOffset instant, Span<byte> text)
    {
        var utc = instant.UtcDateTime;
        Digits(text, 0, 4, utc.Year);
        text[4] = (byte)'-';
        Digits(text, 5, 2, utc.Month);
        text[7] = (byte)'-';
        Digits(text, 8, 2, utc.Day);
        text[10] = (byte)'T';
        Clock(text[11..], utc);
        text[19] = (byte)'.';
        var digits = text.Length - 21;
        Digits(text, 20, digits, (int)(utc.Ticks % TimeSpan.TicksPerSecond / (digits == 3 ? TimeSpan.TicksPerMillisecond : TimeSpan.TicksPerMicrosecond)));
        text[^1] = (byte)'Z';
    }

    /// <summary>RFC 3164 section 4.1.2: <c>Nov  3 10:15:30</c>, with the day padded with a space, without year and zone.</summary>
    internal static void AppendBsd(Utf8Buffer output, DateTimeOffset instant)
    {
        var utc = instant.UtcDateTime;
        var text = output.GetSpan(15);
        MonthNames.Slice((utc.Month - 1) * 3, 3).CopyTo(text);
        text[3] = (byte)' ';
        Digits(text, 4, 2, utc.Day);
        if (utc.Day < 10)
        {
            text[4] = (byte)' ';
        }

        text[6] = (byte)' ';
        Clock(text[7..], utc);
        output.Advance(15);
    }

    private static void Clock(Span<byte> text, DateTime utc)
    {
        Digits(text, 0, 2, utc.Hour);
        text[2] = (byte)':';
        Digits(text, 3, 2, utc.Minute);
        text[5] = (byte)':';
        Digits(text, 6, 2, utc.Second);
    }

    private static void Digits(Span<byte> text, int start, int count, int value)
    {
        for (var index = start + count - 1; index >= start; index--)
        {
            text[index] = (byte)('0' + (value % 10));
            value /= 10;
        }
    }
}
