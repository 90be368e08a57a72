using SiemForwarder.Detections.Rules;

namespace SiemForwarder.Detections.Alerts;

/// <summary>One value of the group that an alert is about, or of whom its events name.</summary>
/// <param name="Name">The normalized name of the field, or the alias.</param>
/// <param name="Value">The value as text; cut to 256 characters, the end of a longer one replaced by its hash where state keeps it.</param>
public readonly record struct GroupValue(string Name, string Value);

/// <summary>An event that an alert rests on.</summary>
/// <param name="Id">Id of the event.</param>
/// <param name="SourceId">Number of its source.</param>
/// <param name="Position">Place in the log of that source.</param>
/// <param name="OccurredAt">When it happened.</param>
public sealed record AlertEvent(string Id, int SourceId, long Position, DateTimeOffset OccurredAt);

/// <summary>A rule held, and nobody was told of it shortly before. The same events and rules make the same alert with the same id, whoever asks when.</summary>
public sealed record Alert
{
    /// <summary>UUID of version 8 (RFC 9562 section 5.8): a hash of the rule, the group and what triggered it.</summary>
    public required Guid Id { get; init; }

    /// <summary>Title, level, tags, techniques, false positives.</summary>
    public required RuleHead Rule { get; init; }

    public string RuleId => Rule.Key;

    public required string RuleVersion { get; init; }

    public RuleLevel Level => Rule.Level;

    public IReadOnlyList<string> Tags => Rule.Tags;

    /// <summary>Time of the event that triggered it, or the deadline that passed.</summary>
    public required DateTimeOffset OccurredAt { get; init; }

    /// <summary>The event that triggered it; of an absence, the event that something was expected after.</summary>
    public required AlertEvent Trigger { get; init; }

    /// <summary>The group, without fields that were absent.</summary>
    public required IReadOnlyList<GroupValue> Group { get; init; }

    /// <summary>What was compared with the condition: a count, a sum, a speed in km/h; null where nothing was.</summary>
    public double? Value { get; init; }

    /// <summary>Contributing events by time, the newest of <see cref="EventCount"/>.</summary>
    public required IReadOnlyList<AlertEvent> Events { get; init; }

    public required int EventCount { get; init; }

    public required DateTimeOffset FirstAt { get; init; }

    public required DateTimeOffset LastAt { get; init; }

    /// <summary>Hits of the same rule and group since its last alert that no alert was made of.</summary>
    public long SuppressedCount { get; init; }

    /// <summary>Realm, user, actor, client, session and address where all events that it rests on have the same, by their normalized names.</summary>
    /// <remarks>None of a baseline and of a silence, which rest on more than the event they name; none of an update.</remarks>
    public IReadOnlyList<GroupValue> Agreed { get; init; } = [];

    /// <summary>True where it tells how an earlier alert went on, by the hits that were suppressed since.</summary>
    public bool IsUpdate { get; init; }
}
