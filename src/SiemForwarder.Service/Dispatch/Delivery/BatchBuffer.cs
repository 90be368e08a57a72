using SiemForwarder.Destinations;
using SiemForwarder.Events;
using SiemForwarder.Events.Bytes;
using SiemForwarder.Events.Formats;
using SiemForwarder.Service.Integrations;

namespace SiemForwarder.Service.Dispatch.Delivery;

/// <summary>The pooled bytes of the batch that a dispatcher is making: formatters write into it, it remembers where each event ends.</summary>
/// <param name="formatter">Writes an event.</param>
/// <param name="limits">Of the destination.</param>
internal sealed class BatchBuffer(IEventFormatter formatter, BatchLimits limits) : IDisposable
{
    private const int FirstBytes = 64 * 1024;

    private readonly PooledBuffer bytes = new(FirstBytes);
    private readonly List<SecurityEvent> events = [];
    private readonly List<int> ends = [];

    /// <summary>The buffer of an integration's format.</summary>
    public static BatchBuffer For(RunnableIntegration integration, BatchLimits limits) => new(EventFormatCatalog.Create(integration.Output), limits);

    public int Count => events.Count;

    /// <summary>Whether another event of usual size may still go in.</summary>
    public bool IsFull => events.Count >= limits.MaxEvents || bytes.Length >= limits.MaxBytes;

    public void Clear()
    {
        bytes.Clear();
        events.Clear();
        ends.Clear();
    }

    /// <summary>Writes an event at the end; false, and nothing written, where it would make the batch too large for the destination.</summary>
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
        return true;
    }

    /// <summary>The batch as it stands; valid until the buffer is changed.</summary>
    public DeliveryBatch ToBatch() => new(bytes.Memory, ends.ToArray(), events.ToArray());

    public void Dispose() => bytes.Dispose();
}
