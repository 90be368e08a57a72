using SiemForwarder.Events;

namespace SiemForwarder.Service.EventLog;

/// <summary>One event on its way into the log.</summary>
/// <param name="OccurredAtMs">Time of the event in epoch milliseconds; with the key it identifies the event.</param>
/// <param name="Key">Key of the event.</param>
/// <param name="FormerKey">Another key under which the same event may have been stored before (its content hash, after the server learned to send ids).</param>
/// <param name="Body">The exact bytes of one JSON object as the source sent them.</param>
/// <param name="IsTimeOfReceipt">True where the event has no time of its own, or one far from its receipt: then the same key within the hour before
/// is the same event.</param>
public readonly record struct IncomingEvent(
    long OccurredAtMs, EventKey Key, EventKey? FormerKey, ReadOnlyMemory<byte> Body, bool IsTimeOfReceipt = false);

/// <summary>A page of events and the poll checkpoint that goes with it: stored together or not at all.</summary>
/// <param name="SourceId">Source whose log it is.</param>
/// <param name="Stream">Stream of all the events of the page.</param>
/// <param name="Events">Events in the order of the page; those already in the log are dropped. May be empty.</param>
/// <param name="Checkpoint">New checkpoint of this stream as JSON, or null to leave it as it is.</param>
/// <param name="Fence">Number of the lease on the source under which the page was read; null for appends that need none.</param>
/// <param name="Lane">Lane of the checkpoint: live reading and history have one each.</param>
/// <param name="Edition">Edition of the history that the checkpoint was read in; null where the append rests on nothing that was read.</param>
/// <param name="Names">Names of users whom the events give by id alone; null for none.</param>
public sealed record LogAppend(
    int SourceId, EventStream Stream, IReadOnlyList<IncomingEvent> Events, string? Checkpoint, long? Fence = null, PollLane Lane = PollLane.Live,
    int? Edition = null, UserNames? Names = null);

/// <summary>Which reading of a stream a checkpoint belongs to; added to the number of the stream where it is stored.</summary>
public enum PollLane : short
{
    /// <summary>What happens now.</summary>
    Live = 0,

    /// <summary>What happened before the source was created.</summary>
    History = 16,
}

/// <summary>What came of an append.</summary>
public abstract record AppendOutcome
{
    private AppendOutcome()
    {
    }

    /// <summary>Committed.</summary>
    /// <param name="FirstPosition">Position of the first new event; meaningless where <paramref name="Appended"/> is 0.</param>
    /// <param name="Appended">How many events were new.</param>
    /// <param name="Duplicates">How many were in the log already.</param>
    public sealed record Committed(long FirstPosition, int Appended, int Duplicates) : AppendOutcome
    {
        /// <summary>The events that were new, in the order of the page.</summary>
        public IReadOnlyList<IncomingEvent> Stored { get; init; } = [];

        // What was stored follows from the rest; comparing outcomes must not compare pages.
        public bool Equals(Committed? other) =>
            other is not null && (FirstPosition, Appended, Duplicates) == (other.FirstPosition, other.Appended, other.Duplicates);

        public override int GetHashCode() => HashCode.Combine(FirstPosition, Appended, Duplicates);
    }

    /// <summary>Nothing was stored: another engine took over the source, the source is gone, or the database has another history.</summary>
    public sealed record Superseded : AppendOutcome;

    /// <summary>Nothing was stored; the database cannot be reached or refused. Try the same append again later.</summary>
    public sealed record Unavailable(string Reason) : AppendOutcome;
}
