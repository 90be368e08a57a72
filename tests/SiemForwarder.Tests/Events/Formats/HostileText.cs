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
        "cs1=x cs1Label=realm outcome=success",
    ];

    private static readonly char[] Blank = [.. Enumerable.Range(0, 0x10000).Select(code => (char)code).Where(character => character == ' ' || IsControl(character))];

    /// <summary>Any UTF-16 text, lone surrogates included, rich in characters that have a meaning in a format; some are very long.</summary>
    public static Arbitrary<string> Any()
    {
        var special = Gen.Elements("|", "=", "\\", "]", "\"", "\r", "\n", "\0", " ", "\t", "\u0085", "\u2028", "\u007F", "😀", "\uD83D", "\uDE00", "ÿ", "<", ">", "[", "{", "}", ":");
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

    /// <summary>Cut to a count of UTF-16 units, never inside a surrogate pair.</summary>
    public static string Cut(string text, int length) =>
        text.Length <= length ? text
        : char.IsHighSurrogate(text[length - 1]) && char.IsLowSurrogate(text[length]) ? text[..(length - 1)] : text[..length];
}
