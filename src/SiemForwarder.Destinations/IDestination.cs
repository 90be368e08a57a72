using SiemForwarder.Connections;

namespace SiemForwarder.Destinations;

/// <summary>The live connection of an integration: delivers bytes and reports the outcome.</summary>
/// <remarks>Used by one dispatcher at a time. Keeps its connection between calls and reopens it after a failure.</remarks>
public interface IDestination : IAsyncDisposable
{
    /// <summary>Size limits for a batch.</summary>
    BatchLimits Limits { get; }

    /// <summary>Sends the batch once. Only cancellation of <paramref name="cancellationToken"/> throws.</summary>
    Task<DeliveryOutcome> SendAsync(DeliveryBatch batch, CancellationToken cancellationToken);

    /// <summary>
    /// Called now and then while there is nothing to send: repairs damage that the destination noticed since the last batch.
    /// Null if there was nothing to do. Only cancellation throws.
    /// </summary>
    Task<DeliveryOutcome?> RecoverAsync(CancellationToken cancellationToken) => Task.FromResult<DeliveryOutcome?>(null);

    /// <summary>What the batch looks like on the wire, without sending it or connecting; null if the kind cannot tell.</summary>
    Task<WireImage?> RenderAsync(DeliveryBatch batch, CancellationToken cancellationToken) => Task.FromResult<WireImage?>(null);

    /// <summary>Sends a batch with one test event, stage by stage, on its own connection. Only cancellation throws.</summary>
    Task<TestReport> TestAsync(DeliveryBatch batch, CancellationToken cancellationToken);
}

/// <summary>Size limits for a batch.</summary>
/// <param name="MaxEvents">Maximum number of events in a batch.</param>
/// <param name="MaxBytes">Maximum bytes of formatted events in a batch, before framing and compression; a single larger event is sent by itself.</param>
public sealed record BatchLimits(int MaxEvents, int MaxBytes);
