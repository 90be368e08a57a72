using SiemForwarder.Connections;

namespace SiemForwarder.Destinations.Amqp;

/// <summary>What came of publishing a batch: which messages the broker took, and why not the others.</summary>
/// <param name="Confirmed">How many it confirmed.</param>
/// <param name="Missing">Indexes of those that it did not take, ascending.</param>
/// <param name="Fault">Why it did not; null where it took all.</param>
/// <param name="SessionUsable">Whether the connection may be used again.</param>
/// <param name="TooLarge">Whether it was the size of a message that it refused.</param>
internal sealed record PublishResult(int Confirmed, IReadOnlyList<int> Missing, Fault? Fault, bool SessionUsable, bool TooLarge = false)
{
    public static PublishResult Nothing(Fault fault, int count) => new(0, [.. Enumerable.Range(0, count)], fault, SessionUsable: false);

    public DeliveryOutcome ToOutcome(string integrationName, int count)
    {
        if (Fault is null)
        {
            return new DeliveryOutcome.Delivered($"{count} messages confirmed");
        }

        return Confirmed > 0 ? new DeliveryOutcome.Partial([], Missing, $"{Confirmed} of {count} messages confirmed; {Fault.What}")
            : TooLarge ? new DeliveryOutcome.Rejected($"Integration '{integrationName}': {Fault.What} {Fault.Advice}", Fault.What)
            : Fault.ToOutcome(integrationName);
    }
}
