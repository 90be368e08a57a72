using SiemForwarder.Connections;

namespace SiemForwarder.Destinations;

/// <summary>The outcome of an attempt to send a batch; expected failures are values, never exceptions.</summary>
public abstract record DeliveryOutcome
{
    private DeliveryOutcome()
    {
    }

    /// <summary>The destination accepted the whole batch.</summary>
    /// <param name="Answer">Its response in short form: <c>HTTP 200</c>, <c>handed to the kernel</c>.</param>
    public sealed record Delivered(string Answer) : DeliveryOutcome
    {
        /// <summary>Set if the destination accepted the batch but asked for fewer events; otherwise null.</summary>
        public SlowDown? SlowDown { get; init; }
    }

    /// <summary>May succeed later with the same bytes: network, 5xx, 429.</summary>
    public sealed record Transient(ErrorCategory Category, string Reason, TimeSpan? RetryAfter = null) : DeliveryOutcome;

    /// <summary>The same bytes will always be rejected: 400, 413, 422. The dispatcher halves the batch.</summary>
    public sealed record Rejected(string Reason, string Answer) : DeliveryOutcome;

    /// <summary>Nothing will be accepted until a setting is changed on either side: 401, 403, 404, redirect, TLS trust.</summary>
    public sealed record Misconfigured(ErrorCategory Category, string Reason) : DeliveryOutcome;

    /// <summary>Some events were accepted, some were not; every event in neither list was accepted.</summary>
    /// <param name="Refused">Events that will always be rejected, by index in the batch.</param>
    /// <param name="Retry">Indexes of events to send again, ascending.</param>
    /// <param name="Answer">The destination's response in short form.</param>
    /// <param name="RetryAfter">How long it asked to wait before sending again.</param>
    public sealed record Partial(IReadOnlyList<RejectedEvent> Refused, IReadOnlyList<int> Retry, string Answer, TimeSpan? RetryAfter = null) : DeliveryOutcome;
}

/// <summary>A destination that accepted everything asks for fewer events.</summary>
/// <param name="Reason">Why, in sentences for people.</param>
/// <param name="Wait">How long it asked to wait before the next batch; null if it gave no time.</param>
public sealed record SlowDown(string Reason, TimeSpan? Wait = null);

/// <summary>An event in a batch that the destination will always reject.</summary>
public sealed record RejectedEvent(int Index, string Reason, string Answer);

/// <summary>The kind of success that a destination can report.</summary>
public enum Acceptance
{
    /// <summary>Bytes were handed over without confirmation (UDP, plain syslog).</summary>
    HandedOver,

    /// <summary>The receiver confirmed the batch.</summary>
    Acknowledged,

    /// <summary>The receiver confirmed that the events are stored and searchable.</summary>
    Indexed,
}

/// <summary>What a fault means for the batch it affected.</summary>
internal static class FaultOutcome
{
    /// <summary>Nothing is sent with an invalid setting.</summary>
    public static Fault ToFault(this SettingFault fault) => new(
        ErrorCategory.Configuration, $"{fault.Field} is invalid: {fault.Sentence}", "Correct it in the integration.", NeedsChange: true);

    public static DeliveryOutcome ToOutcome(this Fault fault, string integrationName)
    {
        var reason = $"Integration '{integrationName}': {fault.What} {fault.Advice}";
        return fault.NeedsChange ? new DeliveryOutcome.Misconfigured(fault.Category, reason) : new DeliveryOutcome.Transient(fault.Category, reason);
    }
}
