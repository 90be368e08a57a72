using SiemForwarder.Connections;

namespace SiemForwarder.Destinations;

/// <summary>A batch of which every event was confirmed, refused or left open by a broker.</summary>
/// <param name="Refused">Events that will always be refused.</param>
/// <param name="Retry">Indexes of events to send again, ascending.</param>
/// <param name="Fault">Why; null if all were confirmed.</param>
internal sealed record SettledBatch(IReadOnlyList<RejectedEvent> Refused, IReadOnlyList<int> Retry, Fault? Fault)
{
    /// <param name="integrationName">Name of the integration, for the reason.</param>
    /// <param name="count">Number of events in the batch.</param>
    /// <param name="thing">What was confirmed: <c>record</c>.</param>
    /// <param name="where">Where it is: <c>in 'topic'</c>.</param>
    public DeliveryOutcome ToOutcome(string integrationName, int count, string thing, string where)
    {
        if (Fault is null)
        {
            return new DeliveryOutcome.Delivered($"{CountText.Of(count, thing)} {where}");
        }

        return Retry.Count == count ? Fault.ToOutcome(integrationName)
            : Refused.Count == count ? new DeliveryOutcome.Rejected(Refused[0].Reason, Refused[0].Answer)
            : new DeliveryOutcome.Partial(Refused, Retry, $"{count - Refused.Count - Retry.Count} of {CountText.Of(count, thing)} {where}; {Fault.What}");
    }
}
