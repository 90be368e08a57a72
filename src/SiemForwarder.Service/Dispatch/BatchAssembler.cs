using SiemForwarder.Destinations;
using SiemForwarder.Events;
using SiemForwarder.Service.EventLog;

namespace SiemForwarder.Service.Dispatch;

/// <summary>A run of positions of one log, made ready to send.</summary>
/// <param name="SourceId">Log it came from.</param>
/// <param name="AfterPosition">Checkpoint it continues from.</param>
/// <param name="LastPosition">Checkpoint once all of it is done.</param>
/// <param name="Batch">The events that passed the filter; may be empty.</param>
/// <param name="Gaps">Runs of positions between that retention dropped before they could be sent; none as a rule.</param>
internal sealed record AssembledBatch(int SourceId, long AfterPosition, long LastPosition, DeliveryBatch Batch, IReadOnlyList<PositionRange> Gaps);

/// <summary>A run of positions, both ends included.</summary>
internal readonly record struct PositionRange(long First, long Last);

/// <summary>Reads on from a position, filters and formats, until the batch is full or the log ends.</summary>
internal sealed class BatchAssembler(EventLogReader log, SourceDirectory sources, EventFilter filter, BatchBuffer buffer)
{
    // Bounds the work between two checkpoints of an integration whose filter lets next to nothing through.
    private const int MaxScannedEvents = 20_000;

    /// <summary>The next run after a position; null where the log ends there. The batch is valid until the next call.</summary>
    public async Task<AssembledBatch?> NextAsync(int sourceId, long afterPosition, CancellationToken cancellationToken)
    {
        buffer.Clear();
        var source = await sources.GetAsync(sourceId, cancellationToken);
        var (last, scanned) = (afterPosition, 0);
        List<PositionRange> gaps = [];
        while (!buffer.IsFull && scanned < MaxScannedEvents)
        {
            // Asked before the log is read: what it reached then and does not hold now, retention dropped.
            var end = log.LastPosition(sourceId);
            if (await log.ReadAsync(sourceId, last, cancellationToken) is not { } segment)
            {
                if (end > last)
                {
                    gaps.Add(new PositionRange(last + 1, end));
                    last = end;
                }

                break;
            }

            if (segment.FirstPosition > last + 1)
            {
                gaps.Add(new PositionRange(last + 1, segment.FirstPosition - 1));
                last = segment.FirstPosition - 1;
            }

            var (taken, position) = Take(segment, source, last);
            scanned += (int)(position - last);
            last = position;
            if (!taken)
            {
                break;
            }
        }

        return last == afterPosition ? null : new AssembledBatch(sourceId, afterPosition, last, buffer.ToBatch(), gaps);
    }

    /// <summary>Takes what fits of a segment; says whether all of it was taken and up to which position.</summary>
    private (bool Whole, long LastPosition) Take(LogSegment segment, EventSource source, long afterPosition)
    {
        var events = segment.Normalize(source);
        for (var i = (int)(afterPosition + 1 - segment.FirstPosition); i < events.Length; i++)
        {
            if (filter.Evaluate(events[i]).IsWanted && (buffer.IsFull || !buffer.TryAdd(events[i])))
            {
                return (false, segment.FirstPosition + i - 1);
            }
        }

        return (true, segment.LastPosition);
    }
}
