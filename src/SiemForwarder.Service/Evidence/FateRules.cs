using SiemForwarder.Connections;
using SiemForwarder.Events;
using SiemForwarder.Service.Integrations;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Evidence;

/// <summary>The progress of an integration with a source.</summary>
/// <param name="Position">Everything up to here is done.</param>
/// <param name="Start">Where it started.</param>
internal readonly record struct FateCheckpoint(long Position, long Start);

/// <summary>Determines the outcome of an event at one integration from the records: no I/O.</summary>
/// <param name="integration">The integration.</param>
/// <param name="one">The event.</param>
/// <param name="checkpoint">How far the integration has come with the source of the event.</param>
internal sealed class FateRules(Integration integration, SecurityEvent one, FateCheckpoint checkpoint)
{
    private readonly IntegrationSettings settings = IntegrationSettings.ReadKnown(integration.Definition);

    private EventFilter Filter => settings.Filter.ToFilter();

    // Without sources of its own, an integration forwards all.
    private bool IsSelected => settings.Sources.Count == 0 || settings.Sources.Contains(one.Source.Id);

    private bool IsBeforeStart => one.Position <= checkpoint.Start;

    /// <summary>Whether the event may have been sent, so that its records show the outcome.</summary>
    public bool AsksForRecords => IsSelected && (IsBeforeStart || one.Position <= checkpoint.Position);

    /// <summary>The outcome of the event.</summary>
    /// <param name="setAside">The set-aside record of the event; null if there is none.</param>
    /// <param name="delivery">The delivery that contained it; null if none did.</param>
    public EventFate Tell(SetAsideResponse? setAside, DeliveryResponse? delivery)
    {
        if (!IsSelected)
        {
            return Fate("not selected", "The integration does not forward this source.");
        }

        if (!AsksForRecords)
        {
            return TellWaiting();
        }

        // An event from before the start may still have been sent by a backfill, or when the source was forwarded earlier.
        return (setAside, delivery) switch
        {
            ({ } aside, _) => Tell(aside),
            (null, { Replay: { } replay } sent) when IsBeforeStart =>
                Fate("delivered", $"Accepted at {UtcText.Second(sent.DeliveredAt)} UTC by replay {replay}: {sent.Answer}.", sent),
            (null, { } sent) => Fate("delivered", $"Accepted at {UtcText.Second(sent.DeliveredAt)} UTC: {sent.Answer}.", sent),
            _ when IsBeforeStart => Fate("before start", "The event was stored before the integration was created, or before the source was added to it."),
            _ => Fate("filtered out", Filter.Evaluate(one) is { IsWanted: false } verdict
                ? $"The filter excluded it: {verdict.Reason}"
                : "The filter at that time excluded it, or its delivery record is past its retention."),
        };
    }

    private EventFate TellWaiting()
    {
        var verdict = Filter.Evaluate(one);
        var waits = integration.Enabled ? "It will be sent." : "The integration is disabled.";
        return Fate("waiting", verdict.IsWanted
            ? $"{Queue(one.Position - checkpoint.Position)} {waits}"
            : $"The filter will exclude it: {verdict.Reason}");
    }

    private static string Queue(long events) =>
        events == 1 ? "It is the next event of its source." : $"{CountText.Of(events, "event")} of its source, including this one, are waiting.";

    private EventFate Tell(SetAsideResponse setAside) => setAside.State switch
    {
        "delivered" => Fate("delivered", $"Set aside first, then sent again. {setAside.Note}"),
        "discarded" => Fate("discarded", $"The destination rejected it, and it was discarded: {setAside.Note}"),
        _ => Fate("set aside", $"The destination rejected it: {setAside.Reason}"),
    };

    private EventFate Fate(string state, string explanation, DeliveryResponse? delivery = null) =>
        new(integration.Id, integration.Name, integration.Enabled, state, explanation, delivery);
}
