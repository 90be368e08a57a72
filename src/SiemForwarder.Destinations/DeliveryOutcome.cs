using SiemForwarder.Connections;

namespace SiemForwarder.Destinations;

/// <summary>What came of one attempt to send a batch; expected ends are values, never exceptions.</summary>
public abstract record DeliveryOutcome
{
    private DeliveryOutcome()
    {
    }

    /// <summary>The destination took the whole batch.</summary>
    /// <param name="Answer">What it answered, in short: <c>HTTP 200</c>, <c>handed to the kernel</c>.</param>
    public sealed record Delivered(string Answer) : DeliveryOutcome
    {
        /// <summary>The destination took the batch and asks for fewer; null where it did not.</summary>
        public SlowDown? SlowDown { get; init; }
    }

    /// <summary>May work later with the same bytes: network, 5xx, 429.</summary>
    public sealed record Transient(ErrorCategory Category, string Reason, TimeSpan? RetryAfter = null) : DeliveryOutcome;

    /// <summary>The same bytes will always be refused: 400, 413, 422. The dispatcher halves the batch.</summary>
    public sealed record Rejected(string Reason, string Answer) : DeliveryOutcome;

    /// <summary>Nothing will be taken until somebody changes a setting here or there: 401, 403, 404, redirect, TLS trust.</summary>
    public sealed record Misconfigured(ErrorCategory Category, string Reason) : DeliveryOutcome;

    /// <summary>Some events were taken, some were not; every event in neither list was taken.</summary>
    /// <param name="Refused">Events that will always be refused, by index in the batch.</param>
    /// <param name="Retry">Indexes of events to send again, ascending.</param>
    /// <param name="Answer">What the destination answered, in short.</param>
    /// <param name="RetryAfter">How long it asked to wait before sending again.</param>
    public sealed record Partial(IReadOnlyList<RejectedEvent> Refused, IReadOnlyList<int> Retry, string Answer, TimeSpan? RetryAfter = null) : DeliveryOutcome;
}

/// <summary>A destination that took everything asks to be given less.</summary>
/// <param name="Reason">Why, in sentences for people.</param>
/// <param name="Wait">How long it asked to wait before the next batch; null where it named no time.</param>
public sealed record SlowDown(string Reason, TimeSpan? Wait = null);

/// <summary>An event of a batch that the destination will always refuse.</summary>
public sealed record RejectedEvent(int Index, string Reason, string Answer);

/// <summary>Which kind of success a destination can give.</summary>
public enum Acceptance
{
    /// <summary>Bytes were handed over; nobody confirmed them (UDP, plain syslog).</summary>
    HandedOver,

    /// <summary>The receiver confirmed the batch.</summary>
    Acknowledged,

    /// <summary>The receiver confirmed that the events are stored and can be found.</summary>
    Indexed,
}

/// <summary>What a fault means for the batch that met it.</summary>
internal static class FaultOutcome
{
    public static DeliveryOutcome ToOutcome(this Fault fault, string integrationName)
    {
        var reason = $"Integration '{integrationName}': {fault.What} {fault.Advice}";
        return fault.NeedsChange ? new DeliveryOutcome.Misconfigured(fault.Category, reason) : new DeliveryOutcome.Transient(fault.Category, reason);
    }
}
