using System.Text.RegularExpressions;
using SiemForwarder.Detections.Fields;
using SiemForwarder.Detections.Matching;
using SiemForwarder.Detections.Yaml;

namespace SiemForwarder.Detections.Rules;

/// <summary>Compiles <c>field|modifier|…: value</c> of a selection; with no field, keywords.</summary>
internal sealed class FieldTestReader(RuleReading reading, string key, string path)
{
    private readonly List<TextModifier> textModifiers = [];
    private string field = "";
    private TestOperation operation;
    private NumberOperator comparison;
    private TimePart timePart;
    private RegexOptions regexOptions = RegexOptions.CultureInvariant;
    private bool isAll;
    private bool isCased;
    private bool isOther;
    private bool isExpanded;

    private enum TestOperation
    {
        Text,
        Regex,
        Cidr,
        Number,
        Exists,
        FieldReference,
    }

    /// <summary>The test, or null where it is refused.</summary>
    public EventTest? Read(YamlNode value)
    {
        var parts = key.Split('|');
        field = parts[0];
        foreach (var modifier in parts.AsSpan(1))
        {
            if (FindConflict(modifier) is { } reason)
            {
                reading.Refuse(path, reason);
                return null;
            }
        }

        if (value is YamlMap || (value is YamlList { Items: var items } && items.Any(item => item is not YamlScalar)))
        {
            reading.Refuse(path, "a field has a value or a list of values, no map and no list in a list");
            return null;
        }

        var values = value is YamlList list ? list.Items.Cast<YamlScalar>().ToList() : [(YamlScalar)value];
        if (values.Count == 0)
        {
            reading.Refuse(path, "the list is empty, so nothing would ever match");
            return null;
        }

        if (values.Count > 1 && values.Exists(one => one.Kind == ScalarKind.Null))
        {
            reading.Lint(path, "null stands in a list; write a selection of its own for it");
        }

        LintWords(values);
        return field.Length == 0 ? ReadKeywords(values) : ReadField(values);
    }

    // Takes one modifier in; a reason where it is unknown or does not go with those before it.
    private string? FindConflict(string modifier)
    {
        switch (modifier)
        {
            case "all":
                isAll = true;
                return null;
            case "cased":
                isCased = true;
                return operation is TestOperation.Text or TestOperation.FieldReference ? null : "cased goes with texts only";
            case "neq":
                isOther = true;
                return operation == TestOperation.Exists ? "exists has no opposite but exists: false" : null;
            case "i" or "m" or "s":
                regexOptions |= modifier switch { "i" => RegexOptions.IgnoreCase, "m" => RegexOptions.Multiline, _ => RegexOptions.Singleline };
                return operation == TestOperation.Regex ? null : $"the modifier {modifier} stands behind re only";
            case "expand":
                isExpanded = true;
                return operation is TestOperation.Text or TestOperation.Cidr && textModifiers.Count == 0 ? null : "expand stands before all other modifiers";
            case "lt" or "lte" or "gt" or "gte" when timePart != TimePart.None:
                comparison = Comparison(modifier);
                return null;
            case "lt" or "lte" or "gt" or "gte":
                comparison = Comparison(modifier);
                return Become(TestOperation.Number, modifier);
            case "minute" or "hour" or "day" or "week" or "month" or "year":
                timePart = Enum.Parse<TimePart>(modifier, ignoreCase: true);
                return Become(TestOperation.Number, modifier);
            case "re":
                return isExpanded ? "expand does not go with re; write the values into the expression"
                    : isCased ? "re is case-sensitive by itself; leave cased out" : Become(TestOperation.Regex, modifier);
            case "cidr":
                return isCased ? "an address has no case; leave cased out" : Become(TestOperation.Cidr, modifier);
            case "exists":
                return isOther || isAll || isCased ? "exists stands alone" : Become(TestOperation.Exists, modifier);
            case "fieldref" when isExpanded:
                return "expand does not go with fieldref; it names one field";
            case "fieldref":
                return Become(TestOperation.FieldReference, modifier);
        }

        if (TextModifiers.Find(modifier) is not { } textModifier)
        {
            return $"the modifier '{modifier}' is not one of Sigma 2.1";
        }

        textModifiers.Add(textModifier);
        var goesWithFields = textModifier is TextModifier.Contains or TextModifier.StartsWith or TextModifier.EndsWith;
        return operation == TestOperation.Text || (operation == TestOperation.FieldReference && goesWithFields)
            ? null
            : $"{modifier} does not go with the modifiers before it";
    }

