using System.Runtime.InteropServices;
using SiemForwarder.Detections.Fields;
using SiemForwarder.Detections.Rules;
using SiemForwarder.Events;

namespace SiemForwarder.Detections;

/// <summary>Finds the rules that match one event; of the rules, only those are asked that its type, kind and outcome leave possible.</summary>
/// <remarks>Belongs to one reader. An event that matches nothing allocates nothing where its rules name normalized fields only.</remarks>
public sealed class SingleEventMatcher(RuleSet rules)
{
    // Types are names that senders choose; beyond so many the chosen rules are found anew for each event.
    private const int MaxRoutes = 4096;

    // Objects whose watched settings are known; a realm with more clients and users than that forgets the stalest, and says how many.
    private const int MaxObjects = 100_000;

    private readonly EventFields fields = new(rules.Fields);
    private readonly ObjectHistory history = new(rules.Fields.WatchedPaths, MaxObjects);
    private readonly Dictionary<Route, DetectionRule[]> routes = [];

    [StructLayout(LayoutKind.Auto)]
    private readonly record struct Route(string Type, EventKind Kind, EventOutcome Outcome, LogSource? Source);

    /// <summary>Objects that <c>changed.*</c> and <c>previous.*</c> no longer know, because others took their room.</summary>
    public long EvictedObjects => history.EvictedCount;

    /// <summary>Adds the rules that match to <paramref name="matches"/>.</summary>
    /// <param name="securityEvent">The event.</param>
    /// <param name="source">Where it comes from; null to ask every rule, whatever its logsource.</param>
    /// <param name="calendar">Zone and working hours of its source.</param>
    /// <param name="matches">Filled, never cleared.</param>
    public void Match(SecurityEvent securityEvent, LogSource? source, LocalCalendar calendar, ICollection<DetectionRule> matches)
    {
        fields.Load(securityEvent, calendar);
        fields.Change = history.Follow(fields);
        foreach (var rule in Candidates(securityEvent, source))
        {
            if (rule.Test.Holds(fields))
            {
                matches.Add(rule);
            }
        }
    }

    private DetectionRule[] Candidates(SecurityEvent securityEvent, LogSource? source)
    {
        var route = new Route(securityEvent.Type, securityEvent.Kind, securityEvent.Outcome, source);
        if (routes.TryGetValue(route, out var known))
        {
            return known;
        }

        var found = Choose(source);
        if (routes.Count < MaxRoutes)
        {
            routes.Add(route, found);
        }

        return found;
    }

    // By itself, because what it captures would be allocated for each event.
    private DetectionRule[] Choose(LogSource? source) =>
    [
        .. rules.Detections.Where(rule => rule.Head.DisabledReason is null && (source is null || rule.Head.LogSource.Contains(source))
            && rule.Test.Foresee(fields, rules.Fields) != Matching.Foreknowledge.Never),
    ];
}
