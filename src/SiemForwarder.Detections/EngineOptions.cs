using SiemForwarder.Detections.Rules;

namespace SiemForwarder.Detections;

/// <summary>Which hits become alerts.</summary>
public enum AlertMode
{
    /// <summary>As the rules say: suppressed while an alert of the same rule and group is young, silent where a rule only feeds others.</summary>
    Suppressed,

    /// <summary>Every hit of every rule, as Sigma's text has it; for tests and for whoever wants the truth of each event.</summary>
    EveryHit,
}

/// <summary>Bounds of an engine; what they cut is counted, see <see cref="RuleReport"/>.</summary>
public sealed record EngineOptions
{
    public AlertMode Mode { get; init; } = AlertMode.Suppressed;

    /// <summary>An event so much older than the newest of its source is still put where it belongs; a later one is left out of windows.</summary>
    public TimeSpan Lateness { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Measures what each rule costs, and sets one that is slow to Error; null for neither. Alerts do not depend on it.</summary>
    public TimeProvider? Time { get; init; }

    /// <summary>Which rules are given whose alerts; null to find it from the rules of the engine alone.</summary>
    public AlertSight? Sight { get; init; }

    /// <summary>Groups of one correlation, one absence rule, one baseline; also alerts that suppress others, of one rule.</summary>
    public int MaxGroups { get; init; } = 100_000;

    /// <summary>Occurrences of one group of a correlation.</summary>
    public int MaxOccurrences { get; init; } = 10_000;

    /// <summary>Events that an alert names; the newest.</summary>
    public int MaxEvents { get; init; } = 100;

    /// <summary>Users, clients and the like that one <c>first_seen</c> or <c>travel</c> remembers.</summary>
    public int MaxEntities { get; init; } = 1_000_000;

    /// <summary>Values of one entity that <c>first_seen</c> remembers, and distinct values of one bucket of a baseline.</summary>
    public int MaxValues { get; init; } = 1000;
}
