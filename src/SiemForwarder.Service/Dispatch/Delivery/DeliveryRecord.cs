using NpgsqlTypes;
using SiemForwarder.Destinations;
using SiemForwarder.Events;

namespace SiemForwarder.Service.Dispatch.Delivery;

/// <summary>What an accepted batch leaves behind.</summary>
/// <param name="SourceId">Log of the events.</param>
/// <param name="AfterPosition">Checkpoint before; the move is refused where somebody else moved it meanwhile.</param>
/// <param name="LastPosition">Checkpoint after.</param>
/// <param name="EventCount">Events accepted; 0 where the filter left all out.</param>
/// <param name="ByteCount">Their formatted bytes.</param>
/// <param name="Hash">SHA-256 of those bytes.</param>
/// <param name="Attempts">Attempts until it was accepted.</param>
/// <param name="Answer">What the destination answered.</param>
/// <param name="Filtered">Positions passed over.</param>
/// <param name="Incarnation">History of the log that the events were read in; nothing is recorded under another one.</param>
/// <param name="SetAside">Events of the batch that were refused for good.</param>
internal sealed record DeliveryRecord(
    int SourceId, long AfterPosition, long LastPosition, int EventCount, long ByteCount, byte[] Hash, int Attempts, string Answer,
    NpgsqlRange<long>[]? Filtered, long Incarnation, IReadOnlyList<RefusedEvent> SetAside);

/// <summary>An event that the destination refuses for good, with the exact bytes and the answer.</summary>
internal sealed record RefusedEvent(SecurityEvent Event, byte[] Bytes, string Reason, string Answer);

/// <summary>A failure to show in the status.</summary>
internal sealed record DeliveryError(ErrorCategory Category, string Message, DateTimeOffset NextAttemptAt);
