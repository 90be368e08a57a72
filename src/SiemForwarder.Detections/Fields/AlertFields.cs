using SiemForwarder.Events;

namespace SiemForwarder.Detections.Fields;

/// <summary>What rules over alerts may ask of the rule that raised one: <c>rule.id</c>, <c>rule.tags</c> and so on, or <c>rule_id</c> as it is sent.</summary>
internal static class AlertFields
{
    private static readonly Dictionary<string, (string Detail, bool IsList)> Details = new(StringComparer.Ordinal)
    {
        ["rule.id"] = (DetectionEvents.RuleId, false),
        ["rule.title"] = (DetectionEvents.RuleTitle, false),
        ["rule.level"] = (DetectionEvents.RuleLevel, false),
        ["rule.tags"] = (DetectionEvents.RuleTags, true),
        ["rule.techniques"] = (DetectionEvents.Techniques, true),
        ["rule.tactics"] = (DetectionEvents.Tactics, true),
        [DetectionEvents.RuleId] = (DetectionEvents.RuleId, false),
        [DetectionEvents.RuleTitle] = (DetectionEvents.RuleTitle, false),
        [DetectionEvents.RuleLevel] = (DetectionEvents.RuleLevel, false),
    };

    /// <summary>Names by which near misses are found.</summary>
    public static IEnumerable<string> Names => Details.Keys;

    public static bool Has(string name) => Details.ContainsKey(name);

    /// <summary>Where the value stands in an alert; an event of somebody else may have a member of the same name.</summary>
    public static Func<EventFields, FieldValue> Resolver(string name)
    {
        var (detail, isList) = Details[name];
        return fields => fields.Event.Kind != EventKind.Detection ? fields.FindRaw(name) : Find(fields.Event, detail, isList);
    }

    private static FieldValue Find(SecurityEvent alert, string detail, bool isList) =>
        DetectionEvents.Find(alert, detail) is not { } text ? FieldValue.Absent
        : isList ? FieldValue.Of(Array.ConvertAll(text.Split(','), FieldValue.Of))
        : FieldValue.Of(text);
}
