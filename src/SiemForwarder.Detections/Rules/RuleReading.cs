using System.Globalization;
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

    public void Refuse(string path, string reason) => Refusals.Add(new RuleFinding(Rule, path, reason));

    public void Lint(string path, string reason) => Lints.Add(new RuleFinding(Rule, path, reason));

    public int SlotOf(string field, string path)
    {
        if (FieldTaxonomy.FindNearMiss(field) is { } meant && Fields.Normalize("ipAddress", false) == "ip")
        {
            Lint(path, $"no event has a field '{field}' of its own; did you mean '{meant}'");
        }

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

    public bool ReadFlag(YamlMap map, string key, string path)
    {
        switch (map.Find(key))
        {
            case null:
                return false;
            case YamlScalar { Kind: ScalarKind.Boolean } scalar:
                return scalar.Text is "true" or "True" or "TRUE";
            default:
                Refuse(Join(path, key), "it must be true or false");
                return false;
        }
    }

    /// <summary>A number above 0, or the default.</summary>
    public double ReadNumber(YamlMap map, string key, string path, double otherwise)
    {
        if (map.Find(key) is not { } node)
        {
            return otherwise;
        }

        if (node is YamlScalar { Kind: ScalarKind.Integer or ScalarKind.Number } scalar
            && double.TryParse(scalar.Text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && number >= 0 && double.IsFinite(number))
        {
            return number;
        }

        Refuse(Join(path, key), "it must be a number that is not negative");
        return otherwise;
    }

    /// <summary>A duration as Sigma writes it (<c>30s</c>, <c>5m</c>, <c>1h</c>, <c>14d</c>) in milliseconds; null where it is missing or refused.</summary>
    public long? ReadDuration(YamlMap map, string key, string path, bool isNeeded = false)
    {
        if (ReadText(map, key, path, isNeeded) is not { } text)
        {
            return null;
        }

        if (FindDuration(text) is { } milliseconds)
        {
            return milliseconds;
        }

        Refuse(Join(path, key), $"'{text}' is no duration; write a number and s, m, h or d, as in 5m");
        return null;
    }

    /// <summary>Refuses every key that is not among <paramref name="known"/>.</summary>
    public void RefuseUnknown(YamlMap map, string path, params ReadOnlySpan<string> known)
    {
        foreach (var entry in map.Entries)
        {
            if (!known.Contains(entry.Key))
            {
                Refuse(Join(path, entry.Key), $"nothing of that name is known here; known are {string.Join(", ", known.ToArray())}");
            }
        }
    }

    public static string Join(string path, string key) => path.Length == 0 ? key : $"{path}.{key}";

    private static long? FindDuration(string text)
    {
        if (text.Length < 2 || text == "0" || !long.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var count))
        {
            return text == "0" ? 0 : null;
        }

        long? unit = text[^1] switch
        {
            's' => 1000,
            'm' => 60_000,
            'h' => 3_600_000,
            'd' => 86_400_000,
            _ => null,
        };
        // A hundred years: beyond it sums of times would overflow.
        return unit is null || count > 36_500L * 86_400_000 / unit ? null : count * unit;
    }
}
