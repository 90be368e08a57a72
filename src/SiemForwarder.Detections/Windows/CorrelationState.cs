using SiemForwarder.Detections.Matching;
using SiemForwarder.Detections.Rules;
using SiemForwarder.Detections.State;

namespace SiemForwarder.Detections.Windows;

/// <summary>The groups of one correlation: takes in what hit at an event, each group once, and finds the windows in which the condition holds.</summary>
internal sealed class CorrelationState : RuleState
{
    private readonly CorrelationRule rule;
    private readonly EngineOptions options;
    private readonly WindowShape shape;
    private readonly Dictionary<string, WindowGroup> groups = new(StringComparer.Ordinal);
    private readonly Dictionary<string, WindowGroup>.AlternateLookup<ReadOnlySpan<char>> groupsByText;
    private readonly List<(string Key, Occurrence Occurrence, uint Agreed)> pending = [];
    private int sweepAt;

    public CorrelationState(CorrelationRule rule, EngineOptions options)
        : base(rule, rule.GroupNames, options)
    {
        this.rule = rule;
        this.options = options;
        shape = new WindowShape(rule);
        groupsByText = groups.GetAlternateLookup<ReadOnlySpan<char>>();
        sweepAt = FirstSweep;
    }

    public override int GroupCount => groups.Count;

    private int FirstSweep => Math.Min(1024, options.MaxGroups);

    /// <summary>True where something was collected that <see cref="Follow"/> waits for.</summary>
    public bool IsFed => pending.Count > 0;

    /// <summary>Takes in that a referenced rule hit at this event; which of the references it was is a number in their order.</summary>
    public void Collect(Occasion occasion, in Hit hit, int reference)
    {
        var source = rule.References[reference];
        occasion.Key.Start(rule.Alerts.Scope == GroupScope.All ? null : hit.Trigger.SourceId);
        for (var index = 0; index < source.Group.Count; index++)
        {
            occasion.Key.Add(Find(occasion, hit, source.Group[index]));
        }

        if (source.Group.Count > 0 && occasion.Key.IsEmpty)
        {
            CountUngrouped();
            return;
        }

        var key = occasion.Key.Written;
        for (var index = 0; index < pending.Count; index++)
        {
            if (key.SequenceEqual(pending[index].Key))
            {
                var known = pending[index].Occurrence;
                pending[index] = (pending[index].Key, known with { Rules = known.Rules | (1UL << reference) }, pending[index].Agreed & hit.Agreed);
                return;
            }
        }

        pending.Add((TextOf(key), WithValue(occasion, hit, new Occurrence(hit.Trigger, 1UL << reference, null, double.NaN), source.Values), hit.Agreed));
    }

    /// <summary>Puts what was collected into its groups.</summary>
    public override void Follow(Occasion occasion)
    {
        var high = occasion.HighFor(rule.Alerts.Scope);
        foreach (var (key, occurrence, agreed) in pending)
        {
            if (occurrence.At < high - LatenessMs)
            {
                CountLate();
                continue;
            }

            var group = GroupOf(key, high);
            group.Trim(high - LatenessMs);
            if (group.Insert(occurrence, occasion, agreed) is { } hit)
            {
                Report(occasion, key, group, hit, occurrence.Mark, group.Agreed(hit, agreed));
            }

            if (group.Count > options.MaxOccurrences)
            {
                var leaving = Math.Max(1, options.MaxOccurrences / 10);
                group.DropOldest(leaving);
                CountEvicted(leaving, high);
            }
        }

        pending.Clear();
    }

    protected override void WriteMemory(SnapshotWriter writer)
    {
        writer.Write(groups.Count);
        foreach (var (key, group) in groups.OrderBy(one => one.Key, StringComparer.Ordinal))
        {
            writer.Write(key);
            group.WriteTo(writer);
        }
    }

    protected override void ReadMemory(SnapshotReader reader)
    {
        for (var left = reader.ReadCount(); left > 0; left--)
        {
            var group = NewGroup();
            groups.Add(reader.ReadString(), group);
            group.ReadFrom(reader);
        }

        sweepAt = Math.Min(Math.Max(FirstSweep, groups.Count * 2), options.MaxGroups);
    }

    private void Report(Occasion occasion, string key, WindowGroup group, WindowHit hit, in EventMark trigger, uint agreed)
    {
        if (!Hits(occasion, key, trigger, agreed, out var suppressed))
        {
            return;
        }

        var marks = new EventMark[hit.To - hit.From + 1];
        for (var index = 0; index < marks.Length; index++)
        {
            marks[index] = group[hit.From + index].Mark;
        }

        var evidence = new Evidence(trigger, marks, Parties.Values(occasion.Event, agreed));
        Tell(occasion, key, evidence, hit.Value, suppressed, AlertId.Part(trigger), AlertId.Part(marks[0].At));
        if (rule.Alerts.Resets)
        {
            group.Clear();
        }
    }

    // The key of a known group is used again, so that nothing is allocated for it.
    private string TextOf(ReadOnlySpan<char> key) => groupsByText.TryGetValue(key, out var known, out _) ? known : key.ToString();

    private WindowGroup GroupOf(string key, long high)
    {
        if (groups.TryGetValue(key, out var group))
        {
            return group;
        }

        if (groups.Count >= sweepAt)
        {
            Sweep(high);
        }

        group = NewGroup();
        groups.Add(key, group);
        return group;
    }

    private WindowGroup NewGroup() => new(shape);

    // Groups that no window can hold any more leave unseen, wherever that happens; where that is not enough, those that are far from the
    // condition leave, the stalest first, and are counted.
    private void Sweep(long high)
    {
        foreach (var (key, group) in groups)
        {
            group.Trim(high - LatenessMs);
            if (group.Count == 0)
            {
                groups.Remove(key);
            }
        }

        if (groups.Count >= options.MaxGroups)
        {
            var leaving = Standing.Least(
                groups, Math.Max(1, options.MaxGroups / 10), static (key, group) => new Standing(group.Progress, group.NewestAt, key));
            leaving.ForEach(key => groups.Remove(key));
            CountEvicted(leaving.Count, high);
        }

        sweepAt = Math.Min(Math.Max(FirstSweep, groups.Count * 2), options.MaxGroups);
    }

    private Occurrence WithValue(Occasion occasion, in Hit hit, in Occurrence occurrence, IReadOnlyList<GroupField> values)
    {
        if (values.Count == 0)
        {
            return occurrence;
        }

        if (values.Count == 1)
        {
            var text = Find(occasion, hit, values[0]);
            return rule.Type == CorrelationType.ValueCount ? occurrence with { Text = text is null ? null : GroupKey.Bound(text) }
                : NumberText.TryParse(text, out var number) ? occurrence with { Number = number.Near } : occurrence;
        }

        occasion.Key.Start(null);
        for (var index = 0; index < values.Count; index++)
        {
            occasion.Key.Add(Find(occasion, hit, values[index]));
        }

        return occasion.Key.IsEmpty ? occurrence : occurrence with { Text = occasion.Key.Written.ToString() };
    }

    // A correlation that feeds this one says its group; what it does not group by, the event that triggered it says.
    private static string? Find(Occasion occasion, in Hit hit, GroupField field)
    {
        if (hit.State is not PlainState)
        {
            for (var index = 0; index < hit.State.GroupNames.Count; index++)
            {
                if (hit.State.GroupNames[index] == field.Field)
                {
                    return GroupKey.ValueAt(hit.GroupKey, index);
                }
            }
        }

        return occasion.Find(field);
    }
}
