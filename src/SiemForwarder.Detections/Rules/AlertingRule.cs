using SiemForwarder.Detections.Matching;

namespace SiemForwarder.Detections.Rules;

/// <summary>A compiled rule of either kind: what its hits and alerts say of it.</summary>
public abstract class AlertingRule
{
    private protected AlertingRule(RuleHead head, string version, AlertSettings alerts)
    {
        Head = head;
        Version = version;
        Alerts = alerts;
    }

    public RuleHead Head { get; }

    /// <summary>Name of the file that it stands in.</summary>
    public required string File { get; init; }

    /// <summary>Hash of what the rule says, of its filters, of the lists and the rules that it uses: 32 hexadecimal digits.</summary>
    public string Version { get; }

    /// <summary>Normalized names of the fields that it, its filters and the rules that feed it look at.</summary>
    public required IReadOnlySet<string> Fields { get; init; }

    /// <summary>Names of the fields whose values its alerts tell as their group.</summary>
    public abstract IReadOnlyList<string> GroupNames { get; }

    /// <summary>False for a rule that only feeds others: it is named by them and none of them says <c>generate: true</c>.</summary>
    public bool IsReported { get; internal set; } = true;

    /// <summary>Whether it, or a rule that feeds it, reads the alerts of rules.</summary>
    public abstract bool ReadsAlerts { get; }

    internal AlertSettings Alerts { get; }
}

/// <summary>A compiled rule for single events, with what it remembers of those before, where it does.</summary>
public sealed class DetectionRule : AlertingRule
{
    internal DetectionRule(RuleHead head, EventTest test, string version, AlertSettings alerts, MemorySettings? memory)
        : base(head, version, alerts)
    {
        Test = test;
        Memory = memory;
    }

    public override bool ReadsAlerts => Head.LogSource.IsForAlerts;

    public override IReadOnlyList<string> GroupNames => [.. (Memory?.Per ?? Alerts.Per).Select(one => one.Name)];

    /// <summary>How much of the log it has to see before it alerts; zero where it alerts at once.</summary>
    public TimeSpan LearningTime => Memory switch
    {
        FirstSeenSettings seen => seen.Learn,
        UnlessSettings unless => unless.Within,
        BaselineSettings baseline => baseline.Bucket * baseline.BucketCount / 4,
        _ => TimeSpan.Zero,
    };

    internal EventTest Test { get; }

    internal MemorySettings? Memory { get; }

    internal TimeSpan Reach => Memory switch
    {
        FirstSeenSettings seen => seen.SilenceBefore ?? seen.Memory,
        TravelSettings travel => travel.Memory,
        UnlessSettings unless => unless.Within,
        MissingSettings missing => missing.Within,
        SilenceSettings silence => silence.For,
        BaselineSettings baseline => baseline.Bucket * baseline.BucketCount,
        _ => TimeSpan.Zero,
    };
}

/// <summary>What a correlation compares with its condition.</summary>
public enum CorrelationType
{
    EventCount,
    ValueCount,
    Temporal,
    TemporalOrdered,
    ValueSum,
    ValueAverage,
    ValuePercentile,
}

/// <summary>A compiled correlation: hits of other rules within a sliding window.</summary>
public sealed class CorrelationRule : AlertingRule
{
    internal CorrelationRule(RuleHead head, string version, AlertSettings alerts, IReadOnlyList<string> groupNames)
        : base(head, version, alerts)
    {
        GroupNames = groupNames;
    }

    public override IReadOnlyList<string> GroupNames { get; }

    public required CorrelationType Type { get; init; }

    /// <summary>Length of the window; both ends belong to it.</summary>
    public required TimeSpan Timespan { get; init; }

    public override bool ReadsAlerts => Feeders.Any(feeder => feeder.ReadsAlerts);

    /// <summary>The rules that feed it.</summary>
    public IEnumerable<AlertingRule> Feeders => References.Select(reference => reference.Rule);

    /// <summary>Where set, a window also begins after so long without an occurrence.</summary>
    internal TimeSpan? SessionGap { get; init; }

    internal IReadOnlyList<CorrelationReference> References { get; init; } = [];

    /// <summary>All of them must hold; empty where <see cref="Expression"/> decides.</summary>
    internal IReadOnlyList<Bound> Bounds { get; init; } = [];

    /// <summary>A condition on which rules were seen: their bits in the order of the references.</summary>
    internal Func<ulong, bool>? Expression { get; init; }

    /// <summary>0 to 100; 50 for the median.</summary>
    internal double Percentile { get; init; }
}

/// <summary>A rule that feeds a correlation, and where its events hold the group and the values.</summary>
internal sealed record CorrelationReference(AlertingRule Rule, IReadOnlyList<GroupField> Group, IReadOnlyList<GroupField> Values);

/// <summary>A field by which hits are grouped.</summary>
/// <param name="Name">As alerts tell it: the normalized name, or an alias.</param>
/// <param name="Field">The normalized name of the field that holds it.</param>
/// <param name="Slot">Its place.</param>
internal sealed record GroupField(string Name, string Field, int Slot);

/// <summary>One comparison of a condition.</summary>
internal readonly record struct Bound(NumberOperator How, double Limit)
{
    public bool Holds(double value) => NumberMatcher.Holds(How, value.CompareTo(Limit));
}

/// <summary>Which events make one group.</summary>
internal enum GroupScope
{
    /// <summary>Those of one source.</summary>
    Source,

    /// <summary>Those of all sources, in the order in which they are read.</summary>
    All,
}

/// <summary>How the hits of a rule become alerts.</summary>
/// <param name="Suppress">After an alert, so long no other of the same rule and group, by event time; zero for every hit.</param>
/// <param name="Per">The group of a rule for single events.</param>
/// <param name="Resets">True where an alert of a correlation begins its count anew.</param>
/// <param name="Scope">Which events make one group.</param>
/// <param name="Updates">True where the hits that were suppressed are told by an update, if no later alert tells of them.</param>
internal sealed record AlertSettings(TimeSpan Suppress, IReadOnlyList<GroupField> Per, bool Resets, GroupScope Scope, bool Updates = false)
{
    public static readonly AlertSettings Default = new(TimeSpan.Zero, [], false, GroupScope.Source);
}
