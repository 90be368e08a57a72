using SiemForwarder.Connections;

namespace SiemForwarder.Destinations.Http;

/// <summary>The meaning of an intake's response: the outcome for the dispatcher, and the same as a fault for a test.</summary>
/// <param name="Outcome">Outcome of the batch.</param>
/// <param name="Fault">Null if everything was accepted.</param>
internal sealed record IntakeVerdict(DeliveryOutcome Outcome, Fault? Fault = null)
{
    /// <summary>The verdict according to the status table. A web page is never an intake's response, whatever its status.</summary>
    public static IntakeVerdict Of(HttpAnswer answer, string integrationName) =>
        answer.ToFault() is { } fault && HttpStatusTable.Find(answer.Status).Verdict == HttpVerdict.Delivered
        ? new IntakeVerdict(fault.ToOutcome(integrationName), fault)
        : new IntakeVerdict(answer.ToOutcome(integrationName), answer.ToFault());

    public static IntakeVerdict Of(Fault fault, string integrationName) => new(fault.ToOutcome(integrationName), fault);

    public static IntakeVerdict Delivered(string answer) => new(new DeliveryOutcome.Delivered(answer));

    /// <summary>Accepted, but the receiver asks for fewer events.</summary>
    public static IntakeVerdict Delivered(HttpAnswer answer, string integrationName, string why) =>
        new(new DeliveryOutcome.Delivered(answer.InShort) { SlowDown = new SlowDown($"Integration '{integrationName}': {why}", answer.RetryAfter) });

    /// <summary>A response whose meaning the destination knows better than the table.</summary>
    public static IntakeVerdict Of(HttpAnswer answer, string integrationName, HttpVerdict verdict, ErrorCategory category, string what, string advice)
    {
        var fault = new Fault(category, what, advice, NeedsChange: verdict != HttpVerdict.Transient);
        var reason = $"Integration '{integrationName}': {what} {advice}";
        return verdict switch
        {
            HttpVerdict.Delivered => Delivered(answer.InShort),
            HttpVerdict.Rejected => new IntakeVerdict(new DeliveryOutcome.Rejected(reason, answer.InShort), fault),
            HttpVerdict.Transient => new IntakeVerdict(new DeliveryOutcome.Transient(category, reason, answer.RetryAfter), fault),
            _ => new IntakeVerdict(new DeliveryOutcome.Misconfigured(category, reason), fault),
        };
    }
}
