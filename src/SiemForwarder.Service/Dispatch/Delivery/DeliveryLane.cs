using SiemForwarder.Events.Formats;
using SiemForwarder.Service.Dispatch.Retries;
using SiemForwarder.Service.Engines;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Integrations;
using SiemForwarder.Service.Telemetry;

namespace SiemForwarder.Service.Dispatch.Delivery;

/// <summary>What tells one lane of an integration from another: live traffic, a replay, a redrive.</summary>
/// <param name="Integration">Whose events.</param>
/// <param name="Fence">Number of the lease; nothing is sent while it is not sure that it holds.</param>
/// <param name="Log">Where the events are read.</param>
/// <param name="Selection">Which of them are sent.</param>
/// <param name="Journal">Where it is written down what became of them.</param>
internal sealed record DeliveryLane(RunnableIntegration Integration, long Fence, IEventLog Log, EventSelection Selection, IDeliveryJournal Journal)
{
    /// <summary>Writes the events; null for the format of the integration.</summary>
    public IEventFormatter? Formatter { get; init; }

    /// <summary>Ends pauses between rounds where somebody asks; null where nobody can.</summary>
    public RetryRequests? Retries { get; init; }

    /// <summary>Most events in a batch, where the destination takes more.</summary>
    public int MaxEvents { get; init; } = int.MaxValue;
}

/// <summary>What the deliveries of a process have in common.</summary>
internal sealed record DeliveryParts(
    ISourceDirectory Sources, SegmentNormalizer Normalizer, EngineLeases Leases, DispatchOptions Options, TimeProvider Time, ForwarderTelemetry Telemetry,
    SlowEvents? Slow = null);

/// <summary>How a step of a lane ended.</summary>
internal enum RunEnd
{
    /// <summary>The log ends at the checkpoint.</summary>
    NothingNew,

    /// <summary>Every position of the run came to its end.</summary>
    Done,

    /// <summary>Somebody else moved the checkpoint, or the log has another history now.</summary>
    CheckpointTaken,
}

/// <summary>A step of a lane.</summary>
/// <param name="End">How it ended.</param>
/// <param name="LastPosition">Checkpoint where it is done.</param>
/// <param name="EventCount">Events that passed the filter.</param>
internal readonly record struct DeliveredRun(RunEnd End, long LastPosition, int EventCount);
