using SiemForwarder.Detections.Rules;
using SiemForwarder.Detections.State;

namespace SiemForwarder.Detections.Memories;

/// <summary><c>silence</c>: hits once where a group that had events has none for so long; the next event arms it again.</summary>
internal sealed class SilenceState(DetectionRule rule, SilenceSettings settings, EngineOptions options)
    : RuleState(rule, [.. settings.Per.Select(field => field.Name)], options)
{
    private readonly long forMs = (long)settings.For.TotalMilliseconds;
    private readonly Deadlines deadlines = new(options.MaxGroups);

    // Groups whose silence was told: a late event from before it does not arm them again.
    private readonly EntityStore<Told> told = new(options.MaxGroups, one => one.Last.At);

    private sealed class Told
    {
        public EventMark Last { get; set; }
    }

    public override int GroupCount => deadlines.Count;

    public override void Follow(Occasion occasion)
    {
        if (!occasion.WriteKey(rule.Alerts.Scope, settings.Per))
        {
            CountUngrouped();
            return;
        }

        var mark = occasion.Mark;
        var key = occasion.Key.Written.ToString();
        if (deadlines.Of(key) is [var armed])
        {
            if (armed.Since.Against(mark) >= 0)
            {
                return;
            }

            deadlines.Remove(armed);
        }
        else if (told.Find(key) is { } silent)
        {
            if (silent.Last.Against(mark) >= 0)
            {
                return;
            }

            told.Remove(key);
        }

        if (DeadlineAfter(occasion) is { } deadline)
        {
            CountEvicted(deadlines.Add(new Deadline(deadline, mark, key, KeptParties.None)), mark.At);
        }
    }

    public override void Advance(Occasion occasion, int? sourceId, long sweptTo)
    {
        foreach (var due in deadlines.TakeUpTo(sweptTo - LatenessMs, sourceId))
        {
            told.FindOrAdd(due.GroupKey, out var evicted).Last = due.Since;
            CountEvicted(evicted, due.At);
            var trigger = due.Since with { At = due.At };
            // Who the last event names is not who is silent.
            if (Hits(occasion, due.GroupKey, trigger, Parties.None, out var suppressed))
            {
                Tell(occasion, due.GroupKey, new Evidence(trigger, [due.Since], []), null, suppressed, AlertId.Part(due.Since), AlertId.Part(due.At));
            }
        }
    }

    protected override void WriteMemory(SnapshotWriter writer)
    {
        deadlines.WriteTo(writer);
        told.WriteTo(writer, one => writer.Write(one.Last));
    }

    protected override void ReadMemory(SnapshotReader reader)
    {
        deadlines.ReadFrom(reader);
        told.ReadFrom(reader, () => new Told { Last = reader.ReadMark() });
    }

    // Outside of working hours nobody is expected: the silence is counted from their next beginning. Null where none comes within a year.
    private long? DeadlineAfter(Occasion occasion)
    {
        var deadline = occasion.Mark.At + forMs;
        if (!settings.DuringBusiness)
        {
            return deadline;
        }

        var at = DateTimeOffset.FromUnixTimeMilliseconds(deadline);
        return occasion.Calendar.NextBusiness(at) is not { } opening ? null
            : opening == at ? deadline : opening.ToUnixTimeMilliseconds() + forMs;
    }
}
