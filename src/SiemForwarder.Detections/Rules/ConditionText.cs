using System.Globalization;

namespace SiemForwarder.Detections.Rules;

/// <summary>A condition as parsed: names joined by <c>and</c>, <c>or</c>, <c>not</c> and <c>x of</c>.</summary>
internal abstract record ConditionNode;

/// <summary>One selection or rule by its name.</summary>
internal sealed record NameNode(string Name) : ConditionNode;

/// <summary>At least <paramref name="Minimum"/> of the names that fit the pattern; null for all of them.</summary>
internal sealed record OfNode(int? Minimum, string Pattern) : ConditionNode;

/// <summary>The opposite.</summary>
internal sealed record NotNode(ConditionNode Of) : ConditionNode;

/// <summary>All of two or more.</summary>
internal sealed record AndNode(IReadOnlyList<ConditionNode> Parts) : ConditionNode;

/// <summary>Any of two or more.</summary>
internal sealed record OrNode(IReadOnlyList<ConditionNode> Parts) : ConditionNode;

/// <summary>Parses conditions (Sigma specification 2.1.0, "Condition"): weakest <c>or</c>, then <c>and</c>, <c>not</c>, <c>x of</c>, parentheses.</summary>
internal sealed class ConditionText
{
    public const int MaxLength = 64 * 1024;
    private const int MaxDepth = 64;

    private readonly List<string> tokens = [];
    private int at;
    private int depth;
    private string? problem;

    /// <summary>Parses a condition.</summary>
    /// <returns>What it says, or why it cannot be read.</returns>
    public static (ConditionNode? Node, string? Problem) Parse(string text)
    {
        if (text.Length > MaxLength)
        {
            return (null, "the condition is longer than 64 KiB");
        }

        var parsing = new ConditionText();
        if (!parsing.Tokenize(text))
        {
            return (null, parsing.problem);
        }

        var node = parsing.ReadOr();
        if (parsing.problem is null && parsing.at < parsing.tokens.Count)
        {
            parsing.problem = $"'{parsing.tokens[parsing.at]}' is not expected there; join names by lower-case and, or, not";
        }

        return parsing.problem is null ? (node, null) : (null, parsing.problem);
    }

    /// <summary>Whether a name fits a pattern, in which <c>*</c> stands for any text.</summary>
    public static bool Fits(string name, string pattern) =>
        new Matching.TextPattern(Matching.SigmaText.Parse(pattern), isCased: true).IsMatch(name);

    private bool Tokenize(string text)
    {
        for (var start = 0; start < text.Length;)
        {
            var character = text[start];
            if (char.IsWhiteSpace(character))
            {
                start++;
                continue;
            }

            if (character is '(' or ')')
            {
                tokens.Add(text.Substring(start++, 1));
                continue;
            }

            var end = start;
            while (end < text.Length && (char.IsAsciiLetterOrDigit(text[end]) || text[end] is '_' or '-' or '*'))
            {
                end++;
            }

            if (end == start)
            {
                problem = character == '|'
                    ? "counting behind '|' is gone since Sigma 2.0; write a correlation"
                    : $"'{character}' may not stand in a condition";
                return false;
            }

            tokens.Add(text[start..end]);
            start = end;
        }

        problem = tokens.Count == 0 ? "the condition is empty" : null;
        return problem is null;
    }

    private string? Next => at < tokens.Count ? tokens[at] : null;

    private ConditionNode ReadOr() => ReadJoined("or", ReadAnd, parts => new OrNode(parts));

    private ConditionNode ReadAnd() => ReadJoined("and", ReadNot, parts => new AndNode(parts));

    private ConditionNode ReadJoined(string word, Func<ConditionNode> read, Func<IReadOnlyList<ConditionNode>, ConditionNode> join)
    {
        var first = read();
        if (Next != word)
        {
            return first;
        }

        var parts = new List<ConditionNode> { first };
        while (problem is null && Next == word)
        {
            at++;
            parts.Add(read());
        }

        return join(parts);
    }

    private ConditionNode ReadNot()
    {
        var isNegated = false;
        while (Next == "not")
        {
            at++;
            isNegated = !isNegated;
        }

        var node = ReadPrimary();
        return isNegated ? new NotNode(node) : node;
    }

    private ConditionNode ReadPrimary()
    {
        switch (Next)
        {
            case null:
                return Fail("the condition ends where a name is expected");
            case "(":
                return ReadInParentheses();
            case ")" or "and" or "or" or "of":
                return Fail($"'{Next}' stands where a name is expected");
            case "near":
                return Fail("'near' is gone since Sigma 2.0; write a correlation of the type temporal");
        }

        var word = tokens[at++];
        if (Next != "of")
        {
            return word.Contains('*', StringComparison.Ordinal) ? Fail($"the pattern '{word}' needs '1 of' or 'all of' before it") : new NameNode(word);
        }

        at++;
        if (Next is null or "(" or ")" or "and" or "or" or "not" or "of")
        {
            return Fail($"'{word} of' needs a pattern or 'them' behind it");
        }

        var pattern = tokens[at++];
        if (word == "all")
        {
            return new OfNode(null, pattern);
        }

        return word == "any" ? new OfNode(1, pattern)
            : int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var minimum) && minimum > 0 ? new OfNode(minimum, pattern)
            : Fail($"'{word} of' must be 'all of', 'any of' or a number above 0");
    }

    private ConditionNode ReadInParentheses()
    {
        if (++depth > MaxDepth)
        {
            return Fail("parentheses stand in one another more than 64 deep");
        }

        at++;
        var inner = ReadOr();
        if (problem is null && Next != ")")
        {
            return Fail("a parenthesis is not closed");
        }

        at++;
        depth--;
        return inner;
    }

    private NameNode Fail(string reason)
    {
        problem ??= reason;
        at = tokens.Count;
        return new NameNode("");
    }
}
