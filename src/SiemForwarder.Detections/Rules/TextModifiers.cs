using System.Text;
using SiemForwarder.Detections.Matching;

namespace SiemForwarder.Detections.Rules;

/// <summary>A modifier that turns a text into others before it is compared.</summary>
internal enum TextModifier
{
    Contains,
    StartsWith,
    EndsWith,
    Base64,
    Base64Offset,
    Utf16LittleEndian,
    Utf16BigEndian,
    Utf16WithMark,
    WindowsDash,
}

/// <summary>Applies the modifiers of texts from left to right (Sigma specification 2.1.0, appendix "Modifiers").</summary>
internal static class TextModifiers
{
    private const int MaxForms = 5000;
    private static readonly char[] Dashes = ['-', '/', '–', '—', '―'];

    // A text, or the bytes that it became by an encoding and that wait for Base64.
    private readonly record struct Form(SigmaText Text, byte[]? Bytes);

    public static TextModifier? Find(string name) => name switch
    {
        "contains" => TextModifier.Contains,
        "startswith" => TextModifier.StartsWith,
        "endswith" => TextModifier.EndsWith,
        "base64" => TextModifier.Base64,
        "base64offset" => TextModifier.Base64Offset,
        "wide" or "utf16le" => TextModifier.Utf16LittleEndian,
        "utf16be" => TextModifier.Utf16BigEndian,
        "utf16" => TextModifier.Utf16WithMark,
        "windash" => TextModifier.WindowsDash,
        _ => null,
    };

    /// <summary>All that the texts stand for once modified, or why they cannot be.</summary>
    public static (List<SigmaText> Forms, string? Problem) Apply(IReadOnlyList<string> texts, IReadOnlyList<TextModifier> modifiers)
    {
        var forms = texts.Select(text => new Form(SigmaText.Parse(text), null)).ToList();
        foreach (var modifier in modifiers)
        {
            var next = new List<Form>();
            foreach (var form in forms)
            {
                var encodes = modifier is not (TextModifier.Contains or TextModifier.StartsWith or TextModifier.EndsWith or TextModifier.WindowsDash);
                if (encodes && form.Text.HasWildcard)
                {
                    return ([], "a text with wildcards cannot be encoded");
                }

                next.AddRange(ApplyOne(form, modifier));
                if (next.Count > MaxForms)
                {
                    return ([], "the value stands for more than 5,000 texts; write it with fewer dashes or as a regular expression");
                }
            }

            forms = next;
        }

        return (forms.ConvertAll(form => form.Bytes is null ? form.Text : SigmaText.OfPlain(Encoding.Latin1.GetString(form.Bytes))), null);
    }

    private static IEnumerable<Form> ApplyOne(Form form, TextModifier modifier)
    {
        switch (modifier)
        {
            case TextModifier.Contains:
                return [new(form.Text.Around(before: true, after: true), null)];
            case TextModifier.StartsWith:
                return [new(form.Text.Around(before: false, after: true), null)];
            case TextModifier.EndsWith:
                return [new(form.Text.Around(before: true, after: false), null)];
            case TextModifier.Utf16LittleEndian:
                return [new(form.Text, Encoding.Unicode.GetBytes(form.Text.Plain))];
            case TextModifier.Utf16BigEndian:
                return [new(form.Text, Encoding.BigEndianUnicode.GetBytes(form.Text.Plain))];
            case TextModifier.Utf16WithMark:
                return [new(form.Text, [0xFF, 0xFE, .. Encoding.Unicode.GetBytes(form.Text.Plain)])];
            case TextModifier.Base64:
                return [new(SigmaText.OfPlain(Convert.ToBase64String(BytesOf(form))), null)];
            case TextModifier.Base64Offset:
                return Enumerable.Range(0, 3).Select(offset => new Form(SigmaText.OfPlain(StableBase64(BytesOf(form), offset)), null));
            default:
                return WithDashes(form.Text).Select(text => new Form(text, null));
        }
    }

    private static byte[] BytesOf(Form form) => form.Bytes ?? Encoding.UTF8.GetBytes(form.Text.Plain);

    // The characters that do not depend on the bytes before and behind, where the value begins at that offset of a group of three bytes.
    private static string StableBase64(byte[] value, int offset)
    {
        var text = Convert.ToBase64String([.. new byte[offset], .. value]);
        var start = offset switch { 0 => 0, 1 => 2, _ => 3 };
        var cut = ((value.Length + offset) % 3) switch { 0 => 0, 1 => 3, _ => 2 };
        return start >= text.Length - cut ? "" : text[start..^cut];
    }

    // Every combination of dashes where a dash or slash begins a word.
    private static List<SigmaText> WithDashes(SigmaText text)
    {
        var forms = new List<List<TextPart>> { new() };
        foreach (var part in text.Parts)
        {
            var variants = part.Literal is { } literal ? WithDashes(literal).Select(one => new TextPart(one, TextWildcard.None)) : [part];
            forms = [.. from form in forms from variant in variants select new List<TextPart>([.. form, variant])];
            if (forms.Count > MaxForms)
            {
                break;
            }
        }

        return forms.ConvertAll(parts => new SigmaText(parts));
    }

    private static List<string> WithDashes(string literal)
    {
        var forms = new List<string> { "" };
        for (var at = 0; at < literal.Length && forms.Count <= MaxForms; at++)
        {
            var begins = literal[at] is '-' or '/' && (at == 0 || !IsWord(literal[at - 1])) && at + 1 < literal.Length && IsWord(literal[at + 1]);
            forms = begins
                ? [.. from form in forms from dash in Dashes select form + dash]
                : forms.ConvertAll(form => form + literal[at]);
        }

        return forms;
    }

    private static bool IsWord(char character) => char.IsLetterOrDigit(character) || character == '_';
}
