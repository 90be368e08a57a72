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
    private readonly Dictionary<Route, Candidate[]> routes = [];
    private readonly Dictionary<DetectionRule, RuleCost> costs;
    private readonly TimeProvider? time;
    private readonly AlertSight sight;

    /// <param name="rules">The rules to ask.</param>
    /// <param name="time">Measures what they cost; null to measure nothing.</param>
    /// <param name="sight">Which rules are given whose alerts; null to find it from the rules.</param>
    public SingleEventMatcher(RuleSet rules, TimeProvider? time = null, AlertSight? sight = null)
        : this(rules, new RuleFaults(), time, sight)
    {
    }

    internal SingleEventMatcher(RuleSet rules, RuleFaults faults, TimeProvider? time = null, AlertSight? sight = null)
    {
        this.rules = rules;
        this.time = time;
        this.sight = sight ?? rules.Sight;
        costs = rules.Detections.ToDictionary(rule => rule, _ => new RuleCost());
        Faults = faults;
        Fields = new EventFields(rules.Fields);
        History = new ObjectHistory(rules.Fields.WatchedPaths, MaxObjects);
    }

    [StructLayout(LayoutKind.Auto)]
    private readonly record struct Route(string Type, EventKind Kind, EventOutcome Outcome, LogSource? Source, string? Rule);

    private readonly record struct Candidate(DetectionRule Rule, RuleCost Cost);

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
        foreach (var (rule, cost) in Candidates(securityEvent, source))
        {
            try
            {
                if (Holds(rule, cost))
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
        return Choose(source, RaisedBy(securityEvent));
    }

    /// <summary>What a rule costs for each event that it is asked about; null if that is not measured.</summary>
    internal double? MicrosecondsOf(AlertingRule rule) => rule is DetectionRule single && costs[single].Count > 0 ? costs[single].Microseconds : null;

    /// <summary>The part of the time of all rules that a rule took, if that is too much for one of many; null if not.</summary>
    internal double? ExcessOf(AlertingRule rule)
    {
        if (rule is not DetectionRule single || costs.Count < RuleCost.Many)
        {
            return null;
        }

        var all = costs.Values.Sum(cost => cost.Total.Ticks);
        return all >= RuleCost.Meaningful.Ticks && costs[single].Total.Ticks > RuleCost.MaxShare * all ? costs[single].Total.Ticks / (double)all : null;
    }

    /// <summary>Fields of a rule that no event has had for a week; those that only a change has are left out.</summary>
    internal IReadOnlyList<string> FindUnseenFields(AlertingRule rule) =>
        Fields.Sightings.FindUnseen(rule.Fields.Where(name => FieldTaxonomy.WatchedPath(name) is null).Order(StringComparer.Ordinal));

    // A pause of the process looks like a slow rule, but not three times in a row; asking again changes nothing.
    private bool Holds(DetectionRule rule, RuleCost cost)
    {
        if (time is null)
        {
            return rule.Test.Holds(Fields);
        }

        for (var turn = 1; ; turn++)
        {
            var began = time.GetTimestamp();
            var holds = rule.Test.Holds(Fields);
            var took = time.GetElapsedTime(began);
            cost.Add(took);
            if (took <= RuleCost.Bound)
            {
                return holds;
            }

            if (turn == RuleCost.Turns)
            {
                throw new TimeoutException("one event took it more than 50 ms, three times in a row; write it with fewer or simpler expressions");
            }
        }
    }

    private Candidate[] Candidates(SecurityEvent securityEvent, LogSource? source)
    {
        var route = new Route(securityEvent.Type, securityEvent.Kind, securityEvent.Outcome, source, RaisedBy(securityEvent));
        if (routes.TryGetValue(route, out var known))
        {
            return known;
        }

        var found = WithCosts(Choose(source, route.Rule));
        if (routes.Count < MaxRoutes)
        {
            routes.Add(route, found);
        }

        return found;
    }

    private Candidate[] WithCosts(DetectionRule[] found) => Array.ConvertAll(found, rule => new Candidate(rule, costs[rule]));

    // By itself, because what it captures would be allocated for each event.
    private DetectionRule[] Choose(LogSource? source, string? raisedBy) =>
    [
        .. rules.Detections.Where(rule => rule.Head.DisabledReason is null && !Faults.Has(rule.Head)
            && (source is null || rule.Head.LogSource.Reads(source)) && (raisedBy is null || sight.Sees(rule, raisedBy))
            && Foresee(rule) != Foreknowledge.Never),
    ];

    // An alert that names no rule is of none that it could lead back to.
    private static string? RaisedBy(SecurityEvent securityEvent) =>
        securityEvent.Kind == EventKind.Detection ? DetectionEvents.Find(securityEvent, DetectionEvents.RuleId) ?? "" : null;

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

/// <summary>What one rule has cost so far.</summary>
internal sealed class RuleCost
{
    /// <summary>What a rule may take for one event.</summary>
    public static readonly TimeSpan Bound = TimeSpan.FromMilliseconds(50);

    /// <summary>How often in a row it must take longer to be set to Error.</summary>
    public const int Turns = 3;

    /// <summary>The part of the time of all rules that one of <see cref="Many"/> may take.</summary>
    public const double MaxShare = 0.2;

    /// <summary>With fewer rules, one of them always takes a large part.</summary>
    public const int Many = 10;

    /// <summary>The time of all rules before which a part of it means nothing.</summary>
    public static readonly TimeSpan Meaningful = TimeSpan.FromSeconds(1);

    private long ticks;

    /// <summary>The time that it took.</summary>
    public TimeSpan Total => TimeSpan.FromTicks(ticks);

    /// <summary>Events that it was asked about.</summary>
    public long Count { get; private set; }

    /// <summary>The mean.</summary>
    public double Microseconds => ticks / (double)TimeSpan.TicksPerMicrosecond / Count;

    public void Add(TimeSpan took)
    {
        ticks += took.Ticks;
        Count++;
    }
}
