using SiemForwarder.Connections;

namespace SiemForwarder.Destinations;

/// <summary>The live endpoint of an integration: carries bytes there and says what came of it.</summary>
/// <remarks>Used by one dispatcher at a time. Keeps its connection between calls; opens it again when it broke.</remarks>
public interface IDestination : IAsyncDisposable
{
    /// <summary>How much one batch may hold.</summary>
    BatchLimits Limits { get; }

    /// <summary>Sends the batch once. Only cancellation of <paramref name="cancellationToken"/> throws.</summary>
    Task<DeliveryOutcome> SendAsync(DeliveryBatch batch, CancellationToken cancellationToken);

    /// <summary>
    /// Called now and then while nothing is to be sent: makes good what the destination saw going wrong since the last batch.
    /// Null where nothing was to be done. Only cancellation throws.
    /// </summary>
    Task<DeliveryOutcome?> RecoverAsync(CancellationToken cancellationToken) => Task.FromResult<DeliveryOutcome?>(null);

    /// <summary>What the batch looks like on its way, without sending it or connecting to anything; null where the kind cannot say.</summary>
    Task<WireImage?> RenderAsync(DeliveryBatch batch, CancellationToken cancellationToken) => Task.FromResult<WireImage?>(null);

    /// <summary>Sends a batch of one test event stage by stage on a connection of its own. Only cancellation throws.</summary>
    Task<TestReport> TestAsync(DeliveryBatch batch, CancellationToken cancellationToken);
}

/// <summary>How much one batch may hold.</summary>
/// <param name="MaxEvents">Most events in a batch.</param>
/// <param name="MaxBytes">Most bytes of formatted events in a batch, before framing and compression; a single larger event goes alone.</param>
public sealed record BatchLimits(int MaxEvents, int MaxBytes);
