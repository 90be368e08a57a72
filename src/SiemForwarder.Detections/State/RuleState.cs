using SiemForwarder.Detections.Alerts;
using SiemForwarder.Detections.Rules;

namespace SiemForwarder.Detections.State;

/// <summary>What an engine keeps of one rule: its counters, whom it told, and in the kinds below what it remembers.</summary>
internal abstract class RuleState
{
    private readonly EngineOptions options;
    private readonly AlertGate gate;
    private readonly long suppressMs;
    private readonly bool isReported;
    private long hitCount;
    private long alertCount;
    private long suppressedCount;
    private long lateDroppedCount;
    private long ungroupedCount;
    private long evictedCount;
    private long? degradedAt;

    protected RuleState(AlertingRule rule, IReadOnlyList<string> groupNames, EngineOptions options)
    {
        Rule = rule;
        GroupNames = groupNames;
        this.options = options;
        var everyHit = options.Mode == AlertMode.EveryHit;
        isReported = everyHit || (rule.IsReported && rule.Head.Level != RuleLevel.Informational);
        gate = new AlertGate(everyHit ? 0 : (long)rule.Alerts.Suppress.TotalMilliseconds, options.MaxGroups, rule.Alerts.Updates);
        suppressMs = (long)rule.Alerts.Suppress.TotalMilliseconds;
        LatenessMs = (long)options.Lateness.TotalMilliseconds;
    }

    public AlertingRule Rule { get; }

    public IReadOnlyList<string> GroupNames { get; }

    /// <summary>Groups or entities that are remembered.</summary>
    public virtual int GroupCount => 0;

    /// <summary>Event time from which it can alert, because it has seen enough by then; null where it need not learn, or has seen nothing.</summary>
    public virtual long? LearnedAt => null;

    protected long LatenessMs { get; }

    /// <summary>What the rule does at an event that matches it.</summary>
    public abstract void Follow(Occasion occasion);

    /// <summary>The source is known from this time on; before the first call, nothing is.</summary>
    public virtual void Start(int sourceId, long at)
    {
    }

    /// <summary>All events of the source up to this time were read; null for all sources together.</summary>
    public virtual void Advance(Occasion occasion, int? sourceId, long sweptTo)
    {
    }

    /// <summary>Tells of the hits that followed an alert too soon, once none can follow any more; where the rule wants that and no later alert did.</summary>
    public void CloseSuppressed(Occasion occasion, int? sourceId, long sweptTo)
    {
        foreach (var closed in Rule.Alerts.Updates ? gate.Close(sourceId, sweptTo - LatenessMs) : [])
        {
            alertCount++;
            occasion.Alerts.Add(new Alert
            {
                Id = AlertId.Of(Rule.Head.Key, closed.GroupKey, "update", AlertId.Part(closed.AlertAt)),
                Rule = Rule.Head,
                RuleVersion = Rule.Version,
                IsUpdate = true,
                OccurredAt = DateTimeOffset.FromUnixTimeMilliseconds(closed.AlertAt + suppressMs),
                Trigger = closed.Last.ToAlertEvent(),
                Group = GroupKey.Values(closed.GroupKey, GroupNames),
                Events = [closed.Last.ToAlertEvent()],
                EventCount = (int)Math.Min(closed.Count, int.MaxValue),
                FirstAt = DateTimeOffset.FromUnixTimeMilliseconds(closed.AlertAt),
                LastAt = DateTimeOffset.FromUnixTimeMilliseconds(closed.Last.At),
                SuppressedCount = closed.Count,
            });
        }
    }

    public RuleReport Describe(RuleFault? fault, long highestAt) => new(
        Rule.Head.Key, Rule.Head.Title, hitCount, alertCount, suppressedCount, lateDroppedCount, ungroupedCount, evictedCount + gate.EvictedCount, GroupCount,
        degradedAt is { } at ? DateTimeOffset.FromUnixTimeMilliseconds(at) : null, fault)
    {
        LearningUntil = LearnedAt is { } learned && learned > highestAt ? DateTimeOffset.FromUnixTimeMilliseconds(learned) : null,
    };

    public void ForgetAlerts()
    {
        (hitCount, alertCount, suppressedCount, lateDroppedCount, ungroupedCount) = (0, 0, 0, 0, 0);
        gate.Clear();
    }

    public void WriteTo(SnapshotWriter writer)
    {
        foreach (var counter in (long[])[hitCount, alertCount, suppressedCount, lateDroppedCount, ungroupedCount, evictedCount, degradedAt ?? long.MinValue])
        {
            writer.Write(counter);
        }

        gate.WriteTo(writer);
        WriteMemory(writer);
    }

