using SiemForwarder.Detections.Alerts;
using SiemForwarder.Detections.Fields;
using SiemForwarder.Detections.Memories;
using SiemForwarder.Detections.Rules;
using SiemForwarder.Detections.State;
using SiemForwarder.Detections.Windows;
using SiemForwarder.Events;

namespace SiemForwarder.Detections;

/// <summary>Runs all rules over the events of one reader, in the order in which it read them, and makes alerts.</summary>
/// <remarks>
/// Pure: what it knows is a function of its rules, its options and of what it was given, so a replay gives the same alerts with the same ids.
/// Belongs to one reader at a time. An event that matches nothing allocates nothing, see <see cref="SingleEventMatcher"/>.
/// </remarks>
public sealed class DetectionEngine
{
    private readonly EngineOptions options;
    private readonly long latenessMs;
    private readonly SingleEventMatcher matcher;
    private readonly SortedDictionary<int, SourceClock> clocks = [];
    private readonly Dictionary<DetectionRule, Follower> followers;
    private readonly CorrelationState[] correlations;
    private readonly Dictionary<AlertingRule, (CorrelationState State, int Reference)[]> feeds;
    private readonly Occasion occasion = new();
    private readonly List<DetectionRule> matches = [];
    private SourceClock? lastClock;
    private long highestAt = long.MinValue;

    public DetectionEngine(RuleSet rules, EngineOptions? options = null)
    {
        Rules = rules;
        this.options = options ?? new EngineOptions();
        latenessMs = (long)this.options.Lateness.TotalMilliseconds;
        matcher = new SingleEventMatcher(rules, this.options.Time, this.options.Sight);
        var states = rules.Detections.Select(rule => (Rule: rule, State: NewState(rule, this.options))).ToList();
        var waiting = states.Where(one => one.State is IFollowsOther).ToLookup(one => ((IFollowsOther)one.State).Other, one => one.State);
        followers = states.ToDictionary(one => one.Rule, one => new Follower(one.State, [.. Names(one.Rule.Head).SelectMany(name => waiting[name])]));
        correlations = [.. rules.Correlations.Select(rule => new CorrelationState(rule, this.options))];
        feeds = correlations.SelectMany(state => ((CorrelationRule)state.Rule).References.Select((reference, index) => (reference.Rule, Feed: (state, index))))
            .GroupBy(one => one.Rule, one => one.Feed).ToDictionary(one => one.Key, one => one.ToArray());
        States = [.. states.Select(one => one.State), .. correlations];
    }

    // What one rule does when it matches: those that wait for it, then its own.
    private sealed record Follower(RuleState State, RuleState[] Waiting);

    public RuleSet Rules { get; }

    /// <summary>Rules that are in Error; each is told once by <see cref="RuleFaults.TakeNew"/>.</summary>
    public RuleFaults Faults => matcher.Faults;

    /// <summary>Objects whose earlier settings were forgotten to make room: their next change shows as their first sight.</summary>
    public long EvictedObjects => matcher.EvictedObjects;

    internal IReadOnlyList<RuleState> States { get; }

    /// <summary>Follows one event.</summary>
    /// <param name="securityEvent">The event; its time, its position and when it was received decide all.</param>
    /// <param name="source">Logsource of its source; null to ask every rule.</param>
    /// <param name="calendar">Zone and working hours of its source.</param>
    /// <param name="alerts">Filled, never cleared. A silent replay throws them away.</param>
    public void Follow(SecurityEvent securityEvent, LogSource? source, LocalCalendar calendar, ICollection<Alert> alerts)
    {
        // One act, told twice by Keycloak, is counted once.
        if (securityEvent.IsDeprecatedDuplicate)
        {
            return;
        }

        var clock = ClockOf(securityEvent);
        clock.Move(securityEvent, latenessMs);
        highestAt = Math.Max(highestAt, clock.HighAt);
        matches.Clear();
        matcher.Match(securityEvent, source, calendar, matches);
        if (matches.Count == 0)
        {
            return;
        }

        occasion.Begin(securityEvent, matcher.Fields, calendar, (clock.HighAt, highestAt), alerts);
        foreach (var rule in matches)
        {
            foreach (var waiting in followers[rule].Waiting)
            {
                Run(waiting, securityEvent, 0, static (state, at, _) => ((IFollowsOther)state).FollowOther(at));
            }
        }

        foreach (var rule in matches)
        {
            Run(followers[rule].State, securityEvent, 0, static (state, at, _) => state.Follow(at));
        }

        Correlate(securityEvent);
    }

    /// <summary>Moves time on for the rules that wait for what does not happen. Called after a sweep that read all there was, and never while the
    /// source fails: an outage is no absence. A replay may leave sweeps out: what they told is told again, with the same ids.</summary>
    /// <param name="sourceId">Number of the source.</param>
    /// <param name="sweptTo">Time of its server up to which all events were read and followed; the lateness is taken off here.</param>
    /// <param name="alerts">Filled, never cleared.</param>
    public void Advance(int sourceId, DateTimeOffset sweptTo, ICollection<Alert> alerts)
    {
        if (!clocks.TryGetValue(sourceId, out var clock))
        {
            return;
        }

        clock.SweptTo = Math.Max(clock.SweptTo, sweptTo.ToUnixTimeMilliseconds());
        var allSweptTo = clocks.Values.Min(one => one.SweptTo);
        occasion.Begin(null, null, LocalCalendar.Utc, (clock.HighAt, highestAt), alerts);
        foreach (var state in States)
        {
            Run(state, null, (sourceId, clock.SweptTo), static (one, at, swept) => one.CloseSuppressed(at, swept.sourceId, swept.SweptTo));
            Run(state, null, (sourceId, clock.SweptTo), static (one, at, swept) => one.Advance(at, swept.sourceId, swept.SweptTo));
            if (allSweptTo > long.MinValue)
            {
                Run(state, null, allSweptTo, static (one, at, swept) => one.CloseSuppressed(at, null, swept));
                Run(state, null, allSweptTo, static (one, at, swept) => one.Advance(at, null, swept));
            }
        }

        if (occasion.Hits.Count > 0)
        {
            Correlate(null);
        }
    }

