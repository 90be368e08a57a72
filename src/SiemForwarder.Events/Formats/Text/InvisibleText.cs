using System.Buffers;
using System.Text;

namespace SiemForwarder.Events.Formats.Text;

/// <summary>Finds characters that are invisible but reverse, split or forge visible text: in a name, <c>gnp.exe</c> looks like <c>exe.png</c>.</summary>
/// <remarks>
/// The Bidi_Control characters (Unicode Standard Annex #9, section 2) and all of category Cf that are Default_Ignorable_Code_Point
/// (DerivedCoreProperties of Unicode 17); Unicode Technical Report #36, sections 2.5 and 3.1.1, describes their abuse. Those beyond the Basic
/// Multilingual Plane are the shorthand and musical formats and the tags, which can carry an entire hidden ASCII text.
/// </remarks>
internal static class InvisibleText
{
    /// <summary>Those with one UTF-16 unit.</summary>
    public const string Units = "\u00AD\u061C\u180E\u200B\u200C\u200D\u200E\u200F\u202A\u202B\u202C\u202D\u202E\u2060\u2061\u2062\u2063\u2064"
        + "\u2066\u2067\u2068\u2069\u206A\u206B\u206C\u206D\u206E\u206F\uFEFF";

    /// <summary>First units of those with two; the same unit may also start something else.</summary>
    public const string Leads = "\uD82F\uD834\uDB40";

    /// <summary>Number of characters used to display one unit: <c>\u202E</c>.</summary>
    public const int ShownLength = 6;

    private static readonly SearchValues<char> Candidates = SearchValues.Create(Units + Leads);

    /// <summary>Length in UTF-16 units of the invisible character at the start of the text; 0 if it starts with another one.</summary>
    public static int LengthAtStart(ReadOnlySpan<char> text)
    {
        if (Units.Contains(text[0], StringComparison.Ordinal))
        {
            return 1;
        }

        return Rune.DecodeFromUtf16(text, out var rune, out _) == OperationStatus.Done
            && rune.Value is (>= 0x1BCA0 and <= 0x1BCA3) or (>= 0x1D173 and <= 0x1D17A) or 0xE0001 or (>= 0xE0020 and <= 0xE007F) ? 2 : 0;
    }

    /// <summary>At most <paramref name="length"/> UTF-16 units as displayed, never part of a character.</summary>
    public static ReadOnlySpan<char> Cut(ReadOnlySpan<char> text, int length)
    {
        var (at, room) = (0, length);
        while (true)
        {
            var next = text[at..].IndexOfAny(Candidates);
            if (next < 0 || next >= room)
            {
                return text[..(at + Texts.Cut(text[at..], room).Length)];
            }

            at += next;
            room -= next;
            var units = LengthAtStart(text[at..]);
            var shown = units * ShownLength;
            if (units == 0)
            {
                // It only starts like one, and is displayed unchanged.
                units = text.Length > at + 1 && char.IsSurrogatePair(text[at], text[at + 1]) ? 2 : 1;
                shown = units;
            }

            if (shown > room)
            {
                return text[..at];
            }

            at += units;
            room -= shown;
        }
    }

    /// <summary>Appends the hexadecimal digits of one unit.</summary>
    public static void AppendDigits(Utf8Buffer output, char unit)
    {
        for (var shift = 12; shift >= 0; shift -= 4)
        {
            output.Append("0123456789ABCDEF"u8[(unit >> shift) & 15]);
        }
    }
}