    private string? Become(TestOperation wanted, string modifier)
    {
        if (operation != TestOperation.Text || textModifiers.Count > 0)
        {
            return $"{modifier} does not go with the modifiers before it";
        }

        operation = wanted;
        return null;
    }

    private static NumberOperator Comparison(string modifier) => modifier switch
    {
        "lt" => NumberOperator.Less,
        "lte" => NumberOperator.LessOrEqual,
        "gt" => NumberOperator.Greater,
        _ => NumberOperator.GreaterOrEqual,
    };

    private EventTest? ReadField(List<YamlScalar> values)
    {
        var slot = reading.SlotOf(field, path);
        if (operation == TestOperation.Exists)
        {
            return ReadExists(values, slot);
        }

        var isPlain = operation == TestOperation.Text && !isAll && !isCased && !isExpanded && textModifiers.Count == 0;
        if (isPlain && values.Count > 1 && FindPlainTexts(values) is { } plain)
        {
            return Complete(slot, [new FieldTest(slot, new TextSetMatcher(plain))]);
        }

        var tests = new List<EventTest>();
        foreach (var value in values)
        {
            if (value.Kind == ScalarKind.Null)
            {
                if (operation != TestOperation.Text || textModifiers.Count > 0)
                {
                    reading.Refuse(path, "null goes with no modifier");
                    return null;
                }

                tests.Add(new NullTest(slot));
            }
            else if (operation == TestOperation.FieldReference)
            {
                if (ReadFieldReference(slot, value) is not { } reference)
                {
                    return null;
                }

                tests.Add(reference);
            }
            else if (ReadMatchers(value) is { } matchers)
            {
                tests.Add(Any(matchers.ConvertAll(matcher => (EventTest)new FieldTest(slot, matcher))));
            }
            else
            {
                return null;
            }
        }

        return Complete(slot, tests);
    }

    private EventTest Complete(int slot, List<EventTest> tests) =>
        isOther ? new OtherValueTest(slot, Any(tests)) : isAll && tests.Count > 1 ? new AllTest(tests) : Any(tests);

    private static EventTest Any(List<EventTest> tests) => tests.Count == 1 ? tests[0] : new SomeTest(tests, 1);

    private EventTest? ReadExists(List<YamlScalar> values, int slot)
    {
        if (values is not [{ Kind: ScalarKind.Boolean } value])
        {
            reading.Refuse(path, "exists takes true or false");
            return null;
        }

        return value.Text is "true" or "True" or "TRUE" ? new ExistsTest(slot) : new NotTest(new ExistsTest(slot));
    }

    private FieldReferenceTest? ReadFieldReference(int slot, YamlScalar value)
    {
        if (SigmaText.Parse(value.Text).HasWildcard)
        {
            reading.Refuse(path, "fieldref names one field, without wildcards");
            return null;
        }

        var how = isCased ? StringComparison.Ordinal : StringComparison.OrdinalIgnoreCase;
        Func<string, string, bool> compare = textModifiers is [.., var last]
            ? last switch
            {
                TextModifier.StartsWith => (left, right) => left.StartsWith(right, how),
                TextModifier.EndsWith => (left, right) => left.EndsWith(right, how),
                _ => (left, right) => left.Contains(right, how),
            }
            : (left, right) => left.Equals(right, how);
        return new FieldReferenceTest(slot, reading.SlotOf(value.Text, path), compare);
    }

    private EventTest? ReadKeywords(List<YamlScalar> values)
    {
        if (operation is not (TestOperation.Text or TestOperation.Regex) || isOther)
        {
            reading.Refuse(path, "keywords go with the modifiers of texts and with re only");
            return null;
        }

        if (operation == TestOperation.Text)
        {
            textModifiers.Add(TextModifier.Contains);
        }

        var tests = new List<EventTest>();
        foreach (var value in values)
        {
            if (value.Kind == ScalarKind.Null)
            {
                reading.Refuse(path, "null is no keyword");
                return null;
            }

            if (ReadMatchers(value) is not { } matchers)
            {
                return null;
            }

            tests.Add(Any(matchers.ConvertAll(matcher => (EventTest)new KeywordTest(matcher))));
        }

        return isAll && tests.Count > 1 ? new AllTest(tests) : Any(tests);
    }

