using System.Security.Cryptography;
using System.Text;
using SiemForwarder.Detections.Fields;
using SiemForwarder.Detections.Matching;
using SiemForwarder.Detections.Yaml;

namespace SiemForwarder.Detections.Rules;

/// <summary>The text of one rule file; it may hold several documents.</summary>
public sealed record RuleFile(string Name, string Text);

/// <summary>A compiled rule for single events.</summary>
public sealed class DetectionRule
{
    internal DetectionRule(RuleHead head, EventTest test, string version)
    {
        Head = head;
        Test = test;
        Version = version;
    }

    public RuleHead Head { get; }

    /// <summary>Hash of what the rule says, its filters and the lists it uses: 32 hexadecimal digits.</summary>
    public string Version { get; }

    internal EventTest Test { get; }
}

/// <summary>The rules of some files that can run, and what was found in the others.</summary>
public sealed class RuleSet
{
    // One of the documents of a file, read but not yet joined with the others.
    private sealed record Document(RuleHead Head, EventTest Test, YamlMap Source, IReadOnlyList<string>? Filtered, bool IsFilter, IEnumerable<string> Lists);

    private RuleSet(FieldTable fields, IReadOnlyList<DetectionRule> detections, IReadOnlyList<RuleFinding> refusals, IReadOnlyList<RuleFinding> lints)
    {
        Fields = fields;
        Detections = detections;
        Refusals = refusals;
        Lints = lints;
    }

    public IReadOnlyList<DetectionRule> Detections { get; }

    /// <summary>Why rules do not run; a file with one refused document is refused whole.</summary>
    public IReadOnlyList<RuleFinding> Refusals { get; }

    /// <summary>What authors should look at in rules that do run.</summary>
    public IReadOnlyList<RuleFinding> Lints { get; }

    internal FieldTable Fields { get; }

    /// <summary>Reads and joins all files; the order of files and documents means nothing.</summary>
    /// <param name="files">Texts as users wrote them.</param>
    /// <param name="lists">Values of placeholders and lists of addresses, by name.</param>
    /// <param name="naming">How names of fields are read.</param>
    public static RuleSet Load(
        IEnumerable<RuleFile> files, IReadOnlyDictionary<string, IReadOnlyList<string>> lists, FieldNaming naming = FieldNaming.Normalized)
    {
        var fields = new FieldTable(naming, lists);
        var refusals = new List<RuleFinding>();
        var lints = new List<RuleFinding>();
        var documents = new List<Document>();
        foreach (var file in files)
        {
            var yaml = YamlReader.Read(file.Text);
            if (yaml.Problem is not null || yaml.Documents.Count == 0)
            {
                refusals.Add(new RuleFinding(file.Name, "", yaml.Problem?.TrimEnd('.') ?? "the file holds no rule"));
                continue;
            }

            var read = new List<Document>();
            var refused = refusals.Count;
            for (var index = 0; index < yaml.Documents.Count; index++)
            {
                var reading = new RuleReading($"{file.Name}, document {index + 1}", fields, lists);
                if (ReadDocument(yaml.Documents[index], reading) is { } document)
                {
                    read.Add(document);
                }

                refusals.AddRange(reading.Refusals);
                lints.AddRange(reading.Lints);
            }

            documents.AddRange(refusals.Count == refused ? read : []);
        }

        var filters = documents.Where(document => document.IsFilter).ToList();
        var rules = documents.Where(document => !document.IsFilter).Select(document => Join(document, filters, lists)).ToList();
        return new RuleSet(fields, rules, refusals, lints);
    }

    private static Document? ReadDocument(YamlNode node, RuleReading reading)
    {
        if (node is not YamlMap map)
        {
            reading.Refuse("", $"a rule must be a map, not {node.Sort}");
            return null;
        }

        var head = HeadReader.Read(map, reading);
        if (map.Find("correlation") is not null)
        {
            reading.Refuse("correlation", "correlations are not run by this version");
            return null;
        }

        var isFilter = map.Find("filter") is not null;
        var section = isFilter ? "filter" : "detection";
        if (map.Find(section) is not YamlMap body)
        {
            reading.Refuse(section, map.Find(section) is null ? "it is missing" : "it must be a map of selections with a condition");
            return null;
        }

        head = head with { LogSource = HeadReader.ReadLogSource(map, reading) };
        var test = isFilter ? DetectionReader.Read(body, section, reading, "rules") : DetectionReader.Read(body, section, reading);
        var filtered = isFilter ? reading.ReadTexts(body, "rules", section) : null;
        if (isFilter && test is not null && !reading.ReadTexts(body, "condition", section).Any(text => text.Contains("not ", StringComparison.Ordinal)))
        {
            reading.Lint("filter.condition", "without 'not' this keeps only the events that match, for every rule that it names");
        }

        if (!isFilter && map.Find("forwarder") is not null)
        {
            reading.Refuse("forwarder", "rules that keep state are not run by this version");
        }

        return test is null || reading.Refusals.Count > 0 ? null : new Document(head, test, map, filtered, isFilter, reading.UsedLists);
    }

    private static DetectionRule Join(Document rule, List<Document> filters, IReadOnlyDictionary<string, IReadOnlyList<string>> lists)
    {
        var mine = filters.Where(filter => filter.Head.DisabledReason is null && filter.Head.LogSource.Contains(rule.Head.LogSource)
            && Names(filter, rule.Head)).ToList();
        var test = mine.Count == 0 ? rule.Test : new AllTest([rule.Test, .. mine.Select(filter => filter.Test)]);
        var text = new StringBuilder();
        foreach (var document in mine.Prepend(rule))
        {
            document.Source.WriteNormal(text);
            foreach (var list in document.Lists)
            {
                text.Append('\n').Append(list).Append('=').AppendJoin('\n', lists[list]);
            }
        }

        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString()));
        return new DetectionRule(rule.Head, test, Convert.ToHexStringLower(hash.AsSpan(0, 16)));
    }

    private static bool Names(Document filter, RuleHead rule) =>
        filter.Filtered is not { Count: > 0 } names || names.Contains("any")
        || names.Any(name => name == rule.Name || (rule.Id is not null && name.Equals(rule.Id, StringComparison.OrdinalIgnoreCase)));
}
