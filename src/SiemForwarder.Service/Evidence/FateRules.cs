using SiemForwarder.Events;
using SiemForwarder.Service.Integrations;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Evidence;

/// <summary>How far an integration is with a source.</summary>
/// <param name="Position">Everything up to here came to its end.</param>
/// <param name="Start">Where it began.</param>
internal readonly record struct FateCheckpoint(long Position, long Start);

/// <summary>Tells from the records what became of an event at one integration: no I/O.</summary>
internal sealed class FateRules(Integration integration, IntegrationSettings settings, SecurityEvent one, FateCheckpoint checkpoint)
{
    private readonly EventFilter filter = settings.Filter.ToFilter();

    private bool IsBeforeStart => one.Position <= checkpoint.Start;

    /// <summary>Whether the event may have been sent, so that its records say what became of it.</summary>
    public bool AsksForRecords => IsSelected(settings, one) && (IsBeforeStart || one.Position <= checkpoint.Position);

    /// <summary>Whether an integration forwards the source of an event.</summary>
    public static bool IsSelected(IntegrationSettings settings, SecurityEvent one) =>
        settings.Sources.Count == 0 || settings.Sources.Contains(one.Source.Id);

    /// <summary>What became of the event.</summary>
    /// <param name="setAside">The event as it was set aside; null where it was not.</param>
    /// <param name="delivery">The delivery that it went with; null where none took it.</param>
    public EventFate Tell(SetAsideResponse? setAside, DeliveryResponse? delivery)
    {
        if (!IsSelected(settings, one))
        {
            return Fate("not selected", "The integration does not forward this source.");
        }

        if (!AsksForRecords)
        {
            return TellWaiting();
        }

        // A backfill may have brought one from before the start all the same, or the source was forwarded once before.
        return (setAside, delivery) switch
        {
            ({ } aside, _) => Tell(aside),
            (null, { Replay: { } replay } sent) when IsBeforeStart =>
                Fate("delivered", $"Accepted at {sent.DeliveredAt:O} by replay {replay}: {sent.Answer}.", sent),
            (null, { } sent) => Fate("delivered", $"Accepted at {sent.DeliveredAt:O}: {sent.Answer}.", sent),
            _ when IsBeforeStart => Fate("before start", "The event was stored before the integration was created, or before the source was added to it."),
            _ => Fate("filtered out", filter.Evaluate(one) is { IsWanted: false } verdict
                ? $"The filter left it out: {verdict.Reason}"
                : "The filter in force at that time left it out, or the record of its delivery is past its retention."),
        };
    }

    private EventFate TellWaiting()
    {
        var verdict = filter.Evaluate(one);
        var waits = integration.Enabled ? "Its turn will come." : "The integration is disabled.";
        return Fate("waiting", verdict.IsWanted
            ? $"{one.Position - checkpoint.Position} events of its source are before it or are it. {waits}"
            : $"It will be left out: {verdict.Reason}");
    }

    private EventFate Tell(SetAsideResponse setAside) => setAside.State switch
    {
        "delivered" => Fate("delivered", $"Set aside at first, then sent again. {setAside.Note}"),
        "discarded" => Fate("discarded", $"The destination refused it, and somebody gave it up: {setAside.Note}"),
        _ => Fate("set aside", $"The destination refuses it: {setAside.Reason}"),
    };

    private EventFate Fate(string state, string explanation, DeliveryResponse? delivery = null) =>
        new(integration.Id, integration.Name, integration.Enabled, state, explanation, delivery);
}
