using SiemForwarder.Destinations;
using SiemForwarder.Service.EventLog;

namespace SiemForwarder.Service.Dispatch.Delivery;

/// <summary>A run of positions, both ends included.</summary>
internal readonly record struct PositionRange(long First, long Last);

/// <summary>The part of a segment that a run has not taken yet, as indexes of its events.</summary>
internal readonly record struct SegmentPart(LogSegment Segment, int First, int End);

/// <summary>A run of positions of one log, made ready to send.</summary>
/// <param name="SourceId">Log it came from.</param>
/// <param name="AfterPosition">Checkpoint it continues from.</param>
/// <param name="LastPosition">Checkpoint once all of it is done.</param>
/// <param name="Batch">The events that passed the filter; may be empty.</param>
/// <param name="Incarnation">History of the log that it was read in.</param>
/// <param name="Gaps">Runs of positions between that retention dropped before they could be sent; none as a rule.</param>
internal sealed record AssembledBatch(
    int SourceId, long AfterPosition, long LastPosition, DeliveryBatch Batch, long Incarnation, IReadOnlyList<PositionRange> Gaps);

/// <summary>Reads on from a position, segment by segment, and knows how far it came and what was gone before it got there.</summary>
internal sealed class LogRun
{
    // Bounds the work between two checkpoints of an integration whose filter lets next to nothing through.
    private const int MaxScannedEvents = 20_000;

    private readonly IEventLog log;
    private readonly int sourceId;
    private readonly long afterPosition;
    private readonly long upToPosition;
    private readonly List<PositionRange> gaps = [];
    private int scanned;

    /// <param name="log">Where to read.</param>
    /// <param name="sourceId">Which log.</param>
    /// <param name="afterPosition">Where it continues.</param>
    /// <param name="upToPosition">Where it ends at the latest.</param>
    public LogRun(IEventLog log, int sourceId, long afterPosition, long upToPosition)
    {
        (this.log, this.sourceId, this.afterPosition, this.upToPosition) = (log, sourceId, afterPosition, upToPosition);
        Incarnation = log.Incarnation(sourceId);
        LastPosition = afterPosition;
    }

    /// <summary>History of the log; 0 where this process has not read it yet, so that nothing is known of it.</summary>
    /// <remarks>Asked before anything is read: what is read may be of a younger history, never of an older one than it is recorded under.</remarks>
    public long Incarnation { get; }

    /// <summary>Everything up to here is taken, passed over, or gone.</summary>
    public long LastPosition { get; private set; }

    /// <summary>The next events; null where the log or the run ends, or where it has scanned enough.</summary>
    public async ValueTask<SegmentPart?> ReadAsync(CancellationToken cancellationToken)
    {
        if (LastPosition >= upToPosition || scanned >= MaxScannedEvents)
        {
            return null;
        }

        // Asked before the log is read: what it reached then and does not hold now, retention dropped.
        var end = Math.Min(log.LastPosition(sourceId), upToPosition);
        var segment = await log.ReadAsync(sourceId, LastPosition, cancellationToken);
        SkipGap(segment is null ? end : Math.Min(segment.FirstPosition - 1, upToPosition));
        return segment is null || LastPosition == upToPosition ? null : new SegmentPart(
            segment, (int)(LastPosition + 1 - segment.FirstPosition), (int)Math.Min(segment.Count, upToPosition - segment.FirstPosition + 1));
    }

    /// <summary>The next position is taken, or passed over.</summary>
    public void Advance()
    {
        LastPosition++;
        scanned++;
    }

    /// <summary>What was read, with the batch that became of it; null where nothing was.</summary>
    public AssembledBatch? With(BatchBuffer buffer) => LastPosition == afterPosition
        ? null
        : new AssembledBatch(sourceId, afterPosition, LastPosition, buffer.ToBatch(), Incarnation, gaps);

    private void SkipGap(long last)
    {
        if (last > LastPosition)
        {
            gaps.Add(new PositionRange(LastPosition + 1, last));
            LastPosition = last;
        }
    }
}
