using SiemForwarder.Detections.Matching;
using SiemForwarder.Detections.Yaml;

namespace SiemForwarder.Detections.Rules;

/// <summary>Compiles the selections and the condition of a detection or a filter to one test.</summary>
internal static class DetectionReader
{
    private const string Them = "them";

    /// <summary>The test, or null where anything of it is refused.</summary>
    /// <param name="map">The map below <c>detection</c> or <c>filter</c>.</param>
    /// <param name="path">Where the map stands.</param>
    /// <param name="others">Keys of the map that are no selections.</param>
    public static EventTest? Read(YamlMap map, string path, RuleReading reading, params ReadOnlySpan<string> others)
    {
        var refused = reading.Refusals.Count;
        var selections = new Dictionary<string, EventTest>(StringComparer.Ordinal);
        foreach (var entry in map.Entries)
        {
            if (entry.Key == "timeframe")
            {
                reading.Lint($"{path}.timeframe", "it is of Sigma 1 and has no effect; write a correlation with a timespan");
            }
            else if (entry.Key != "condition" && !others.Contains(entry.Key) && ReadSelection(entry.Value, $"{path}.{entry.Key}", reading) is { } test)
            {
                selections.Add(entry.Key, test);
            }
        }

        var conditions = reading.ReadTexts(map, "condition", path);
        if (conditions.Count == 0)
        {
            reading.Refuse($"{path}.condition", "it is missing; name the selections that must match");
        }

        if (reading.Refusals.Count > refused)
        {
            return null;
        }

        var used = new HashSet<string>(StringComparer.Ordinal);
        var tests = new List<EventTest>();
        foreach (var condition in conditions)
        {
            var (node, problem) = ConditionText.Parse(condition);
            if (problem is not null)
            {
                reading.Refuse($"{path}.condition", problem);
            }
            else if (Compile(node!, selections, $"{path}.condition", reading, used) is { } test)
            {
                tests.Add(test);
            }
        }

        foreach (var unused in selections.Keys.Where(name => !used.Contains(name)))
        {
            reading.Lint($"{path}.{unused}", "the condition does not name this selection");
        }

        return reading.Refusals.Count > refused ? null : tests.Count == 1 ? tests[0] : new SomeTest(tests, 1);
    }

    private static EventTest? ReadSelection(YamlNode node, string path, RuleReading reading)
    {
        switch (node)
        {
            case YamlMap { Entries.Count: 0 } or YamlList { Items.Count: 0 }:
                reading.Refuse(path, "the selection is empty");
                return null;
            case YamlMap map:
                var all = map.Entries.Select(entry => new FieldTestReader(reading, entry.Key, $"{path}.{entry.Key}").Read(entry.Value)).ToList();
                return all.Contains(null) ? null : all.Count == 1 ? all[0] : new AllTest(all!);
            case YamlList list:
                var any = new List<EventTest?>();
                for (var index = 0; index < list.Items.Count; index++)
                {
                    any.Add(ReadItem(list.Items[index], $"{path}[{index}]", reading));
                }

                return any.Contains(null) ? null : new SomeTest(any!, 1);
            default:
                return new FieldTestReader(reading, "", path).Read(node);
        }
    }

    private static EventTest? ReadItem(YamlNode item, string path, RuleReading reading)
    {
        if (item is YamlList)
        {
            reading.Refuse(path, "a list may not stand in the list of a selection");
            return null;
        }

        return ReadSelection(item, path, reading);
    }

    private static EventTest? Compile(
        ConditionNode node, Dictionary<string, EventTest> selections, string path, RuleReading reading, HashSet<string> used)
    {
        switch (node)
        {
            case NameNode name:
                used.Add(name.Name);
                return selections.TryGetValue(name.Name, out var selection) ? selection
                    : Refuse($"there is no selection '{name.Name}'{(name.Name is "AND" or "OR" or "NOT" ? "; operators are lower case" : "")}");
            case NotNode not:
                return Compile(not.Of, selections, path, reading, used) is { } inner ? new NotTest(inner) : null;
            case OfNode of:
                var names = selections.Keys.Where(name => of.Pattern == Them ? !name.StartsWith('_') : FitsVisible(name, of.Pattern)).ToList();
                used.UnionWith(names);
                return names.Count == 0 ? Refuse($"no selection fits '{of.Pattern}'")
                    : of.Minimum > names.Count ? Refuse($"'{of.Minimum} of {of.Pattern}' can never hold: only {names.Count} selections fit")
                    : new SomeTest([.. names.Select(name => selections[name])], of.Minimum ?? names.Count);
            default:
                var parts = node is AndNode and ? and.Parts : ((OrNode)node).Parts;
                var tests = parts.Select(part => Compile(part, selections, path, reading, used)).ToList();
                return tests.Contains(null) ? null : node is AndNode ? new AllTest(tests!) : new SomeTest(tests!, 1);
        }

        EventTest? Refuse(string reason)
        {
            reading.Refuse(path, reason);
            return null;
        }
    }

    // Hidden selections are found only by a pattern that begins as they do.
    private static bool FitsVisible(string name, string pattern) =>
        (!name.StartsWith('_') || pattern.StartsWith('_')) && ConditionText.Fits(name, pattern);
}
