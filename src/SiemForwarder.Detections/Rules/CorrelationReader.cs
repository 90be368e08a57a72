using System.Globalization;
using System.Numerics;
using SiemForwarder.Detections.Matching;
using SiemForwarder.Detections.Yaml;

namespace SiemForwarder.Detections.Rules;

/// <summary>What a correlation says before the rules that it names are known.</summary>
internal sealed record CorrelationDraft
{
    public required CorrelationType Type { get; init; }

    public required TimeSpan Timespan { get; init; }

    /// <summary>Names or ids, in their order.</summary>
    public required IReadOnlyList<string> References { get; init; }

    public required IReadOnlyList<string> GroupNames { get; init; }

    /// <summary>By alias, then by reference: the field.</summary>
    public required IReadOnlyDictionary<string, IReadOnlyDictionary<string, string>> Aliases { get; init; }

    public required IReadOnlyList<string> ValueFields { get; init; }

    public required IReadOnlyList<Bound> Bounds { get; init; }

    public ConditionNode? Expression { get; init; }

    public double Percentile { get; init; }

    public bool Generates { get; init; }
}

/// <summary>Reads the <c>correlation:</c> map of a document (Sigma specification 2.1.0, "Sigma Correlation Rules").</summary>
internal sealed class CorrelationReader(RuleReading reading)
{
    private const string Root = "correlation";

    // The rules that were seen are bits of one number.
    private const int MaxReferences = 64;

    private static readonly string[] Known = ["type", "rules", "group-by", "timespan", "condition", "aliases", "generate"];

    /// <summary>What the map says; what is wrong stands in the reading.</summary>
    public CorrelationDraft? Read(YamlMap document)
    {
        if (document.Find(Root) is not YamlMap map)
        {
            reading.Refuse(Root, "it must be a map with type, rules, timespan and condition");
            return null;
        }

        foreach (var entry in map.Entries.Where(entry => !Known.Contains(entry.Key)))
        {
            reading.Refuse($"{Root}.{entry.Key}", $"it is not known here; a correlation has {string.Join(", ", Known)}");
        }

        var (type, percentile) = ReadType(map);
        var references = reading.ReadTexts(map, "rules", Root);
        if (references.Count is 0 or > MaxReferences)
        {
            reading.Refuse($"{Root}.rules", references.Count == 0 ? "it is missing; name the rules whose hits are correlated" : "it names more than 64 rules");
        }

        if (references.Distinct(StringComparer.Ordinal).Count() < references.Count)
        {
            reading.Refuse($"{Root}.rules", "a rule stands twice in the list");
        }

        if (map.Find("timespan") is YamlScalar { Kind: ScalarKind.Integer, Text: var bare })
        {
            reading.Refuse($"{Root}.timespan", $"'{bare}' has no unit; write s, m, h or d behind it");
            return null;
        }

        var timespan = DurationText.Read(map, "timespan", Root, reading);
        var draft = new CorrelationDraft
        {
            Type = type,
            Timespan = timespan ?? default,
            References = references,
            GroupNames = reading.ReadTexts(map, "group-by", Root),
            Aliases = ReadAliases(map, references),
            ValueFields = [],
            Bounds = [],
            Percentile = percentile,
            Generates = ReadGenerate(map, document),
        };
        return ReadCondition(map, draft);
    }

    private (CorrelationType Type, double Percentile) ReadType(YamlMap map)
    {
        switch (reading.ReadText(map, "type", Root, isNeeded: true))
        {
            case "event_count" or null:
                return (CorrelationType.EventCount, 0);
            case "value_count":
                return (CorrelationType.ValueCount, 0);
            case "temporal":
                return (CorrelationType.Temporal, 0);
            case "temporal_ordered" or "ordered_temporal":
                return (CorrelationType.TemporalOrdered, 0);
            case "value_sum":
                return (CorrelationType.ValueSum, 0);
            case "value_avg":
                return (CorrelationType.ValueAverage, 0);
            case "value_percentile":
                return (CorrelationType.ValuePercentile, double.NaN);
            case "value_median":
                return (CorrelationType.ValuePercentile, 50);
            case var other:
                reading.Refuse($"{Root}.type", $"'{other}' is none of event_count, value_count, temporal, temporal_ordered, value_sum, value_avg, "
                    + "value_percentile, value_median");
                return (CorrelationType.EventCount, 0);
        }
    }

    private CorrelationDraft ReadCondition(YamlMap map, CorrelationDraft draft)
    {
        const string Path = $"{Root}.condition";
        var isTemporal = draft.Type is CorrelationType.Temporal or CorrelationType.TemporalOrdered;
        switch (map.Find("condition"))
        {
            case null when isTemporal:
                return draft with { Bounds = [new Bound(NumberOperator.GreaterOrEqual, draft.References.Count)] };
            case YamlScalar { Kind: ScalarKind.Text } text when draft.Type == CorrelationType.Temporal:
                var (node, problem) = ConditionText.Parse(text.Text);
                if (problem is not null)
                {
                    reading.Refuse(Path, problem);
                }

                return draft with { Expression = node };
            case YamlMap condition:
                return ReadBounds(condition, draft, Path);
            default:
                reading.Refuse(Path, "it must be a map of comparisons: gte: 10");
                return draft;
        }
    }

