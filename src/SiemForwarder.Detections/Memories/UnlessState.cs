using SiemForwarder.Detections.Rules;
using SiemForwarder.Detections.State;

namespace SiemForwarder.Detections.Memories;

/// <summary><c>unless</c>: hits at an event of a group in which the other event did not happen within the time before.</summary>
internal sealed class UnlessState(DetectionRule rule, UnlessSettings settings, EngineOptions options)
    : RuleState(rule, [.. settings.Per.Select(field => field.Name)], options), IFollowsOther
{
    private readonly long withinMs = (long)settings.Within.TotalMilliseconds;
    private readonly EntityStore<OtherEvents> others = new(options.MaxGroups, other => other.NewestAt);
    private readonly WatchedSince since = new();

    public override int GroupCount => others.Count;

    public override long? LearnedAt => since.NewestStart + withinMs;

    public string Other => settings.Rule;

    // What was before the log, nobody knows: the rule is silent until it saw as much of it as it asks for.
    public override void Start(int sourceId, long at) => since.Start(sourceId, at);

    public void FollowOther(Occasion occasion)
    {
        if (!occasion.WriteKey(rule.Alerts.Scope, settings.Per))
        {
            CountUngrouped();
            return;
        }

        others.FindOrAdd(occasion.Key.Written.ToString(), out var evicted).Add(occasion.Mark, occasion.HighFor(rule.Alerts.Scope) - LatenessMs);
        CountEvicted(evicted, occasion.Mark.At);
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
        var isThere = others.Find(key)?.NewestUpTo(mark) is { } newest && newest >= mark.At - withinMs;
        if (!isThere && since.Length(mark.SourceId, mark.At) >= withinMs && Hits(occasion, key, mark, Parties.All, out var suppressed))
        {
            Tell(occasion, key, Evidence.Of(occasion), null, suppressed, AlertId.Part(mark), AlertId.Part(mark.At));
        }
    }

    protected override void WriteMemory(SnapshotWriter writer)
    {
        since.WriteTo(writer);
        others.WriteTo(writer, other => other.WriteTo(writer));
    }

    protected override void ReadMemory(SnapshotReader reader)
    {
        since.ReadFrom(reader);
        others.ReadFrom(reader, () => OtherEvents.ReadFrom(reader));
    }
}
