namespace SiemForwarder.Detections;

/// <summary>What became of one rule so far: hits, alerts, and what its bounded state had to let go. Numbers since the state began.</summary>
/// <param name="Rule">Key of the rule.</param>
/// <param name="Title">Title of the rule.</param>
/// <param name="HitCount">How often it held.</param>
/// <param name="AlertCount">Alerts that it made.</param>
/// <param name="SuppressedCount">Hits that no alert was made of, because one of the same group was young.</param>
/// <param name="LateDroppedCount">Events that came too late for its windows.</param>
/// <param name="UngroupedCount">Events that lacked all of its group fields.</param>
/// <param name="EvictedCount">Groups, entities, occurrences and values that were forgotten to make room.</param>
/// <param name="GroupCount">Groups or entities that it remembers.</param>
/// <param name="DegradedSince">Time of the event at which something was first forgotten: from then on it may miss what it would have found.</param>
/// <param name="Fault">Why it is in Error; null where it runs.</param>
public sealed record RuleReport(
    string Rule,
    string Title,
    long HitCount,
    long AlertCount,
    long SuppressedCount,
    long LateDroppedCount,
    long UngroupedCount,
    long EvictedCount,
    int GroupCount,
    DateTimeOffset? DegradedSince,
    RuleFault? Fault)
{
    /// <summary>What it costs for each event that it is asked about; null for a correlation, and where nothing is measured.</summary>
    public double? MicrosecondsPerEvent { get; init; }

    /// <summary>The part of the time of all rules that it takes, 0 to 1, if that is more than a fifth; null if not, or if there are few rules.</summary>
    public double? ExcessiveShare { get; init; }

    /// <summary>Fields that it looks at and that no event of the last seven days had; empty while it has not looked for so long.</summary>
    public IReadOnlyList<string> UnseenFields { get; init; } = [];

    /// <summary>Event time until which it only learns; null where it can alert.</summary>
    public DateTimeOffset? LearningUntil { get; init; }
}
