using SiemForwarder.Detections.Alerts;
using SiemForwarder.Detections.Fields;
using SiemForwarder.Detections.Rules;
using SiemForwarder.Events;

namespace SiemForwarder.Detections.State;

/// <summary>A rule held: for the correlations that it feeds.</summary>
/// <param name="Agreed">Of the <see cref="Parties"/> of the event at hand those on which all events agree that the hit rests on.</param>
internal readonly record struct Hit(RuleState State, string GroupKey, EventMark Trigger, uint Agreed);

/// <summary>One turn of an engine: an event that matched, or a sweep that moved time on; with what came of it. Used again for each.</summary>
internal sealed class Occasion
{
    private readonly uint[] partyHashes = new uint[Parties.Count];
    private bool isHashed;
    private PartyPrint? partyPrint;

    /// <summary>The fields of the event; null where time moved on without one.</summary>
    public EventFields? Fields { get; private set; }

    public EventMark Mark { get; private set; }

    /// <summary>The newest time of the source, and of all sources.</summary>
    public long HighAt { get; private set; }

    public long HighestAt { get; private set; }

    public LocalCalendar Calendar { get; private set; } = LocalCalendar.Utc;

    public GroupKey Key { get; } = new();

    /// <summary>The event; null where time moved on without one.</summary>
    public SecurityEvent? Event => Fields?.Event;

    /// <summary>What comparing the <see cref="Parties"/> of the event needs; good until the next turn.</summary>
    public ReadOnlySpan<uint> PartyHashes
    {
        get
        {
            if (!isHashed && Event is { } securityEvent)
            {
                Parties.Hash(securityEvent, partyHashes);
                isHashed = true;
            }

            return partyHashes;
        }
    }

    /// <summary>The same to be kept.</summary>
    public PartyPrint PartyPrint => partyPrint ??= new PartyPrint(PartyHashes);

    public List<Hit> Hits { get; } = [];

    public ICollection<Alert> Alerts { get; private set; } = [];

    public void Begin(SecurityEvent? securityEvent, EventFields? fields, LocalCalendar calendar, (long Source, long All) high, ICollection<Alert> alerts)
    {
        Fields = fields;
        Mark = securityEvent is null ? default : EventMark.Of(securityEvent);
        Calendar = calendar;
        (HighAt, HighestAt) = high;
        Alerts = alerts;
        Hits.Clear();
        (isHashed, partyPrint) = (false, null);
    }

    /// <summary>The newest time that counts for a scope.</summary>
    public long HighFor(GroupScope scope) => scope == GroupScope.All ? HighestAt : HighAt;

    /// <summary>A value for a group: of the event, as text; null for what is absent, null, a list or a map.</summary>
    public string? Find(GroupField field) => Fields is { } fields && fields[field.Slot] is { IsScalar: true } value ? value.Text : null;

    /// <summary>Writes the key of the group that the event belongs to.</summary>
    /// <returns>False where there are group fields and the event has none of them.</returns>
    public bool WriteKey(GroupScope scope, IReadOnlyList<GroupField> fields)
    {
        Key.Start(scope == GroupScope.All ? null : Mark.SourceId);
        for (var index = 0; index < fields.Count; index++)
        {
            Key.Add(Find(fields[index]));
        }

        return fields.Count == 0 || !Key.IsEmpty;
    }
}
