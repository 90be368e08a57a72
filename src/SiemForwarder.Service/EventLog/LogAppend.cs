using Npgsql;
using SiemForwarder.Events;

namespace SiemForwarder.Service.EventLog;

/// <summary>An event to append to the log.</summary>
/// <param name="OccurredAtMs">Time of the event in epoch milliseconds; identifies the event together with the key.</param>
/// <param name="Key">Key of the event.</param>
/// <param name="FormerKey">Another key under which the same event may already be stored (its content hash, from before the server sent ids).</param>
/// <param name="Body">The exact bytes of one JSON object as the source sent them.</param>
/// <param name="IsTimeOfReceipt">True if the event has no time of its own, or one far from its receipt: then the same key within the preceding hour
/// means the same event.</param>
public readonly record struct IncomingEvent(
    long OccurredAtMs, EventKey Key, EventKey? FormerKey, ReadOnlyMemory<byte> Body, bool IsTimeOfReceipt = false)
{
    // A nullable key takes twice the space, and each event has one: the default key, which no id has, stands for none.
    private readonly EventKey former = FormerKey ?? default;

    public EventKey? FormerKey
    {
        get => former == default ? null : former;
        init => former = value ?? default;
    }
}

/// <summary>A page of events and its poll checkpoint, stored together or not at all.</summary>
/// <param name="SourceId">Source whose log is appended to.</param>
/// <param name="Stream">Stream of all the events of the page.</param>
/// <param name="Events">Events in page order; those already in the log are dropped. May be empty.</param>
/// <param name="Checkpoint">New checkpoint of this stream as JSON, or null to keep the current one.</param>
/// <param name="Fence">Number of the source's lease under which the page was read; null for appends that need no lease.</param>
/// <param name="Lane">Lane of the checkpoint: live polling and history have one each.</param>
/// <param name="Edition">Edition of the history in which the checkpoint was read; null if the append depends on nothing that was read.</param>
/// <param name="Names">Names of users that the events identify only by id; null for none.</param>
public sealed record LogAppend(
    int SourceId, EventStream Stream, IReadOnlyList<IncomingEvent> Events, string? Checkpoint, long? Fence = null, PollLane Lane = PollLane.Live,
    int? Edition = null, UserNames? Names = null)
{
    /// <summary>Stores in the same transaction what belongs to the page; false if the caller may no longer do so, and then nothing is stored. Called also
    /// if all events are already in the log. Null for nothing.</summary>
    public Func<NpgsqlConnection, CancellationToken, Task<bool>>? Beside { get; init; }
}

/// <summary>The lane of a stream that a checkpoint belongs to; stored as an offset to the number of the stream.</summary>
public enum PollLane : short
{
    /// <summary>Current events.</summary>
    Live = 0,

    /// <summary>Events from before the source was created.</summary>
    History = 16,
}

/// <summary>The outcome of an append.</summary>
public abstract record AppendOutcome
{
    private AppendOutcome()
    {
    }

    /// <summary>Committed.</summary>
    /// <param name="FirstPosition">Position of the first new event; meaningless if <paramref name="Appended"/> is 0.</param>
    /// <param name="Appended">How many events were new.</param>
    /// <param name="Duplicates">How many were already in the log.</param>
    public sealed record Committed(long FirstPosition, int Appended, int Duplicates) : AppendOutcome
    {
        /// <summary>The new events, in page order.</summary>
        public IReadOnlyList<IncomingEvent> Stored { get; init; } = [];

        // The stored events follow from the rest; comparing outcomes must not compare pages.
        public bool Equals(Committed? other) =>
            other is not null && (FirstPosition, Appended, Duplicates) == (other.FirstPosition, other.Appended, other.Duplicates);

        public override int GetHashCode() => HashCode.Combine(FirstPosition, Appended, Duplicates);
    }

    /// <summary>Nothing was stored: another engine took over the source, the source was deleted, or the database has another history.</summary>
    public sealed record Superseded : AppendOutcome;

    /// <summary>Nothing was stored because the database is unreachable or refused it. Retry the same append later.</summary>
    public sealed record Unavailable(string Reason) : AppendOutcome;
}
