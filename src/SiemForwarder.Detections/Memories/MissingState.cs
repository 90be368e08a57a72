using SiemForwarder.Detections.Rules;
using SiemForwarder.Detections.State;

namespace SiemForwarder.Detections.Memories;

/// <summary><c>missing</c>: hits where the other event did not follow within the time, once everything up to then was read.</summary>
internal sealed class MissingState(DetectionRule rule, MissingSettings settings, EngineOptions options)
    : RuleState(rule, [.. settings.Per.Select(field => field.Name)], options), IFollowsOther
{
    private readonly long withinMs = (long)settings.Within.TotalMilliseconds;
    private readonly EntityStore<OtherEvents> others = new(options.MaxGroups, other => other.NewestAt);
    private readonly Deadlines deadlines = new(options.MaxGroups);

    public override int GroupCount => deadlines.Count;

    public string Other => settings.Rule;

    public void FollowOther(Occasion occasion)
    {
        var mark = occasion.Mark;
        if (!occasion.WriteKey(rule.Alerts.Scope, settings.Per))
        {
            CountUngrouped();
            return;
        }

        var key = occasion.Key.Written.ToString();
        foreach (var met in deadlines.Of(key).Where(deadline => mark.Against(deadline.Since) > 0 && mark.At <= deadline.At).ToList())
        {
            deadlines.Remove(met);
        }

        others.FindOrAdd(key, out var evicted).Add(mark, occasion.HighFor(rule.Alerts.Scope) - LatenessMs);
        CountEvicted(evicted, mark.At);
    }

    public override void Follow(Occasion occasion)
    {
        var mark = occasion.Mark;
        if (mark.At < occasion.HighFor(rule.Alerts.Scope) - LatenessMs)
        {
            CountLate();
            return;
        }

        if (!occasion.WriteKey(rule.Alerts.Scope, settings.Per))
        {
            CountUngrouped();
            return;
        }

        var key = occasion.Key.Written.ToString();
        if (others.Find(key)?.AnyAfter(mark, mark.At + withinMs) != true)
        {
            CountEvicted(deadlines.Add(new Deadline(mark.At + withinMs, mark, key, KeptParties.Of(occasion))), mark.At);
        }
    }

    public override void Advance(Occasion occasion, int? sourceId, long sweptTo)
    {
        foreach (var due in deadlines.TakeUpTo(sweptTo - LatenessMs, sourceId))
        {
            var trigger = due.Since with { At = due.At };
            if (Hits(occasion, due.GroupKey, trigger, Parties.None, out var suppressed))
            {
                var evidence = new Evidence(trigger, [due.Since], due.Parties.Values);
                Tell(occasion, due.GroupKey, evidence, null, suppressed, AlertId.Part(due.Since), AlertId.Part(due.At));
            }
        }
    }

    protected override void WriteMemory(SnapshotWriter writer)
    {
        others.WriteTo(writer, other => other.WriteTo(writer));
        deadlines.WriteTo(writer);
    }

    protected override void ReadMemory(SnapshotReader reader)
    {
        others.ReadFrom(reader, () => OtherEvents.ReadFrom(reader));
        deadlines.ReadFrom(reader);
    }
}
