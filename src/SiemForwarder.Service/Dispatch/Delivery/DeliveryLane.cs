using SiemForwarder.Events.Formats;
using SiemForwarder.Service.Dispatch.Retries;
using SiemForwarder.Service.Engines;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Integrations;
using SiemForwarder.Service.Telemetry;

namespace SiemForwarder.Service.Dispatch.Delivery;

/// <summary>The properties of one lane of an integration: live traffic, a replay or a redrive.</summary>
/// <param name="Integration">The integration.</param>
/// <param name="Fence">Number of the lease; nothing is sent unless the lease is known to be held.</param>
/// <param name="Log">The log to read events from.</param>
/// <param name="Selection">Which events are sent.</param>
/// <param name="Journal">Where outcomes are recorded.</param>
internal sealed record DeliveryLane(RunnableIntegration Integration, long Fence, IEventLog Log, EventSelection Selection, IDeliveryJournal Journal)
{
    /// <summary>Name of the lane of live traffic.</summary>
    public const string Live = "live";

    /// <summary>Name of the lane in metrics and traces.</summary>
    public string Name { get; init; } = Live;

    /// <summary>The lane in words that follow "The loop that".</summary>
    public string Loop => LoopOf(Integration.Name, Name);

    /// <summary>Formats the events; null for the format of the integration.</summary>
    public IEventFormatter? Formatter { get; init; }

    /// <summary>Ends pauses between rounds on request; null if that is not possible.</summary>
    public RetryRequests? Retries { get; init; }

    /// <summary>Maximum number of events in a batch, if lower than the limit of the destination.</summary>
    public int MaxEvents { get; init; } = int.MaxValue;

    /// <summary>A lane of an integration in words that follow "The loop that".</summary>
    public static string LoopOf(string integration, string lane = Live) =>
        lane == Live ? $"delivers to the integration '{integration}'" : $"sends the {lane} of the integration '{integration}'";
}

/// <summary>Services shared by all deliveries of a process.</summary>
internal sealed record DeliveryParts(
    ISourceDirectory Sources, SegmentNormalizer Normalizer, EngineLeases Leases, DispatchOptions Options, TimeProvider Time, ForwarderTelemetry Telemetry,
    SlowEvents? Slow = null, LoopGuard? Guard = null, DeliveryMemory? Memory = null)
{
    /// <summary>Places for batches that are prepared while another one of their lane is sent.</summary>
    public SemaphoreSlim Ahead { get; } = new(Environment.ProcessorCount);
}

/// <summary>How a step of a lane ended.</summary>
internal enum RunEnd
{
    /// <summary>The log ends at the checkpoint.</summary>
    NothingNew,

    /// <summary>Every position of the run is done.</summary>
    Done,

    /// <summary>Another engine moved the checkpoint, or the history of the log was replaced.</summary>
    CheckpointTaken,
}

/// <summary>The result of a step of a lane.</summary>
/// <param name="End">How it ended.</param>
/// <param name="LastPosition">The checkpoint if the run is done.</param>
/// <param name="EventCount">Events that passed the filter.</param>
internal readonly record struct DeliveredRun(RunEnd End, long LastPosition, int EventCount);
