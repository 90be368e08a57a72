using System.Globalization;
using System.Text;
using FsCheck;
using FsCheck.Fluent;

namespace SiemForwarder.Tests.Events.Formats;

/// <summary>Texts that somebody would type to break a format, and what the formats' documented replacements make of them.</summary>
internal static class HostileText
{
    public static readonly string[] Examples =
    [
        "x\r\n<13>1 2026-09-10T00:00:00Z forged - - - fake=\"1\"|a=b\\c]",
        "zoë=ops|\\] \" suser=root",
        "]\" forged=\"1\"] <34>1 - - - - - - boo",
        "\\", "\\\\", "\\]", "\"", "]", "=", "|", "a\\", "x=\\=", "\n", "\r\n\r\n", "\0", "\u0085\u2028\u2029\u007F\u009F", "\uFEFFCEF:0|a",
        "\u202Egnp.exe", "😀😀", "\uD83D", "\uDE00x", "x\uD83D", "李\t小龙", "{\"a\":1}", "\"}\n{\"event_type\":\"LOGIN\"", " leading and trailing ",
        "a\u200Bb\u2066\u00AD", "\U000E0041\U0001D173\U0001D11E\U0001BCA0\uDB40x", new string('\u202E', 1500), "cs1=x cs1Label=realm outcome=success",
    ];

    private static readonly char[] Blank = [.. Enumerable.Range(0, 0x10000).Select(code => (char)code).Where(character => character == ' ' || IsControl(character))];

    /// <summary>Any UTF-16 text, lone surrogates included, rich in characters that have a meaning in a format; some are very long.</summary>
    public static Arbitrary<string> Any()
    {
        var special = Gen.Elements("|", "=", "\\", "]", "\"", "\r", "\n", "\0", " ", "\t", "\u0085", "\u2028", "\u007F", "😀", "\uD83D", "\uDE00", "ÿ", "\u202E", "\uFEFF", "\U000E0041", "\uDB40", "\uDC41", "<", ">", "[", "{", "}", ":");
        var unit = Gen.Choose(0, 0xFFFF).Select(code => ((char)code).ToString());
        var ascii = Gen.Choose(32, 126).Select(code => ((char)code).ToString());
        var piece = Gen.OneOf(special, ascii, unit, Gen.Elements(Examples));
        var text = piece.ListOf().Select(pieces => string.Concat(pieces));
        var repeated = from one in piece from count in Gen.Choose(200, 3000) select string.Concat(Enumerable.Repeat(one, count));
        return Gen.Frequency((9, text), (1, repeated)).ToArbitrary();
    }

    /// <summary>The text as UTF-8 carries it: lone surrogates became U+FFFD.</summary>
    public static string Valid(string text) => Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));

    public static bool IsControl(char character) => char.IsControl(character) || character is '\u2028' or '\u2029';

    /// <summary>Controls became spaces.</summary>
    public static string Spaced(string text) => string.Concat(text.Select(character => IsControl(character) ? ' ' : character));

    /// <summary>As in a CEF value: CRLF became LF, other controls than LF and CR became spaces, blanks at both ends went.</summary>
    public static string CefValue(string text) =>
        string.Concat(TrimBlank(text).Replace("\r\n", "\n", StringComparison.Ordinal)
            .Select(character => IsControl(character) && character is not ('\n' or '\r') ? ' ' : character));

    public static string TrimBlank(string text) => text.Trim(Blank);

    /// <summary>Invisible characters as the text that names them, cut to a count of UTF-16 units, never inside a character.</summary>
    public static string Shown(string text, int length)
    {
        var shown = new StringBuilder();
        for (var index = 0; index < text.Length;)
        {
            var width = char.IsSurrogatePair(text, index) ? 2 : 1;
            var one = text.Substring(index, width);
            one = IsInvisible(one) ? string.Concat(one.Select(unit => $"\\u{(int)unit:X4}")) : one;
            if (shown.Length + one.Length > length)
            {
                break;
            }

            shown.Append(one);
            index += width;
        }

        return shown.ToString();
    }

    /// <summary>Of category Cf, but for those that Unicode wants to be seen: signs that stand before numbers, over text, and between hieroglyphs.</summary>
    public static bool IsInvisible(string character) =>
        CharUnicodeInfo.GetUnicodeCategory(character, 0) == UnicodeCategory.Format
        && (character.Length == 2 ? char.ConvertToUtf32(character, 0) : character[0]) is not ((>= 0x600 and <= 0x605) or 0x6DD or 0x70F or 0x890 or 0x891 or 0x8E2
            or (>= 0xFFF9 and <= 0xFFFB) or 0x110BD or 0x110CD or (>= 0x13430 and <= 0x1343F));
}
