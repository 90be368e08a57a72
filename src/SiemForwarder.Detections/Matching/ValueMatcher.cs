using System.Collections.Frozen;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using SiemForwarder.Detections.Fields;

namespace SiemForwarder.Detections.Matching;

/// <summary>Compares one scalar of an event with what a rule says of it.</summary>
internal abstract class ValueMatcher
{
    /// <param name="value">A text, a number, true or false; never a list.</param>
    public abstract bool IsMatch(in FieldValue value);
}

/// <summary>A text, with or without wildcards; numbers are compared as their sender wrote them, and by value where the rule gives a number.</summary>
internal sealed class TextMatcher(TextPattern pattern) : ValueMatcher
{
    private readonly NumberText? number =
        pattern.Exact is { } text && NumberText.TryParse(text, out var parsed) && (text.Length == 1 || text[0] != '0') ? parsed : null;

    public override bool IsMatch(in FieldValue value) =>
        pattern.IsMatch(value.Text)
        || (number is { } wanted && value.Kind == FieldKind.Number && NumberText.TryParse(value.Text, out var given) && given.Against(wanted) == 0);
}

/// <summary>Any of many plain texts, case aside.</summary>
internal sealed class TextSetMatcher(IEnumerable<string> texts) : ValueMatcher
{
    private readonly FrozenSet<string> set = texts.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    public override bool IsMatch(in FieldValue value) => set.Contains(value.Text);
}

/// <summary>A regular expression, by the engine that takes time in proportion to the text where that engine knows the pattern.</summary>
/// <remarks>
/// Patterns that look around or refer back (Sigma has neither, PCRE has both) run by the backtracking engine and are ended after 50 ms: the match
/// throws, and whoever asks the rule sets it to Error with that reason. It never counts as "no match", because what a rule answers would then
/// depend on how busy the machine is. The linear engine has no such end: what it is given is bounded by the size of the event.
/// </remarks>
internal sealed class RegexMatcher : ValueMatcher
{
    private static readonly TimeSpan MaxBacktracking = TimeSpan.FromMilliseconds(50);

    private readonly Regex regex;

    /// <exception cref="ArgumentException">The pattern is no regular expression.</exception>
    public RegexMatcher(string pattern, RegexOptions options)
    {
        var text = options.HasFlag(RegexOptions.Multiline) ? pattern : EndOfTextForDollar(pattern);
        try
        {
            regex = new Regex(text, options | RegexOptions.NonBacktracking, Regex.InfiniteMatchTimeout);
            IsLinear = true;
        }
        catch (NotSupportedException)
        {
            regex = new Regex(text, options, MaxBacktracking);
        }
    }

    /// <summary>False where a text of the event decides how long the match takes.</summary>
    public bool IsLinear { get; }

    public override bool IsMatch(in FieldValue value) => regex.IsMatch(value.Text);

    // In .NET $ also matches before a final line feed, where somebody could hide.
    private static string EndOfTextForDollar(string pattern)
    {
        var text = new StringBuilder(pattern.Length + 4);
        var isInClass = false;
        for (var at = 0; at < pattern.Length; at++)
        {
            var character = pattern[at];
            if (character == '\\' && at + 1 < pattern.Length)
            {
                text.Append(character).Append(pattern[++at]);
                continue;
            }

            isInClass = character == '[' || (isInClass && character != ']');
            text.Append(character == '$' && !isInClass ? "\\z" : character.ToString());
        }

        return text.ToString();
    }
}

/// <summary>An address in any of some blocks.</summary>
internal sealed class CidrMatcher(CidrBlock[] blocks) : ValueMatcher
{
    public override bool IsMatch(in FieldValue value) => value.Kind == FieldKind.Text && CidrBlock.AnyHolds(blocks, value.Text);
}

/// <summary>How two numbers are compared.</summary>
internal enum NumberOperator
{
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// <summary>A number, also one that the event gives as a text; of a time, any part of it.</summary>
internal sealed class NumberMatcher(NumberOperator how, NumberText bound, TimePart part) : ValueMatcher
{
    public override bool IsMatch(in FieldValue value)
    {
        if (value.Kind == FieldKind.Boolean)
        {
            return false;
        }

        if (part == TimePart.None)
        {
            return NumberText.TryParse(value.Text, out var number) && Holds(how, number.Against(bound));
        }

        return TimeParts.Find(value.Text, part) is { } found && Holds(how, new NumberText(found, found, true).Against(bound));
    }

    public static bool Holds(NumberOperator how, int comparison) => how switch
    {
        NumberOperator.Equal => comparison == 0,
        NumberOperator.NotEqual => comparison != 0,
        NumberOperator.Less => comparison < 0,
        NumberOperator.LessOrEqual => comparison <= 0,
        NumberOperator.Greater => comparison > 0,
        _ => comparison >= 0,
    };
}

/// <summary>A part of a time that a rule can ask for, in UTC.</summary>
internal enum TimePart
{
    None,
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Year,
}

/// <summary>Reads the parts of a time: epoch milliseconds or seconds, or RFC 3339 with its offset.</summary>
internal static class TimeParts
{
    // Seconds reach this number in the year 5138, milliseconds had it in March 1973.
    private const long MaxSeconds = 100_000_000_000;

    public static int? Find(string text, TimePart part)
    {
        if (Read(text) is not { } time)
        {
            return null;
        }

        return part switch
        {
            TimePart.Minute => time.Minute,
            TimePart.Hour => time.Hour,
            TimePart.Day => time.Day,
            TimePart.Week => ISOWeek.GetWeekOfYear(time.UtcDateTime),
            TimePart.Month => time.Month,
            _ => time.Year,
        };
    }

    private static DateTimeOffset? Read(string text)
    {
        if (decimal.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
        {
            var milliseconds = Math.Abs(number) < MaxSeconds ? number * 1000 : number;
            return Math.Abs(milliseconds) < 253_402_300_799_000m && milliseconds > -62_135_596_800_000m
                ? DateTimeOffset.FromUnixTimeMilliseconds((long)milliseconds)
                : null;
        }

        return text.Length >= 10 && text[4] == '-'
            && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time)
            ? time
            : null;
    }
}
