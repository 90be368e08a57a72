using System.Buffers;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Text;

namespace SiemForwarder.Events.Formats.Text;

/// <summary>How one place of a text format prevents a value from changing the structure around it or appearing to be something else.</summary>
/// <remarks>
/// Control characters and the line and paragraph separators always become a space. Invisible characters (<see cref="InvisibleText"/>) become the text
/// that names their UTF-16 units in JSON (RFC 8259 section 7): a reader of the format gets <c>\u202E</c>, so the backslash is escaped if the
/// format escapes backslashes. One pass: what was written is never examined again.
/// </remarks>
internal sealed class EscapeRules
{
    /// <summary>CEF header fields: CEF v27 chapter 1, <c>\</c> and <c>|</c>.</summary>
    public static readonly EscapeRules CefHeader = new("\\|", keepsLineBreaks: false);

    /// <summary>CEF extension values: CEF v27 chapter 1, <c>\</c>, <c>=</c> and line breaks as <c>\n</c> and <c>\r</c>.</summary>
    public static readonly EscapeRules CefValue = new("\\=", keepsLineBreaks: true);

    /// <summary>RFC 5424 section 6.3.3: <c>"</c>, <c>\</c> and <c>]</c>.</summary>
    public static readonly EscapeRules StructuredDataValue = new("\"\\]", keepsLineBreaks: false);

    /// <summary>LEEF header fields: IBM LEEF 2.0 has no escapes, so <c>|</c> becomes a space.</summary>
    public static readonly EscapeRules LeefHeader = new("", keepsLineBreaks: false, blanked: "|");

    /// <summary>LEEF values: the delimiter, a tab, becomes a space like every other control character.</summary>
    public static readonly EscapeRules LeefValue = new("", keepsLineBreaks: false);

    // Most texts are plain ASCII: one search for anything else shows that nothing needs escaping, and searching in ASCII is fastest.
    private readonly SearchValues<char> plain;
    private readonly SearchValues<char> special;
    private readonly string backslashed;
    private readonly bool keepsLineBreaks;
    private readonly EscapeRules? keepingInvisible;
    private readonly Vector128<ushort>[] escaped;

    private EscapeRules(string backslashed, bool keepsLineBreaks, string blanked = "")
        : this(backslashed, keepsLineBreaks, blanked, InvisibleText.Units + InvisibleText.Leads) =>
        keepingInvisible = new EscapeRules(backslashed, keepsLineBreaks, blanked, invisible: "");

    private EscapeRules(string backslashed, bool keepsLineBreaks, string blanked, string invisible)
    {
        this.backslashed = backslashed;
        this.keepsLineBreaks = keepsLineBreaks;
        var all = backslashed + blanked + ControlCharacters.All;
        plain = SearchValues.Create([.. Enumerable.Range(0, 128).Select(unit => (char)unit).Where(unit => !all.Contains(unit, StringComparison.Ordinal))]);
        special = SearchValues.Create(all + invisible);
        escaped = [.. (backslashed + blanked).Select(unit => Vector128.Create((ushort)unit))];
    }

    /// <summary>The rules for the same place with the given treatment of invisible characters.</summary>
    public EscapeRules For(InvisibleCharacters invisible) => invisible == InvisibleCharacters.Escape ? this : keepingInvisible ?? this;

    /// <summary>At most <paramref name="length"/> UTF-16 units as seen by a reader of the format, never part of a character.</summary>
    public ReadOnlySpan<char> Cut(ReadOnlySpan<char> text, int length) =>
        keepingInvisible is null || text.Length <= length / (2 * InvisibleText.ShownLength) || Ascii.IsValid(text)
            ? Texts.Cut(text, length) : InvisibleText.Cut(text, length);

    /// <summary>Appends a text that is printable ASCII without anything to escape, as nearly all are; false, with nothing written, if it is not.</summary>
    public bool TryAppendPlain(Utf8Buffer output, ReadOnlySpan<char> text)
    {
        const int Width = 8;
        if (text.Length < Width)
        {
            return TryAppendShort(output, text);
        }

        var target = output.GetSpan(text.Length);
        var units = MemoryMarshal.Cast<char, ushort>(text);
        for (var at = 0; ; at = Math.Min(at + Width, text.Length - Width))
        {
            // The last part may overlap the one before it.
            var part = Vector128.Create(units[at..]);
            var others = Vector128.GreaterThan(part - Vector128.Create((ushort)' '), Vector128.Create((ushort)('~' - ' ')));
            foreach (var unit in escaped)
            {
                others |= Vector128.Equals(part, unit);
            }

            if (others != Vector128<ushort>.Zero)
            {
                return false;
            }

            Vector128.Narrow(part, part).GetLower().CopyTo(target[at..]);
            if (at == text.Length - Width)
            {
                output.Advance(text.Length);
                return true;
            }
        }
    }

    private bool TryAppendShort(Utf8Buffer output, ReadOnlySpan<char> text)
    {
        if (text.ContainsAnyExcept(plain))
        {
            return false;
        }

        var target = output.GetSpan(text.Length);
        for (var at = 0; at < text.Length; at++)
        {
            target[at] = (byte)text[at];
        }

        output.Advance(text.Length);
        return true;
    }

    /// <summary>Appends the escaped text.</summary>
    public void Append(Utf8Buffer output, ReadOnlySpan<char> text)
    {
        if (TryAppendPlain(output, text))
        {
            return;
        }

        var at = text.IndexOfAnyExcept(plain);
        while (at >= 0)
        {
            // From the first non-ASCII character on, search for special characters: in other scripts almost none is plain.
            at = char.IsAscii(text[at]) ? at : text.IndexOfAny(special);
            if (at < 0)
            {
                break;
            }

            output.Append(text[..at]);
            text = text[at..];
            text = text[AppendSpecial(output, text)..];
            at = text.IndexOfAnyExcept(plain);
        }

        output.Append(text);
    }

    private int AppendSpecial(Utf8Buffer output, ReadOnlySpan<char> text)
    {
        var character = text[0];
        if (backslashed.Contains(character, StringComparison.Ordinal))
        {
            output.Append((byte)'\\');
            output.Append((byte)character);
            return 1;
        }

        if (!char.IsAscii(character) && !char.IsControl(character) && character is not ('\u2028' or '\u2029'))
        {
            return AppendInvisible(output, text);
        }

        if (!keepsLineBreaks || character is not ('\n' or '\r'))
        {
            output.Append((byte)' ');
            return 1;
        }

        var isPair = text.StartsWith("\r\n");
        output.Append(character == '\n' || isPair ? "\\n"u8 : "\\r"u8);
        return isPair ? 2 : 1;
    }

    private int AppendInvisible(Utf8Buffer output, ReadOnlySpan<char> text)
    {
        var length = InvisibleText.LengthAtStart(text);
        if (length == 0)
        {
            // It only starts like one; its pair stays together.
            length = text.Length > 1 && char.IsSurrogatePair(text[0], text[1]) ? 2 : 1;
            output.Append(text[..length]);
            return length;
        }

        foreach (var unit in text[..length])
        {
            output.Append(backslashed.Contains('\\', StringComparison.Ordinal) ? "\\\\u"u8 : "\\u"u8);
            InvisibleText.AppendDigits(output, unit);
        }

        return length;
    }
}