    public void ReadFrom(SnapshotReader reader)
    {
        hitCount = reader.ReadInt64();
        alertCount = reader.ReadInt64();
        suppressedCount = reader.ReadInt64();
        lateDroppedCount = reader.ReadInt64();
        ungroupedCount = reader.ReadInt64();
        evictedCount = reader.ReadInt64();
        degradedAt = reader.ReadInt64() is not long.MinValue and var at ? at : null;
        gate.ReadFrom(reader);
        ReadMemory(reader);
    }

    protected virtual void WriteMemory(SnapshotWriter writer)
    {
    }

    protected virtual void ReadMemory(SnapshotReader reader)
    {
    }

    protected void CountLate() => lateDroppedCount++;

    protected void CountUngrouped() => ungroupedCount++;

    protected void CountEvicted(long count, long at)
    {
        evictedCount += count;
        degradedAt ??= count > 0 ? at : null;
    }

    /// <summary>Tells the correlations of a hit.</summary>
    /// <param name="agreed">See <see cref="Hit"/>.</param>
    /// <returns>Whether the hit becomes an alert; then the caller says which events it rests on, by <see cref="Tell"/>.</returns>
    protected bool Hits(Occasion occasion, string groupKey, in EventMark trigger, uint agreed, out long suppressed)
    {
        hitCount++;
        suppressed = 0;
        occasion.Hits.Add(new Hit(this, groupKey, trigger, agreed));
        if (!isReported)
        {
            return false;
        }

        var evicted = gate.EvictedCount;
        if (!gate.Admits(groupKey, trigger, out suppressed))
        {
            suppressedCount++;
            return false;
        }

        degradedAt ??= gate.EvictedCount > evicted ? trigger.At : null;
        return true;
    }

    /// <summary>Makes the alert of a hit.</summary>
    /// <param name="discriminator">See <see cref="AlertId"/>.</param>
    protected void Tell(
        Occasion occasion, string groupKey, in Evidence evidence, double? value, long suppressed, params ReadOnlySpan<string> discriminator)
    {
        alertCount++;
        var (trigger, marks, agreed) = evidence;
        var (position, sourceId) = (trigger.Position, trigger.SourceId);
        occasion.Alerts.Add(new Alert
        {
            Id = AlertId.Of(Rule.Head.Key, groupKey, discriminator),
            Rule = Rule.Head,
            RuleVersion = Rule.Version,
            OccurredAt = DateTimeOffset.FromUnixTimeMilliseconds(trigger.At),
            Trigger = marks.Last(mark => mark.Position == position && mark.SourceId == sourceId).ToAlertEvent(),
            Group = GroupKey.Values(groupKey, GroupNames),
            Value = value,
            Events = [.. marks.Skip(marks.Count - options.MaxEvents).Select(mark => mark.ToAlertEvent())],
            EventCount = marks.Count,
            FirstAt = DateTimeOffset.FromUnixTimeMilliseconds(marks[0].At),
            LastAt = DateTimeOffset.FromUnixTimeMilliseconds(marks[^1].At),
            SuppressedCount = suppressed,
            Agreed = agreed,
        });
    }
}

/// <summary>What an alert rests on.</summary>
/// <param name="Trigger">The event that triggered it, or the deadline in its place.</param>
/// <param name="Marks">All events, by time; the trigger is one of them.</param>
/// <param name="Agreed">The <see cref="Parties"/> on which they agree.</param>
internal readonly record struct Evidence(EventMark Trigger, IReadOnlyList<EventMark> Marks, IReadOnlyList<GroupValue> Agreed)
{
    /// <summary>The event at hand alone.</summary>
    public static Evidence Of(Occasion occasion) => new(occasion.Mark, [occasion.Mark], Parties.Values(occasion.Event, Parties.All));
}

/// <summary>A rule that remembers nothing: each event that matches is a hit.</summary>
internal sealed class PlainState(DetectionRule rule, EngineOptions options)
    : RuleState(rule, [.. rule.Alerts.Per.Select(field => field.Name)], options)
{
    public override void Follow(Occasion occasion)
    {
        occasion.WriteKey(Rule.Alerts.Scope, Rule.Alerts.Per);
        var key = Rule.Alerts.Per.Count == 0 ? "\uFFFF\uFFFF" : occasion.Key.Written.ToString();
        if (Hits(occasion, key, occasion.Mark, Parties.All, out var suppressed))
        {
            Tell(occasion, key, Evidence.Of(occasion), null, suppressed, AlertId.Part(occasion.Mark));
        }
    }
}