    private CorrelationDraft ReadBounds(YamlMap condition, CorrelationDraft draft, string path)
    {
        var bounds = new List<Bound>();
        var percentile = draft.Percentile;
        foreach (var entry in condition.Entries.Where(entry => entry.Key != "field"))
        {
            NumberOperator? how = entry.Key switch
            {
                "gt" => NumberOperator.Greater,
                "gte" => NumberOperator.GreaterOrEqual,
                "lt" => NumberOperator.Less,
                "lte" => NumberOperator.LessOrEqual,
                "eq" => NumberOperator.Equal,
                "neq" => NumberOperator.NotEqual,
                _ => null,
            };
            var isPercentile = entry.Key == "percentile" && double.IsNaN(draft.Percentile);
            if (how is null && !isPercentile)
            {
                reading.Refuse($"{path}.{entry.Key}", "a condition has field, gt, gte, lt, lte, eq, neq, and percentile for value_percentile");
            }
            else if (entry.Value is not YamlScalar { Kind: ScalarKind.Integer or ScalarKind.Number } scalar
                || !double.TryParse(scalar.Text, NumberStyles.Float, CultureInfo.InvariantCulture, out var limit)
                || (isPercentile && limit is < 0 or > 100))
            {
                reading.Refuse($"{path}.{entry.Key}", isPercentile ? "it must be a number from 0 to 100" : "it must be a number");
            }
            else if (isPercentile)
            {
                percentile = limit;
            }
            else
            {
                bounds.Add(new Bound(how!.Value, limit));
            }
        }

        if (double.IsNaN(percentile))
        {
            reading.Refuse(path, "value_percentile needs percentile: 0 to 100");
        }

        if (bounds.Count == 0)
        {
            reading.Refuse(path, "it compares with nothing; write gte: 10 or the like");
        }
        else if (!bounds.Exists(bound => bound.How is NumberOperator.Greater or NumberOperator.GreaterOrEqual or NumberOperator.Equal && bound.Limit > 0))
        {
            reading.Lint(path, "on a stream this holds at the first event already; for what does not happen write forwarder: unless, missing or silence");
        }

        return draft with { Bounds = bounds, Percentile = percentile, ValueFields = ReadValueFields(condition, draft, path) };
    }

    private IReadOnlyList<string> ReadValueFields(YamlMap condition, CorrelationDraft draft, string path)
    {
        var fields = reading.ReadTexts(condition, "field", path);
        var needed = draft.Type is CorrelationType.ValueCount or CorrelationType.ValueSum or CorrelationType.ValueAverage or CorrelationType.ValuePercentile;
        if (needed && fields.Count == 0)
        {
            reading.Refuse($"{path}.field", "it is missing; name the field whose values are meant");
        }
        else if (!needed && fields.Count > 0)
        {
            reading.Refuse($"{path}.field", "only the types that begin with value_ have a field");
        }
        else if (fields.Count > 1 && draft.Type != CorrelationType.ValueCount)
        {
            reading.Refuse($"{path}.field", "only value_count takes several fields");
        }

        return fields;
    }

    private Dictionary<string, IReadOnlyDictionary<string, string>> ReadAliases(YamlMap map, IReadOnlyList<string> references)
    {
        var aliases = new Dictionary<string, IReadOnlyDictionary<string, string>>(StringComparer.Ordinal);
        foreach (var alias in (map.Find("aliases") as YamlMap)?.Entries ?? [])
        {
            var fields = new Dictionary<string, string>(StringComparer.Ordinal);
            foreach (var entry in (alias.Value as YamlMap)?.Entries ?? [])
            {
                if (!references.Contains(entry.Key))
                {
                    reading.Refuse($"{Root}.aliases.{alias.Key}.{entry.Key}", "the correlation does not name this rule");
                }
                else if (entry.Value is YamlScalar { Kind: not ScalarKind.Null } field)
                {
                    fields.Add(entry.Key, field.Text);
                }
            }

            if (fields.Count == 0)
            {
                reading.Refuse($"{Root}.aliases.{alias.Key}", "it must be a map from names of rules to fields");
            }

            aliases.Add(alias.Key, fields);
        }

        return aliases;
    }

    // The specification has it in the map, its examples beside it.
    private bool ReadGenerate(YamlMap map, YamlMap document)
    {
        switch (map.Find("generate") ?? document.Find("generate"))
        {
            case null:
                return false;
            case YamlScalar { Kind: ScalarKind.Boolean } scalar:
                return scalar.Text.Equals("true", StringComparison.OrdinalIgnoreCase);
            default:
                reading.Refuse($"{Root}.generate", "it must be true or false");
                return false;
        }
    }

    /// <summary>Compiles a condition over rules to a test of their bits; null (refused) where it names another rule.</summary>
    public Func<ulong, bool>? Compile(ConditionNode node, IReadOnlyList<string> references)
    {
        switch (node)
        {
            case NameNode name:
                var index = references.ToList().IndexOf(name.Name);
                if (index < 0)
                {
                    reading.Refuse($"{Root}.condition", $"the correlation does not name a rule '{name.Name}'");
                    return null;
                }

                return seen => (seen & (1UL << index)) != 0;
            case NotNode not:
                return Compile(not.Of, references) is { } inner ? seen => !inner(seen) : null;
            case OfNode of:
                var mask = 0UL;
                for (var at = 0; at < references.Count; at++)
                {
                    mask |= of.Pattern == "them" || ConditionText.Fits(references[at], of.Pattern) ? 1UL << at : 0;
                }

                var minimum = of.Minimum ?? BitOperations.PopCount(mask);
                if (mask == 0 || minimum > BitOperations.PopCount(mask))
                {
                    reading.Refuse($"{Root}.condition", $"fewer rules fit '{of.Pattern}' than are asked for");
                    return null;
                }

                return seen => BitOperations.PopCount(seen & mask) >= minimum;
            default:
                var parts = (node is AndNode and ? and.Parts : ((OrNode)node).Parts).Select(part => Compile(part, references)).ToArray();
                return parts.Contains(null) ? null
                    : node is AndNode ? seen => Array.TrueForAll(parts, part => part!(seen)) : seen => Array.Exists(parts, part => part!(seen));
        }
    }
}
