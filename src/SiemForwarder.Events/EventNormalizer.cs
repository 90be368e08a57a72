using System.Text.Json;
using SiemForwarder.Events.Keycloak;
using SiemForwarder.Events.Pushed;

namespace SiemForwarder.Events;

/// <summary>Turns the JSON that Keycloak sent into the one normalized record; pure, so a better mapping applies to replays too.</summary>
public static class EventNormalizer
{
    /// <summary>Incremented whenever the same bytes of a source map to a different event.</summary>
    public const int MappingVersion = 3;

    /// <summary>Normalizes one event. Never throws: an event that cannot be understood keeps its type name and its details.</summary>
    /// <param name="stream">Stream of the segment the event came from.</param>
    /// <param name="raw">The exact bytes of one JSON object.</param>
    /// <param name="key">Used as the id if the event has none.</param>
    /// <param name="source">Where the event came from.</param>
    /// <param name="position">Position in the log, or 0.</param>
    /// <param name="occurredAtMs">Time of the event in epoch milliseconds, used if the object has no <c>time</c>.</param>
    /// <param name="receivedAt">When the forwarder stored it.</param>
    /// <param name="names">Names of users that the event identifies only by id, or null.</param>
    public static SecurityEvent Normalize(
        EventStream stream, ReadOnlyMemory<byte> raw, EventKey key, EventSource source, long position, long occurredAtMs, DateTimeOffset receivedAt,
        UserNames? names = null)
    {
        var origin = new EventOrigin(raw, key, source, position, occurredAtMs, receivedAt, names);
        return stream switch
        {
            EventStream.User => NormalizeUser(origin),
            EventStream.Admin => NormalizeAdmin(origin),
            EventStream.Forwarder => NormalizePushed(origin, EventKind.Operational),
            EventStream.Detection => NormalizePushed(origin, EventKind.Detection),
            _ => NormalizeInbox(origin),
        };
    }

    private static SecurityEvent NormalizeUser(in EventOrigin origin)
    {
        var userEvent = new KeycloakEvent();
        var isReadable = true;
        try
        {
            KeycloakEvent.Read(origin.Json, KeycloakEventShape.User, ref userEvent);
        }
        catch (JsonException)
        {
            isReadable = false;
        }

        return UserEventMapping.Map(userEvent, origin, isReadable);
    }

    private static SecurityEvent NormalizeAdmin(in EventOrigin origin)
    {
        var adminEvent = new KeycloakEvent();
        var isReadable = true;
        try
        {
            KeycloakEvent.Read(origin.Json, KeycloakEventShape.Admin, ref adminEvent);
        }
        catch (JsonException)
        {
            isReadable = false;
        }

        return AdminEventMapping.Map(adminEvent, origin, isReadable);
    }

    private static SecurityEvent NormalizePushed(in EventOrigin origin, EventKind kind)
    {
        var pushed = new PushedEvent();
        var isReadable = true;
        try
        {
            PushedEvent.Read(origin.Json, ref pushed);
        }
        catch (JsonException)
        {
            isReadable = false;
        }

        return PushedEventMapping.Map(pushed, origin, kind, isReadable);
    }

    // Only what the inbox could read was stored, so an event that cannot be read is none of a webhook.
    private static SecurityEvent NormalizeInbox(in EventOrigin origin)
    {
        var webhook = new KeycloakEvent();
        try
        {
            KeycloakEvent.Read(origin.Json, KeycloakEventShape.Webhook, ref webhook);
        }
        catch (JsonException)
        {
            return NormalizePushed(origin, EventKind.Application);
        }

        var shape = PushedOutline.ShapeOf(webhook);
        if (shape == PushedShape.Native)
        {
            return NormalizePushed(origin, EventKind.Application);
        }

        switch (shape)
        {
            case PushedShape.UserWebhook:
                (webhook.Id, webhook.Type) = (origin.IdIfKey(webhook.Id), PushedOutline.WithoutUserPrefix(webhook.Type));
                return UserEventMapping.Map(webhook, origin.InRealm(webhook.RealmName), isReadable: true);
            case PushedShape.AdminWebhook:
                var named = origin.InRealm(webhook.RealmName);
                return AdminEventMapping.Map(WebhookEvent.ToAdminEvent(webhook) with { Id = origin.IdIfKey(webhook.Id) }, named, isReadable: true);
            default:
                return PushedEventMapping.Map(WebhookEvent.ToPushedEvent(webhook), origin, EventKind.Application, isReadable: true);
        }
    }
}
