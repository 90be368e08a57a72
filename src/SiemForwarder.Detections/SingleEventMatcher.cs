using System.Runtime.InteropServices;
using SiemForwarder.Detections.Fields;
using SiemForwarder.Detections.Matching;
using SiemForwarder.Detections.Rules;
using SiemForwarder.Events;

namespace SiemForwarder.Detections;

/// <summary>Finds the rules that match one event; of the rules, only those are asked that its type, kind and outcome leave possible.</summary>
/// <remarks>Belongs to one reader. An event that matches nothing allocates nothing where its rules name normalized fields only.</remarks>
public sealed class SingleEventMatcher
{
    // Types are names that senders choose; beyond so many the chosen rules are found anew for each event.
    private const int MaxRoutes = 4096;

    // Objects whose watched settings are known; a realm with more clients and users than that forgets the stalest, and says how many.
    private const int MaxObjects = 100_000;

    private readonly RuleSet rules;
    private readonly Dictionary<Route, DetectionRule[]> routes = [];

    public SingleEventMatcher(RuleSet rules)
        : this(rules, new RuleFaults())
    {
    }

    internal SingleEventMatcher(RuleSet rules, RuleFaults faults)
    {
        this.rules = rules;
        Faults = faults;
        Fields = new EventFields(rules.Fields);
        History = new ObjectHistory(rules.Fields.WatchedPaths, MaxObjects);
    }

    [StructLayout(LayoutKind.Auto)]
    private readonly record struct Route(string Type, EventKind Kind, EventOutcome Outcome, LogSource? Source);

    /// <summary>Objects that <c>changed.*</c> and <c>previous.*</c> no longer know, because others took their room.</summary>
    public long EvictedObjects => History.EvictedCount;

    /// <summary>Rules that were set to Error and are asked no more.</summary>
    public RuleFaults Faults { get; }

    /// <summary>The fields of the event that was matched last.</summary>
    internal EventFields Fields { get; }

    internal ObjectHistory History { get; }

    /// <summary>Adds the rules that match to <paramref name="matches"/>.</summary>
    /// <param name="securityEvent">The event.</param>
    /// <param name="source">Where it comes from; null to ask every rule, whatever its logsource.</param>
    /// <param name="calendar">Zone and working hours of its source.</param>
    /// <param name="matches">Filled, never cleared.</param>
    public void Match(SecurityEvent securityEvent, LogSource? source, LocalCalendar calendar, ICollection<DetectionRule> matches)
    {
        Fields.Load(securityEvent, calendar);
        Fields.Change = History.Follow(Fields);
        foreach (var rule in Candidates(securityEvent, source))
        {
            try
            {
                if (rule.Test.Holds(Fields))
                {
                    matches.Add(rule);
                }
            }
            catch (Exception fault) when (RuleFaults.IsOfTheRule(fault))
            {
                Faults.Set(rule.Head, securityEvent, fault);
                routes.Clear();
            }
        }
    }

    /// <summary>The rules that an event of this type, kind and outcome could match, whatever else it held.</summary>
    public IReadOnlyList<DetectionRule> FindPossible(SecurityEvent securityEvent, LogSource source)
    {
        Fields.Load(securityEvent, LocalCalendar.Utc);
        return Choose(source);
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
        .. rules.Detections.Where(rule => rule.Head.DisabledReason is null && !Faults.Has(rule.Head)
            && (source is null || rule.Head.LogSource.Contains(source)) && Foresee(rule) != Foreknowledge.Never),
    ];

    private Foreknowledge Foresee(DetectionRule rule)
    {
        try
        {
            return rule.Test.Foresee(Fields, rules.Fields);
        }
        catch (Exception fault) when (RuleFaults.IsOfTheRule(fault))
        {
            // It throws again where the event is matched, and is set to Error there.
            return Foreknowledge.Maybe;
        }
    }
}
