using SiemForwarder.Destinations;
using SiemForwarder.Events;
using SiemForwarder.Events.Bytes;
using SiemForwarder.Events.Formats;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Integrations;
using SiemForwarder.Service.Memory;

namespace SiemForwarder.Service.Dispatch.Delivery;

/// <summary>The pooled buffer of the batch being built: formatters write into it, and it records where each event ends.</summary>
/// <param name="formatter">Formats an event.</param>
/// <param name="limits">Limits of the destination.</param>
/// <param name="memory">The share of all batches; where it has no more, the batch is full. Null for a batch beside it.</param>
internal sealed class BatchBuffer(IEventFormatter formatter, BatchLimits limits, MemoryShare? memory = null) : IDisposable
{
    private const int FirstBytes = 64 * 1024;

    // What a batch may always take, with its normalized events; smaller ones cost more than they save.
    private const int MinMemory = 256 * 1024;

    // What an event takes in its normalized form, which lives as long as its batch.
    private const int BytesOfEvent = 768;

    private readonly PooledBuffer bytes = new(FirstBytes);
    private readonly List<SecurityEvent> events = [];
    private readonly List<int> ends = [];
    private readonly List<SegmentBody> held = [];
    private long taken;
    private bool isShort;

    /// <summary>A buffer for the format of an integration.</summary>
    public static BatchBuffer For(RunnableIntegration integration, BatchLimits limits) => new(EventFormatCatalog.Create(integration.Output), limits);

    public int Count => events.Count;

    /// <summary>Whether the batch has reached a limit.</summary>
    public bool IsFull => events.Count >= limits.MaxEvents || bytes.Length >= limits.MaxBytes || isShort;

    public void Clear()
    {
        if (isShort)
        {
            // The next one begins small again: what others hold may have changed.
            Dispose();
            return;
        }

        bytes.Clear();
        events.Clear();
        ends.Clear();
        ReleaseAll();
    }

    /// <summary>Takes over the hold on a segment: its events are read as long as the batch.</summary>
    public void TakeOver(LogSegment segment)
    {
        if (held.Count > 0 && held[^1] == segment.Body)
        {
            segment.Body.Release();
        }
        else
        {
            held.Add(segment.Body);
        }
    }

    /// <summary>Appends an event; false, with nothing written, if it would make the batch too large for the destination.</summary>
    public bool TryFormat(ShownEvent shown)
    {
        var before = bytes.Length;
        formatter.Write(shown.Event, bytes);
        if (events.Count > 0 && bytes.Length > limits.MaxBytes)
        {
            bytes.Truncate(before);
            return false;
        }

        events.Add(shown.Event);
        ends.Add(bytes.Length);
        if (memory is not null && bytes.Length + ((long)events.Count * BytesOfEvent) > taken)
        {
            Charge(memory);
        }

        return true;
    }

    // In steps that double, like the array; a first small batch is never refused, or an integration would stand still.
    private void Charge(MemoryShare share)
    {
        var wanted = Math.Max(MinMemory, taken);
        if (taken == 0)
        {
            share.Take(wanted);
        }
        else if (!share.TryTake(wanted))
        {
            isShort = true;
            return;
        }

        taken += wanted;
    }

    /// <summary>The current batch; valid until the buffer changes.</summary>
    public DeliveryBatch ToBatch() => new(bytes.Memory, ends.ToArray(), events.ToArray());

    /// <summary>Gives the memory back; the buffer is empty and can be used again.</summary>
    public void Dispose()
    {
        bytes.Dispose();
        events.Clear();
        events.TrimExcess();
        ends.Clear();
        ends.TrimExcess();
        memory?.Give(taken);
        (taken, isShort) = (0, false);
        ReleaseAll();
    }

    private void ReleaseAll()
    {
        held.ForEach(static body => body.Release());
        held.Clear();
    }
}
