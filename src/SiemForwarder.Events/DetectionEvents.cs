using SiemForwarder.Events.Keycloak;

namespace SiemForwarder.Events;

/// <summary>The alerts of detection rules as events: their type, and the names of the details that say what was found.</summary>
public static class DetectionEvents
{
    public const string Type = "DETECTION";

    /// <summary>Id of the source that all alerts are of.</summary>
    public const int SourceId = -1;

    /// <summary>Id of the rule: its UUID, name or title.</summary>
    public const string RuleId = "rule_id";

    public const string RuleTitle = "rule_title";

    /// <summary>Version of the rule: a hash of what it says.</summary>
    public const string RuleVersion = "rule_version";

    /// <summary><c>low</c>, <c>medium</c>, <c>high</c> or <c>critical</c>.</summary>
    public const string RuleLevel = "rule_level";

    public const string RuleDescription = "rule_description";

    /// <summary>The rule's tags, separated by commas.</summary>
    public const string RuleTags = "rule_tags";

    public const string RuleFalsePositives = "rule_false_positives";

    /// <summary>ATT&amp;CK techniques, separated by commas: <c>T1110.003,T1078</c>.</summary>
    public const string Techniques = "attack_techniques";

    /// <summary>ATT&amp;CK tactics by name, separated by commas: <c>credential-access</c>.</summary>
    public const string Tactics = "attack_tactics";

    /// <summary>Beginning of the names of the group's values: <c>group.ip</c>.</summary>
    public const string Group = "group.";

    /// <summary>What the rule compared with its condition: a count, a sum, a speed.</summary>
    public const string Value = "value";

    /// <summary>How many events the alert rests on.</summary>
    public const string EventCount = "event_count";

    /// <summary>Hits of the same rule and group since its last alert that no alert was raised for.</summary>
    public const string SuppressedCount = "suppressed_count";

    /// <summary><c>update</c> where the alert tells how an earlier one went on; a new alert has none.</summary>
    public const string Status = "status";

    public const string FirstAt = "first_at";

    public const string LastAt = "last_at";

    /// <summary>Name of the source whose event triggered the alert.</summary>
    public const string EventSource = "event_source";

    /// <summary>The newest of the contributing events as a JSON array: id, source, position, time.</summary>
    public const string Events = "events";

    /// <summary>The catalogue's entry for alerts.</summary>
    public static EventDescription Description { get; } = new()
    {
        Type = Type,
        Kind = EventKind.Detection,
        Name = "Detection",
        Summary = "A detection rule found something in other events; the details name the rule, the group and the events.",
        Category = "intrusion_detection",
        Classification = new(
            "Detections", "detect", new(2004, 1), new(2004, 1), ["intrusion_detection"], ["info"],
            "AlertEvent/Alert", "GENERIC_EVENT", "Alerts"),
        Severity = 5,
        FailureSeverity = 5,
        UsualOutcome = EventOutcome.Unknown,
        Recommended = true,
        StoredByDefault = true,
    };

    /// <summary>A detail of an alert; null if it has none of that name.</summary>
    public static string? Find(SecurityEvent alert, string detail) => EventDetails.Find(alert.Details, detail);

    /// <summary>The same for one rule: named after it, so that a SIEM can tell alerts of different rules apart.</summary>
    public static EventDescription Describe(IReadOnlyList<KeyValuePair<string, string>> details)
    {
        var (title, id) = (EventDetails.Find(details, RuleTitle), EventDetails.Find(details, RuleId));
        return string.IsNullOrEmpty(title) || string.IsNullOrEmpty(id) ? Description : Description with { Name = title, SignatureId = $"{Type}:{id}" };
    }
}