    /// <summary>Forgets whom the rules alerted, and their counts; what they learned stays. For a reader that followed older events silently.</summary>
    /// <param name="isMeant">The rules that are to forget; null for all.</param>
    public void ForgetAlerts(Predicate<AlertingRule>? isMeant = null)
    {
        foreach (var state in States.Where(state => isMeant is null || isMeant(state.Rule)))
        {
            state.ForgetAlerts();
        }
    }

    /// <summary>What became of each rule so far.</summary>
    public IReadOnlyList<RuleReport> Describe() => [
        .. States.Select(state => state.Describe(Faults.Find(state.Rule.Head), highestAt) with
        {
            MicrosecondsPerEvent = matcher.MicrosecondsOf(state.Rule),
            ExcessiveShare = matcher.ExcessOf(state.Rule),
            UnseenFields = matcher.FindUnseenFields(state.Rule),
        }),
    ];

    /// <summary>All that the engine knows, as bytes: compact, and the same for the same knowledge.</summary>
    public byte[] WriteSnapshot() => EngineSnapshot.Write(States, matcher, clocks.Values);

    /// <summary>Takes in what another engine wrote. Rules that are new or another version begin without memory; the reader replays events for them.</summary>
    /// <param name="snapshot">The bytes.</param>
    /// <param name="isWanted">The rules to take in; null for all. Each rule may be taken in once.</param>
    /// <returns>Null, or why the bytes cannot be read; the engine then knows nothing and is thrown away.</returns>
    public string? ReadSnapshot(byte[] snapshot, Predicate<AlertingRule>? isWanted = null)
    {
        var states = isWanted is null ? States : [.. States.Where(state => isWanted(state.Rule))];
        var (read, problem) = EngineSnapshot.Read(snapshot, states, matcher);
        if (states.Count < States.Count)
        {
            read.ToList().ForEach(clock => clock.IsStarted = false);
        }

        foreach (var clock in read)
        {
            clocks[clock.SourceId] = clock;
            highestAt = Math.Max(highestAt, clock.HighAt);
        }

        return problem;
    }

    // Correlations stand behind those that feed them, so one pass reaches all; each is asked once, after all its occurrences are in.
    private void Correlate(SecurityEvent? securityEvent)
    {
        var fed = 0;
        foreach (var correlation in correlations)
        {
            for (; fed < occasion.Hits.Count; fed++)
            {
                Feed(occasion.Hits[fed], securityEvent);
            }

            if (correlation.IsFed)
            {
                Run(correlation, securityEvent, 0, static (state, at, _) => state.Follow(at));
            }
        }
    }

    private void Feed(Hit hit, SecurityEvent? securityEvent)
    {
        if (!feeds.TryGetValue(hit.State.Rule, out var fedBy))
        {
            return;
        }

        foreach (var (state, reference) in fedBy)
        {
            Run(state, securityEvent, (hit, reference), static (one, at, fed) => ((CorrelationState)one).Collect(at, fed.hit, fed.reference));
        }
    }

    // A rule that throws is set to Error; the others go on.
    private void Run<T>(RuleState state, SecurityEvent? securityEvent, T argument, Action<RuleState, Occasion, T> step)
    {
        if (Faults.Has(state.Rule.Head))
        {
            return;
        }

        try
        {
            step(state, occasion, argument);
        }
        catch (Exception fault) when (RuleFaults.IsOfTheRule(fault))
        {
            Faults.Set(state.Rule.Head, securityEvent, fault);
        }
    }

    private SourceClock ClockOf(SecurityEvent securityEvent)
    {
        var source = securityEvent.Source.Id;
        if (lastClock?.SourceId == source && lastClock.IsStarted)
        {
            return lastClock;
        }

        if (!clocks.TryGetValue(source, out var clock))
        {
            clocks.Add(source, clock = new SourceClock(source));
        }

        if (!clock.IsStarted)
        {
            clock.IsStarted = true;
            foreach (var state in States)
            {
                state.Start(source, securityEvent.OccurredAt.ToUnixTimeMilliseconds());
            }
        }

        return lastClock = clock;
    }

    private static IEnumerable<string> Names(RuleHead head) => new[] { head.Name, head.Id }.OfType<string>();

    private static RuleState NewState(DetectionRule rule, EngineOptions options) => rule.Memory switch
    {
        FirstSeenSettings settings => new FirstSeenState(rule, settings, options),
        TravelSettings settings => new TravelState(rule, settings, options),
        UnlessSettings settings => new UnlessState(rule, settings, options),
        MissingSettings settings => new MissingState(rule, settings, options),
        SilenceSettings settings => new SilenceState(rule, settings, options),
        BaselineSettings settings => new BaselineState(rule, settings, options),
        _ => new PlainState(rule, options),
    };
}
