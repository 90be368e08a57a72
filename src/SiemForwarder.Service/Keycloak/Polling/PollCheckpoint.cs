using System.Text.Json;
using System.Text.Json.Serialization;
using SiemForwarder.Service.Keycloak.Client;

namespace SiemForwarder.Service.Keycloak.Polling;

/// <summary>How far one stream of a realm has been read; stored as JSON in the same transaction as the events. All times are epoch
/// milliseconds of the server's clock.</summary>
internal sealed record PollCheckpoint
{
    public required ApiTier Tier { get; init; }

    /// <summary>Where the first poll started; nothing older is read.</summary>
    public required long StartMs { get; init; }

    /// <summary>Largest event time read so far, never ahead of the server's clock.</summary>
    public required long WatermarkMs { get; init; }

    /// <summary>Every event visible when the last completed sweep started, and stamped no later than this, has been read.</summary>
    public required long SweepAnchorMs { get; init; }

    /// <summary>Latest time that counts as read, now or at the end of the current pass.</summary>
    [JsonIgnore]
    public long LatestMs => Math.Max(Math.Max(WatermarkMs, SweepAnchorMs), Math.Max(Sweep?.AnchorMs ?? 0, Backfill?.AnchorMs ?? 0));

    /// <summary>The sweep in progress.</summary>
    public SweepProgress? Sweep { get; init; }

    /// <summary>The day-by-day backfill in progress, on servers without ids.</summary>
    public DayBackfill? Backfill { get; init; }

    /// <summary>Events no newer than this may have been stored under a content hash.</summary>
    public long? HashedThroughMs { get; init; }

    /// <summary>Where the server cannot read its own rows; retried every hour.</summary>
    public IReadOnlyList<PollGap> Gaps { get; init; } = [];

    /// <summary>Events no newer than this may have been stored under an id, before the server stopped sending them.</summary>
    public long? IdentifiedThroughMs { get; init; }

    /// <summary>History only: everything up to the then-present was read, and nothing is left to retry.</summary>
    public bool IsComplete { get; init; }

    /// <summary>A copy that counts nothing after a time as read.</summary>
    public PollCheckpoint Before(long timeMs, long startMs)
    {
        var toMs = Math.Max(timeMs, startMs);
        return this with
        {
            StartMs = startMs,
            WatermarkMs = Math.Min(WatermarkMs, toMs),
            SweepAnchorMs = Math.Min(SweepAnchorMs, toMs),
            Sweep = Sweep is null ? null : new SweepProgress(Math.Min(Sweep.CursorMs, toMs), Math.Min(Sweep.AnchorMs, toMs)),
            Backfill = Backfill is null
                ? null
                : new DayBackfill(Earlier(Backfill.NextDay, DayBackfill.Day(toMs).AddDays(-1)), Math.Min(Backfill.AnchorMs, toMs)),
        };

        static DateOnly Earlier(DateOnly one, DateOnly other) => one < other ? one : other;
    }

    public string ToJson() => JsonSerializer.Serialize(this, PollCheckpointJson.Default.PollCheckpoint);

    /// <exception cref="JsonException">The text is not a checkpoint.</exception>
    public static PollCheckpoint Parse(string json) =>
        JsonSerializer.Deserialize(json, PollCheckpointJson.Default.PollCheckpoint) ?? throw new JsonException("The checkpoint is null.");
}

/// <summary>A sweep in progress: read up to the cursor, with the anchor to set at its end.</summary>
internal sealed record SweepProgress(long CursorMs, long AnchorMs);

/// <summary>A day-by-day backfill in progress: the next day to read, and the watermark and anchor to set at its end.</summary>
internal sealed record DayBackfill(DateOnly NextDay, long AnchorMs)
{
    /// <summary>The day of a time, in UTC.</summary>
    public static DateOnly Day(long timeMs) => DateOnly.FromDateTime(DateTimeOffset.FromUnixTimeMilliseconds(timeMs).UtcDateTime);
}

/// <summary>A time range in which the server cannot read some of its rows.</summary>
/// <param name="FromMs">Start, inclusive.</param>
/// <param name="ToMs">End, inclusive.</param>
/// <param name="Rows">How many rows failed when it was found.</param>
/// <param name="FoundAtMs">When it was found.</param>
public sealed record PollGap(long FromMs, long ToMs, int Rows, long FoundAtMs);

/// <summary>Writes and reads checkpoints without reflection.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(PollCheckpoint))]
internal sealed partial class PollCheckpointJson : JsonSerializerContext;
