using SiemForwarder.Detections.Fields;
using SiemForwarder.Detections.Yaml;

namespace SiemForwarder.Detections.Rules;

/// <summary>What is found while one rule is read: why it is refused, what should be looked at. All of it, not only the first.</summary>
internal sealed class RuleReading(string rule, FieldTable fields, IReadOnlyDictionary<string, IReadOnlyList<string>> lists)
{
    public string Rule { get; set; } = rule;

    public FieldTable Fields { get; } = fields;

    /// <summary>Values of placeholders (<c>%admins%</c>) and of lists of addresses, by name.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Lists { get; } = lists;

    public bool IsEcs { get; set; }

    public List<RuleFinding> Refusals { get; } = [];

    public List<RuleFinding> Lints { get; } = [];

    /// <summary>Names of the placeholders that the rule uses; their values are part of its version.</summary>
    public SortedSet<string> UsedLists { get; } = new(StringComparer.Ordinal);

    /// <summary>Normalized names of the fields that the rule looks at.</summary>
    public SortedSet<string> UsedFields { get; } = new(StringComparer.Ordinal);

    public void Refuse(string path, string reason) => Refusals.Add(new RuleFinding(Rule, path, reason));

    public void Lint(string path, string reason) => Lints.Add(new RuleFinding(Rule, path, reason));

    public int SlotOf(string field, string path)
    {
        if (FieldTaxonomy.FindNearMiss(field) is { } meant && Fields.Normalize("ipAddress", false) == "ip")
        {
            Lint(path, $"no event has a field '{field}' of its own; did you mean '{meant}'");
        }

        UsedFields.Add(Fields.Normalize(field, IsEcs));
        return Fields.SlotOf(field, IsEcs);
    }

    /// <summary>A text, or null (refused) where something else or nothing stands there and it is needed.</summary>
    public string? ReadText(YamlMap map, string key, string path, bool isNeeded = false)
    {
        switch (map.Find(key))
        {
            case YamlScalar { Kind: not ScalarKind.Null } scalar:
                return scalar.Text;
            case null or YamlScalar when !isNeeded:
                return null;
            case null or YamlScalar:
                Refuse(Join(path, key), "it is missing");
                return null;
            case var other:
                Refuse(Join(path, key), $"it must be a text, not {other.Sort}");
                return null;
        }
    }

    /// <summary>A list of texts; one text counts as a list of one.</summary>
    public IReadOnlyList<string> ReadTexts(YamlMap map, string key, string path)
    {
        switch (map.Find(key))
        {
            case null or YamlScalar { Kind: ScalarKind.Null }:
                return [];
            case YamlScalar scalar:
                return [scalar.Text];
            case YamlList list when list.Items.All(item => item is YamlScalar { Kind: not ScalarKind.Null }):
                return [.. list.Items.Cast<YamlScalar>().Select(item => item.Text)];
            default:
                Refuse(Join(path, key), "it must be a list of texts");
                return [];
        }
    }

    public static string Join(string path, string key) => path.Length == 0 ? key : $"{path}.{key}";
}
