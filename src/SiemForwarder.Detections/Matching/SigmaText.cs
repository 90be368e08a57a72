using System.Text;

namespace SiemForwarder.Detections.Matching;

/// <summary>A text of a rule with its wildcards: <c>*</c> any text, <c>?</c> one character; a backslash before one of them or before itself
/// takes its meaning away.</summary>
/// <remarks>Sigma specification 2.1.0, "Escaping". A backslash before anything else is itself.</remarks>
internal readonly record struct SigmaText(IReadOnlyList<TextPart> Parts)
{
    public bool HasWildcard => Parts.Any(part => part.Literal is null);

    /// <summary>The text where it has no wildcard.</summary>
    public string Plain => string.Concat(Parts.Select(part => part.Literal));

    public static SigmaText Parse(string written)
    {
        var parts = new List<TextPart>();
        var literal = new StringBuilder();
        for (var at = 0; at < written.Length; at++)
        {
            var character = written[at];
            if (character == '\\' && at + 1 < written.Length && written[at + 1] is '*' or '?' or '\\')
            {
                literal.Append(written[++at]);
            }
            else if (character is '*' or '?')
            {
                End(parts, literal);
                parts.Add(character == '*' ? TextPart.AnyText : TextPart.AnyCharacter);
            }
            else
            {
                literal.Append(character);
            }
        }

        End(parts, literal);
        return new SigmaText(parts);
    }

    public static SigmaText OfPlain(string text) => new(text.Length == 0 ? [] : [new TextPart(text, TextWildcard.None)]);

    public SigmaText Around(bool before, bool after)
    {
        var parts = new List<TextPart>(Parts.Count + 2);
        if (before && (Parts.Count == 0 || Parts[0] != TextPart.AnyText))
        {
            parts.Add(TextPart.AnyText);
        }

        parts.AddRange(Parts);
        if (after && (parts.Count == 0 || parts[^1] != TextPart.AnyText))
        {
            parts.Add(TextPart.AnyText);
        }

        return new SigmaText(parts);
    }

    private static void End(List<TextPart> parts, StringBuilder literal)
    {
        if (literal.Length > 0)
        {
            parts.Add(new TextPart(literal.ToString(), TextWildcard.None));
            literal.Clear();
        }
    }
}

/// <summary>What a part of a text stands for where it is no literal.</summary>
internal enum TextWildcard
{
    None,
    AnyText,
    AnyCharacter,
}

/// <summary>A literal or a wildcard.</summary>
internal readonly record struct TextPart(string? Literal, TextWildcard Wildcard)
{
    public static readonly TextPart AnyText = new(null, TextWildcard.AnyText);

    public static readonly TextPart AnyCharacter = new(null, TextWildcard.AnyCharacter);
}
