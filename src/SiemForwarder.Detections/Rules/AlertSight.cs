using System.Text.Json;
using SiemForwarder.Detections.Fields;
using SiemForwarder.Detections.Matching;
using SiemForwarder.Events;

namespace SiemForwarder.Detections.Rules;

/// <summary>Which rules are given whose alerts, so that no alert leads back to the rule that raised it, not even through others.</summary>
/// <remarks>
/// A rule over alerts leads to the rule whose alerts it could match. Rules that lead to each other are in one circle, and none of a circle is given an
/// alert of it; all other alerts are given.
/// </remarks>
public sealed class AlertSight
{
    private static readonly EventSource Nowhere = new(0, "", "", "");

    private readonly Dictionary<string, HashSet<string>> hidden;
    private readonly Dictionary<string, List<AlertingRule>> raisers;

    private AlertSight(Dictionary<string, HashSet<string>> hidden, Dictionary<string, List<AlertingRule>> raisers)
    {
        this.hidden = hidden;
        this.raisers = raisers;
    }

    /// <summary>The rules over alerts that are in a circle with rules of others, with these.</summary>
    internal IReadOnlyList<(DetectionRule Rule, IReadOnlyList<AlertingRule> Others)> Circles { get; private set; } = [];

    /// <summary>Whether a rule is given the alerts of another, by its id in alerts.</summary>
    public bool Sees(DetectionRule rule, string raisedBy) => !hidden.TryGetValue(rule.Head.Key, out var ids) || !ids.Contains(raisedBy);

    /// <summary>The rules whose alerts a rule over alerts could match, and is given.</summary>
    public IReadOnlyList<AlertingRule> RaisersFor(DetectionRule rule) => raisers.GetValueOrDefault(rule.Head.Key) ?? [];

    internal static AlertSight Of(RuleSet rules)
    {
        var readers = rules.Detections.Where(rule => rule.ReadsAlerts && rule.Head.DisabledReason is null).ToList();
        var led = readers.ToDictionary(reader => reader, reader => LedTo(rules, reader));
        var matched = Match(rules, readers);
        var next = readers.ToDictionary(reader => reader, reader => readers.Where(other => led[reader].Overlaps(matched[other])).ToList());
        var hidden = new Dictionary<string, HashSet<string>>(StringComparer.Ordinal);
        var circles = new List<(DetectionRule, IReadOnlyList<AlertingRule>)>();
        foreach (var reader in readers)
        {
            var circle = Reachable(reader, next).Where(other => Reachable(other, next).Contains(reader)).Append(reader).ToHashSet();
            var own = circle.SelectMany(one => led[one]).ToHashSet();
            hidden[reader.Head.Key] = [.. own.Select(rule => rule.Head.Key)];
            var others = own.Where(rule => !led[reader].Contains(rule) && matched[reader].Contains(rule)).ToList();
            if (others.Count > 0)
            {
                circles.Add((reader, others));
            }
        }

        var raisers = readers.ToDictionary(
            reader => reader.Head.Key, reader => matched[reader].Where(rule => !hidden[reader.Head.Key].Contains(rule.Head.Key)).ToList());
        return new AlertSight(hidden, raisers)
        {
            Circles = circles,
        };
    }

    // What a match of the rule can make alert: itself, those that it feeds, and those that wait for it.
    private static HashSet<AlertingRule> LedTo(RuleSet rules, DetectionRule reader)
    {
        var led = new HashSet<AlertingRule> { reader };
        var names = new[] { reader.Head.Name, reader.Head.Id }.OfType<string>().ToHashSet(StringComparer.OrdinalIgnoreCase);
        led.UnionWith(rules.Detections.Where(rule => rule.Memory?.OtherRule is { } other && names.Contains(other)));
        // Each stands behind those that it names.
        foreach (var correlation in rules.Correlations.Where(correlation => correlation.Feeders.Any(led.Contains)))
        {
            led.Add(correlation);
        }

        return led;
    }

    private static Dictionary<DetectionRule, List<AlertingRule>> Match(RuleSet rules, List<DetectionRule> readers)
    {
        var matched = readers.ToDictionary(reader => reader, _ => new List<AlertingRule>());
        var fields = new EventFields(rules.Fields);
        foreach (var raiser in readers.Count == 0 ? [] : rules.All.Where(rule => rule.IsReported && rule.Head.Level != RuleLevel.Informational))
        {
            fields.Load(AlertOf(raiser.Head), LocalCalendar.Utc);
            foreach (var reader in readers.Where(reader => CouldMatch(reader, fields, rules.Fields)))
            {
                matched[reader].Add(raiser);
            }
        }

        return matched;
    }

    private static bool CouldMatch(DetectionRule reader, EventFields fields, FieldTable table)
    {
        try
        {
            return reader.Test.Foresee(fields, table) != Foreknowledge.Never;
        }
        catch (Exception fault) when (RuleFaults.IsOfTheRule(fault))
        {
            return true;
        }
    }

    private static HashSet<DetectionRule> Reachable(DetectionRule from, Dictionary<DetectionRule, List<DetectionRule>> next)
    {
        var (reached, open) = (new HashSet<DetectionRule>(), new Queue<DetectionRule>(next[from]));
        while (open.TryDequeue(out var one))
        {
            if (reached.Add(one))
            {
                next[one].ForEach(open.Enqueue);
            }
        }

        return reached;
    }

    // An alert as far as its rule decides it.
    private static SecurityEvent AlertOf(RuleHead head)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            json.WriteString("event_type", DetectionEvents.Type);
            json.WriteString(DetectionEvents.RuleId, head.Key);
            json.WriteString(DetectionEvents.RuleTitle, head.Title);
            json.WriteString(DetectionEvents.RuleLevel, head.Level.ToString().ToLowerInvariant());
            json.WriteString(DetectionEvents.RuleTags, string.Join(',', head.Tags));
            json.WriteString(DetectionEvents.Techniques, string.Join(',', head.Techniques));
            json.WriteString(DetectionEvents.Tactics, string.Join(',', head.Tactics));
            json.WriteEndObject();
        }

        return EventNormalizer.Normalize(EventStream.Detection, bytes.ToArray(), default, Nowhere, 0, 0, DateTimeOffset.UnixEpoch);
    }
}
