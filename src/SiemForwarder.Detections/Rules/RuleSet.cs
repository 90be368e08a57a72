using SiemForwarder.Detections.Fields;
using SiemForwarder.Detections.Yaml;

namespace SiemForwarder.Detections.Rules;

/// <summary>The text of one rule file; it may hold several documents.</summary>
public sealed record RuleFile(string Name, string Text);

/// <summary>The rules of some files that can run, and what was found in the others.</summary>
public sealed class RuleSet
{
    private RuleSet(FieldTable fields, RuleLinks links, IReadOnlyList<RuleFinding> refusals, IReadOnlyList<RuleFinding> lints)
    {
        Fields = fields;
        Detections = links.Detections;
        Correlations = links.Correlations;
        Refusals = refusals;
        Sight = AlertSight.Of(this);
        Lints = [.. lints, .. Sight.Circles.Select(LintOf)];
    }

    public IReadOnlyList<DetectionRule> Detections { get; }

    /// <summary>Which of the rules are given whose alerts.</summary>
    public AlertSight Sight { get; }

    /// <summary>Whether any rule reads the alerts of rules.</summary>
    public bool ReadsAlerts => Detections.Any(rule => rule.ReadsAlerts);

    /// <summary>All rules of both kinds.</summary>
    public IEnumerable<AlertingRule> All => Detections.Concat<AlertingRule>(Correlations);

    /// <summary>How far back the rules look: an engine that follows so much of the log silently knows what they need.</summary>
    public TimeSpan Reach => All.Select(rule => rule is CorrelationRule correlation ? correlation.Timespan : ((DetectionRule)rule).Reach)
        .DefaultIfEmpty(TimeSpan.Zero).Max();

    /// <summary>Each behind those that it names.</summary>
    public IReadOnlyList<CorrelationRule> Correlations { get; }

    /// <summary>Why documents do not run; a file with one refused document is refused whole.</summary>
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
        var readings = new List<RuleReading>();
        var documents = new List<RuleDocument>();
        foreach (var file in files)
        {
            var yaml = YamlReader.Read(file.Text);
            if (yaml.Problem is not null || yaml.Documents.Count == 0)
            {
                refusals.Add(new RuleFinding(file.Name, "", yaml.Problem?.TrimEnd('.') ?? "the file holds no rule"));
                continue;
            }

            var read = new List<RuleDocument>();
            var refused = refusals.Count;
            for (var index = 0; index < yaml.Documents.Count; index++)
            {
                var reading = new RuleReading($"{file.Name}, document {index + 1}", fields, lists);
                if (RuleDocument.Read(file.Name, yaml.Documents[index], reading) is { } document)
                {
                    read.Add(document);
                }

                refusals.AddRange(reading.Refusals);
                readings.Add(reading);
            }

            documents.AddRange(refusals.Count == refused ? read : []);
        }

        var links = RuleLinks.Join(documents, lists, refusals);
        return new RuleSet(fields, links, refusals, [.. readings.SelectMany(reading => reading.Lints).Distinct()]);
    }

    private static RuleFinding LintOf((DetectionRule Rule, IReadOnlyList<AlertingRule> Others) circle)
    {
        var others = string.Join(", ", circle.Others.Select(other => $"'{other.Head.Title}'"));
        return new RuleFinding(
            circle.Rule.Head.Title, "detection", $"it and {others} would raise each other's alerts in a circle, so it is not given theirs");
    }
}
