using SiemForwarder.Connections;
using SiemForwarder.Destinations;
using SiemForwarder.Destinations.Http;

namespace SiemForwarder.Tests.Destinations.Http;

/// <summary>Outcomes as one line each, so that a test compares all that they say.</summary>
internal static class Told
{
    public static string Of(DeliveryOutcome outcome) => outcome switch
    {
        DeliveryOutcome.Delivered delivered => $"delivered: {delivered.Answer}{(delivered.SlowDown is { } slow ? $"; slow down {Seconds(slow.Wait)}: {slow.Reason}" : "")}",
        DeliveryOutcome.Transient transient => $"transient {transient.Category} {Seconds(transient.RetryAfter)}: {transient.Reason}",
        DeliveryOutcome.Rejected rejected => $"rejected: {rejected.Reason} [{rejected.Answer}]",
        DeliveryOutcome.Misconfigured wrong => $"misconfigured {wrong.Category}: {wrong.Reason}",
        DeliveryOutcome.Partial partial => $"partial {Seconds(partial.RetryAfter)}: refused {string.Join(" ", partial.Refused.Select(one => $"{one.Index} ({one.Reason}) [{one.Answer}]"))}; "
            + $"retry {string.Join(",", partial.Retry)}; {partial.Answer}",
        _ => throw new ArgumentOutOfRangeException(nameof(outcome)),
    };

    /// <summary>With the fault that a test of the integration would show.</summary>
    public static string Of(IntakeVerdict verdict) => verdict.Fault is { } fault ? $"{Of(verdict.Outcome)} | {Of(fault)}" : Of(verdict.Outcome);

    public static string Of(Fault fault) => $"{fault.Category}{(fault.NeedsChange ? " needs a change" : "")}: {fault.What} / {fault.Advice}";

    private static string Seconds(TimeSpan? wait) => wait is { } time ? $"{time.TotalSeconds} s" : "-";
}