    // What one value of the rule stands for: any of these. Null where it is refused.
    private List<ValueMatcher>? ReadMatchers(YamlScalar value)
    {
        if (operation == TestOperation.Number)
        {
            if (value.Kind is ScalarKind.Boolean || !NumberText.TryParse(value.Text, out var bound))
            {
                reading.Refuse(path, $"'{value.Text}' is no number");
                return null;
            }

            return [new NumberMatcher(comparison, bound, timePart)];
        }

        var written = value.Kind == ScalarKind.Boolean ? value.Text.ToLowerInvariant() : value.Text;
        if (Expand(written) is not { } texts)
        {
            return null;
        }

        return operation switch
        {
            TestOperation.Cidr => ReadBlocks(texts),
            TestOperation.Regex => ReadRegex(written),
            _ => ReadPatterns(texts),
        };
    }

    private List<ValueMatcher>? ReadPatterns(IReadOnlyList<string> texts)
    {
        var (forms, problem) = TextModifiers.Apply(texts, textModifiers);
        if (problem is not null)
        {
            reading.Refuse(path, problem);
            return null;
        }

        return forms.ConvertAll(form => (ValueMatcher)new TextMatcher(new TextPattern(form, isCased)));
    }

    private List<ValueMatcher>? ReadBlocks(IReadOnlyList<string> texts)
    {
        var blocks = new List<CidrBlock>();
        foreach (var text in texts)
        {
            var (block, problem) = CidrBlock.Read(text);
            if (block is null)
            {
                reading.Refuse(path, problem!);
                return null;
            }

            blocks.Add(block);
        }

        return [new CidrMatcher([.. blocks])];
    }

    private List<ValueMatcher>? ReadRegex(string pattern)
    {
        try
        {
            var matcher = new RegexMatcher(pattern, regexOptions);
            if (!matcher.IsLinear)
            {
                reading.Lint(path, "the expression looks around, refers back or is large, so its time is not bounded by the text; "
                    + "where one text takes more than 50 ms, the rule is set to Error");
            }

            return [matcher];
        }
        catch (ArgumentException fault)
        {
            reading.Refuse(path, $"the regular expression cannot be read: {fault.Message.TrimEnd('.')}");
            return null;
        }
    }

    // Every combination of the values of the placeholders in a text; null where it is refused.
    private IReadOnlyList<string>? Expand(string text)
    {
        if (!isExpanded)
        {
            return [text];
        }

        var start = text.IndexOf('%', StringComparison.Ordinal);
        var end = start < 0 ? -1 : text.IndexOf('%', start + 1);
        if (end < 0)
        {
            reading.Refuse(path, $"expand needs a placeholder like %admins% in '{text}'");
            return null;
        }

        var name = text[(start + 1)..end];
        reading.UsedLists.Add(name);
        if (!reading.Lists.TryGetValue(name, out var values) || values.Count == 0)
        {
            reading.Refuse(path, $"the list '{name}' that %{name}% stands for has no values; fill it, or leave the rule out");
            return null;
        }

        var rest = text[(end + 1)..];
        IReadOnlyList<string>? rests = rest.Contains('%', StringComparison.Ordinal) ? Expand(rest) : [rest];
        return rests is null ? null : [.. from value in values from tail in rests select text[..start] + value + tail];
    }

    // The texts of a list that are compared as they stand; null where one of them is a number or has wildcards.
    private static List<string>? FindPlainTexts(List<YamlScalar> values)
    {
        var texts = new List<string>(values.Count);
        foreach (var value in values)
        {
            var text = SigmaText.Parse(value.Text);
            if (value.Kind is not (ScalarKind.Text or ScalarKind.Boolean) || text.HasWildcard || NumberText.TryParse(text.Plain, out _))
            {
                return null;
            }

            texts.Add(text.Plain);
        }

        return texts;
    }

    private void LintWords(List<YamlScalar> values)
    {
        foreach (var value in values)
        {
            if (!value.IsQuoted && value.Kind == ScalarKind.Text && value.Text.ToLowerInvariant() is "yes" or "no" or "on" or "off" or "y" or "n")
            {
                reading.Lint(path, $"'{value.Text}' is a text here and true or false for older YAML; put it in quotes");
            }
        }
    }
}
