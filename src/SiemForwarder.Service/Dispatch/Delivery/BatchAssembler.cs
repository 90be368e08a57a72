using SiemForwarder.Destinations;
using SiemForwarder.Events;
using SiemForwarder.Service.EventLog;

namespace SiemForwarder.Service.Dispatch.Delivery;

/// <summary>A run of positions of one log, made ready to send.</summary>
/// <param name="SourceId">Log it came from.</param>
/// <param name="AfterPosition">Checkpoint it continues from.</param>
/// <param name="LastPosition">Checkpoint once all of it is done.</param>
/// <param name="Batch">The events that passed the filter; may be empty.</param>
/// <param name="Incarnation">History of the log that it was read in.</param>
/// <param name="Gaps">Runs of positions between that retention dropped before they could be sent; none as a rule.</param>
internal sealed record AssembledBatch(
    int SourceId, long AfterPosition, long LastPosition, DeliveryBatch Batch, long Incarnation, IReadOnlyList<PositionRange> Gaps);

/// <summary>A run of positions, both ends included.</summary>
internal readonly record struct PositionRange(long First, long Last);

/// <summary>Reads on from a position, filters and formats, until the batch is full or the log ends.</summary>
/// <param name="log">Where to read.</param>
/// <param name="sources">Names the sources.</param>
/// <param name="select">The event as it is to be sent; null where it is not wanted.</param>
/// <param name="buffer">Takes the formatted events.</param>
internal sealed class BatchAssembler(EventLogReader log, SourceDirectory sources, Func<SecurityEvent, SecurityEvent?> select, BatchBuffer buffer)
{
    // Bounds the work between two checkpoints of an integration whose filter lets next to nothing through.
    private const int MaxScannedEvents = 20_000;

    /// <summary>The next run after a position and not beyond another; null where the log ends there. The batch is valid until the next call.</summary>
    public async Task<AssembledBatch?> NextAsync(int sourceId, long afterPosition, long upToPosition, CancellationToken cancellationToken)
    {
        buffer.Clear();
        // Before anything is read: what is read may be of a younger history, never of an older one than it is recorded under.
        var incarnation = log.Incarnation(sourceId);
        if (incarnation == 0)
        {
            return null;
        }

        var source = await sources.GetAsync(sourceId, cancellationToken);
        var (last, scanned) = (afterPosition, 0);
        List<PositionRange> gaps = [];
        while (!buffer.IsFull && scanned < MaxScannedEvents && last < upToPosition)
        {
            // Asked before the log is read: what it reached then and does not hold now, retention dropped.
            var end = Math.Min(log.LastPosition(sourceId), upToPosition);
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
                var gap = new PositionRange(last + 1, Math.Min(segment.FirstPosition - 1, upToPosition));
                gaps.Add(gap);
                last = gap.Last;
                if (last == upToPosition)
                {
                    break;
                }
            }

            var (taken, position) = Take(segment, source, last, upToPosition);
            scanned += (int)(position - last);
            last = position;
            if (!taken)
            {
                break;
            }
        }

        return last == afterPosition ? null : new AssembledBatch(sourceId, afterPosition, last, buffer.ToBatch(), incarnation, gaps);
    }

    /// <summary>Takes what fits of a segment; says whether all of it was taken and up to which position.</summary>
    private (bool Whole, long LastPosition) Take(LogSegment segment, EventSource source, long afterPosition, long upToPosition)
    {
        var events = sources.Normalize(segment, source);
        var end = (int)Math.Min(events.Length, upToPosition - segment.FirstPosition + 1);
        for (var i = (int)(afterPosition + 1 - segment.FirstPosition); i < end; i++)
        {
            if (select(events[i]) is { } wanted && (buffer.IsFull || !buffer.TryAdd(wanted)))
            {
                return (false, segment.FirstPosition + i - 1);
            }
        }

        return (true, Math.Min(segment.LastPosition, upToPosition));
    }
}
