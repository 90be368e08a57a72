using System.Text.Json;
using System.Text.Json.Serialization;
using SiemForwarder.Events;
using SiemForwarder.Service.Integrations;

namespace SiemForwarder.Service.Dispatch.Replays;

/// <summary>Which events of its ranges a replay sends.</summary>
/// <param name="From">Earliest event time, inclusive; null for no bound.</param>
/// <param name="To">Latest event time, exclusive; null for no bound.</param>
/// <param name="Filter">The replay's filter, in addition to that of the integration.</param>
internal sealed record ReplayDefinition(DateTimeOffset? From, DateTimeOffset? To, EventFilter Filter)
{
    public string ToJson() => JsonSerializer.Serialize(this, IntegrationJson.Options);

    /// <summary>Whether an event is to be sent.</summary>
    public bool Wants(SecurityEvent one) => !(one.OccurredAt < From) && !(one.OccurredAt >= To) && Filter.Evaluate(one).IsWanted;

    public static ReplayDefinition FromJson(string json) => JsonSerializer.Deserialize<ReplayDefinition>(json, IntegrationJson.Options)
        ?? throw new InvalidDataException("A stored replay has an empty definition.");
}

/// <summary>A range of positions of one source that a replay reads.</summary>
/// <param name="Position">Everything up to here is done; one before the first position if nothing is.</param>
internal sealed record ReplayRange(int SourceId, long FirstPosition, long LastPosition, long Position)
{
    [JsonIgnore]
    public long Length => LastPosition - FirstPosition + 1;
}

/// <summary>A replay or backfill as stored.</summary>
/// <param name="Kind"><c>replay</c>: the events are marked as delivered again; <c>backfill</c>: they are sent for the first time.</param>
internal sealed record Replay(
    long Id, int IntegrationId, string Kind, string State, ReplayDefinition Definition, int EventsPerSecond, long Delivered, long Bytes, long Missing,
    string? Error, DateTimeOffset? NextAttemptAt, string CreatedBy, DateTimeOffset CreatedAt, DateTimeOffset? StartedAt, DateTimeOffset? FinishedAt,
    IReadOnlyList<ReplayRange> Ranges)
{
    public const string AsReplay = "replay";
    public const string AsBackfill = "backfill";
    public const string Running = "running";
}
