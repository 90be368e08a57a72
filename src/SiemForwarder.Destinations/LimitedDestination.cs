using SiemForwarder.Connections;

namespace SiemForwarder.Destinations;

/// <summary>A destination that receives smaller batches than it would accept.</summary>
/// <param name="inner">The destination that sends; disposed with this one.</param>
/// <param name="most">The lower of this and the destination's own limit applies.</param>
public sealed class LimitedDestination(IDestination inner, BatchLimits most) : IDestination
{
    public BatchLimits Limits { get; } = new(Math.Min(inner.Limits.MaxEvents, most.MaxEvents), Math.Min(inner.Limits.MaxBytes, most.MaxBytes));

    public Task<DeliveryOutcome> SendAsync(DeliveryBatch batch, CancellationToken cancellationToken) => inner.SendAsync(batch, cancellationToken);

    public Task<DeliveryOutcome?> RecoverAsync(CancellationToken cancellationToken) => inner.RecoverAsync(cancellationToken);

    public Task<WireImage?> RenderAsync(DeliveryBatch batch, CancellationToken cancellationToken) => inner.RenderAsync(batch, cancellationToken);

    public Task<TestReport> TestAsync(DeliveryBatch batch, CancellationToken cancellationToken) => inner.TestAsync(batch, cancellationToken);

    public ValueTask DisposeAsync() => inner.DisposeAsync();
}
