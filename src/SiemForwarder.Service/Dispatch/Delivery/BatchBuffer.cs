using System.Buffers;
using SiemForwarder.Destinations;
using SiemForwarder.Events;
using SiemForwarder.Events.Formats;
using SiemForwarder.Service.Integrations;

namespace SiemForwarder.Service.Dispatch.Delivery;

/// <summary>The pooled bytes of the batch that a dispatcher is making: formatters write into it, it remembers where each event ends.</summary>
/// <param name="formatter">Writes an event.</param>
/// <param name="limits">Of the destination.</param>
internal sealed class BatchBuffer(IEventFormatter formatter, BatchLimits limits) : IDisposable
{
    private readonly PooledBytes bytes = new();
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

    /// <summary>A growing array from the pool.</summary>
    private sealed class PooledBytes : IBufferWriter<byte>, IDisposable
    {
        private byte[] array = ArrayPool<byte>.Shared.Rent(64 * 1024);

        public int Length { get; private set; }

        public ReadOnlyMemory<byte> Memory => array.AsMemory(0, Length);

        public void Clear() => Length = 0;

        public void Truncate(int length) => Length = length;

        public void Advance(int count) => Length += count;

        public Memory<byte> GetMemory(int sizeHint = 0)
        {
            Grow(sizeHint);
            return array.AsMemory(Length);
        }

        public Span<byte> GetSpan(int sizeHint = 0)
        {
            Grow(sizeHint);
            return array.AsSpan(Length);
        }

        public void Dispose() => ArrayPool<byte>.Shared.Return(array);

        private void Grow(int sizeHint)
        {
            if (array.Length - Length >= Math.Max(sizeHint, 1))
            {
                return;
            }

            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(array.Length * 2, Length + sizeHint));
            array.AsSpan(0, Length).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(array);
            array = larger;
        }
    }
}
