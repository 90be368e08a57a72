using System.Text;

namespace SiemForwarder.Detections.Matching;

/// <summary>Compares a whole text with a text of a rule, in time that grows with the text alone for patterns without <c>?</c>.</summary>
/// <remarks>Ordinal, never by a culture; line ends are characters like any other, so that nobody hides behind one.</remarks>
internal sealed class TextPattern
{
    private readonly StringComparison comparison;
    private readonly Segment[] segments;

    // A text between two stars: literals and single characters in their order.
    private sealed record Segment(TextPart[] Parts, int MinLength, int MaxLength);

    public TextPattern(SigmaText text, bool isCased)
    {
        comparison = isCased ? StringComparison.Ordinal : StringComparison.OrdinalIgnoreCase;
        var found = new List<Segment>();
        var parts = new List<TextPart>();
        foreach (var part in text.Parts)
        {
            if (part.Wildcard == TextWildcard.AnyText)
            {
                found.Add(NewSegment(parts));
                parts.Clear();
            }
            else
            {
                parts.Add(part);
            }
        }

        found.Add(NewSegment(parts));
        segments = [.. found];
        Exact = segments is [{ Parts: [] }] ? "" : segments is [{ Parts: [{ Literal: { } literal }] }] ? literal : null;
    }

    /// <summary>The text itself, where the pattern has no wildcard.</summary>
    public string? Exact { get; }

    public bool IsMatch(ReadOnlySpan<char> text)
    {
        if (Exact is not null)
        {
            return text.Equals(Exact, comparison);
        }

        if (segments.Length == 1)
        {
            return MatchAt(segments[0], text) == text.Length;
        }

        var used = MatchAt(segments[0], text);
        if (used < 0)
        {
            return false;
        }

        var rest = text[used..];
        for (var index = 1; index < segments.Length - 1; index++)
        {
            var (start, length) = Find(segments[index], rest);
            if (start < 0)
            {
                return false;
            }

            rest = rest[(start + length)..];
        }

        return EndsWith(segments[^1], rest);
    }

    private static Segment NewSegment(List<TextPart> parts)
    {
        var literals = parts.Sum(part => part.Literal?.Length ?? 0);
        var characters = parts.Count(part => part.Literal is null);
        return new Segment([.. parts], literals + characters, literals + (2 * characters));
    }

    private (int Start, int Length) Find(Segment segment, ReadOnlySpan<char> text)
    {
        switch (segment.Parts)
        {
            case []:
                return (0, 0);
            case [{ Literal: { } literal }]:
                return (text.IndexOf(literal, comparison), literal.Length);
        }

        for (var start = 0; start + segment.MinLength <= text.Length; start++)
        {
            // A character of two halves is one: a search never starts within it.
            if (start > 0 && char.IsLowSurrogate(text[start]) && char.IsHighSurrogate(text[start - 1]))
            {
                continue;
            }

            var length = MatchAt(segment, text[start..]);
            if (length >= 0)
            {
                return (start, length);
            }
        }

        return (-1, 0);
    }

    private bool EndsWith(Segment segment, ReadOnlySpan<char> text)
    {
        for (var length = segment.MinLength; length <= segment.MaxLength && length <= text.Length; length++)
        {
            var start = text.Length - length;
            var splits = start > 0 && length > 0 && char.IsLowSurrogate(text[start]) && char.IsHighSurrogate(text[start - 1]);
            if (!splits && MatchAt(segment, text[start..]) == length)
            {
                return true;
            }
        }

        return false;
    }

    // How many characters of the beginning of the text the segment takes, -1 where it does not match there.
    private int MatchAt(Segment segment, ReadOnlySpan<char> text)
    {
        var at = 0;
        foreach (var part in segment.Parts)
        {
            var rest = text[at..];
            if (part.Literal is { } literal)
            {
                if (!rest.StartsWith(literal, comparison))
                {
                    return -1;
                }

                at += literal.Length;
            }
            else
            {
                if (rest.IsEmpty)
                {
                    return -1;
                }

                at += Rune.DecodeFromUtf16(rest, out _, out var consumed) == System.Buffers.OperationStatus.Done ? consumed : 1;
            }
        }

        return at;
    }
}
