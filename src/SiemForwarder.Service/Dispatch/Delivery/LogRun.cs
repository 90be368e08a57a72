using System.Diagnostics;
using SiemForwarder.Destinations;
using SiemForwarder.Service.EventLog;

namespace SiemForwarder.Service.Dispatch.Delivery;

/// <summary>A range of positions, both ends inclusive.</summary>
internal readonly record struct PositionRange(long First, long Last);

/// <summary>The part of a segment that a run has not read yet, as indexes of its events; who gets it holds the segment.</summary>
internal readonly record struct SegmentPart(LogSegment Segment, int First, int End);

/// <summary>A run of positions of one log, ready to send.</summary>
/// <param name="SourceId">Log it came from.</param>
/// <param name="AfterPosition">The checkpoint it continues from.</param>
/// <param name="LastPosition">The checkpoint once all of it is done.</param>
/// <param name="Batch">The events that passed the filter; may be empty.</param>
/// <param name="Incarnation">History of the log that it was read in.</param>
/// <param name="Gaps">Ranges of positions in between that retention dropped before they could be sent; usually none.</param>
internal sealed record AssembledBatch(
    int SourceId, long AfterPosition, long LastPosition, DeliveryBatch Batch, long Incarnation, IReadOnlyList<PositionRange> Gaps)
{
    /// <summary>Name of the source.</summary>
    public string SourceName { get; init; } = "";

    /// <summary>Its trace, begun before it was read; null if nobody listens.</summary>
    public Activity? Trace { get; init; }

    /// <summary>The events that took too long to prepare; usually none.</summary>
    public IReadOnlyList<(string EventId, TimeSpan Took)> Slow { get; init; } = [];
}

/// <summary>Reads from a position, segment by segment, and tracks how far it got and which positions were gone.</summary>
internal sealed class LogRun
{
    // Bounds the work between two checkpoints of an integration whose filter excludes nearly everything.
    private const int MaxScannedEvents = 20_000;

    private readonly IEventLog log;
    private readonly int sourceId;
    private readonly long afterPosition;
    private readonly long upToPosition;
    private readonly List<PositionRange> gaps = [];
    private int scanned;

    /// <param name="log">The log reader.</param>
    /// <param name="sourceId">The log to read.</param>
    /// <param name="afterPosition">Where it continues.</param>
    /// <param name="upToPosition">Where it ends at the latest.</param>
    public LogRun(IEventLog log, int sourceId, long afterPosition, long upToPosition)
    {
        (this.log, this.sourceId, this.afterPosition, this.upToPosition) = (log, sourceId, afterPosition, upToPosition);
        Incarnation = log.Incarnation(sourceId);
        LastPosition = afterPosition;
    }

    /// <summary>History of the log; 0 if this process has not read it yet.</summary>
    /// <remarks>Taken before anything is read: events may be of a newer history than the one they are recorded under, but never of an older one.</remarks>
    public long Incarnation { get; }

    /// <summary>Name of the source, for those who are told of the run.</summary>
    public string SourceName { get; set; } = "";

    /// <summary>Everything up to here has been taken, skipped, or is gone.</summary>
    public long LastPosition { get; private set; }

    /// <summary>The next events; null if the log or the run ends, or enough has been scanned.</summary>
    public async ValueTask<SegmentPart?> ReadAsync(CancellationToken cancellationToken)
    {
        if (LastPosition >= upToPosition || scanned >= MaxScannedEvents)
        {
            return null;
        }

        // Taken before the log is read: positions up to here that the log no longer holds were dropped by retention.
        var end = Math.Min(log.LastPosition(sourceId), upToPosition);
        var segment = await log.HoldAsync(sourceId, LastPosition, cancellationToken);
        SkipGap(segment is null ? end : Math.Min(segment.FirstPosition - 1, upToPosition));
        if (segment is null || LastPosition == upToPosition)
        {
            segment?.Body.Release();
            return null;
        }

        return new SegmentPart(
            segment, (int)(LastPosition + 1 - segment.FirstPosition), (int)Math.Min(segment.Count, upToPosition - segment.FirstPosition + 1));
    }

    /// <summary>Marks the next position as taken or skipped.</summary>
    public void Advance()
    {
        LastPosition++;
        scanned++;
    }

    /// <summary>The run that was read, with its batch; null if nothing was read.</summary>
    public AssembledBatch? With(BatchBuffer buffer) => LastPosition == afterPosition
        ? null
        : new AssembledBatch(sourceId, afterPosition, LastPosition, buffer.ToBatch(), Incarnation, gaps) { SourceName = SourceName };

    private void SkipGap(long last)
    {
        if (last > LastPosition)
        {
            gaps.Add(new PositionRange(LastPosition + 1, last));
            LastPosition = last;
        }
    }
}
