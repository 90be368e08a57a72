using System.Text.Json;
using SiemForwarder.Events.Keycloak;

namespace SiemForwarder.Events.Pushed;

/// <summary>Gives pushed events their keys: the id, or a hash of the content where there is none. Not thread-safe.</summary>
public sealed class PushedKeys
{
    private readonly KeycloakContentHash hash = new();

    /// <summary>The key of an event, and another one under which the same event may be in the log already.</summary>
    /// <param name="outline">Outline of the event.</param>
    /// <param name="json">Its bytes.</param>
    /// <param name="isPulledToo">True where the same realm is pulled.</param>
    /// <param name="pulledByContent">True where the server shows no ids, so that a pulled event is known by its content.</param>
    /// <exception cref="JsonException">The bytes are not one JSON object.</exception>
    public (EventKey Key, EventKey? Former) Of(in PushedOutline outline, ReadOnlyMemory<byte> json, bool isPulledToo, bool pulledByContent)
    {
        var isKeycloaks = outline.Shape is PushedShape.UserWebhook or PushedShape.AdminWebhook;
        var byId = outline.KeyOfId;
        if (!isKeycloaks)
        {
            return (byId ?? hash.Compute(json, 0), null);
        }

        if (byId is { } key && !isPulledToo)
        {
            return (key, null);
        }

        var byContent = hash.Compute(WebhookContent.Write(json, outline.Shape), 0);
        return byId is not { } id ? (byContent, null) : pulledByContent ? (byContent, id) : (id, byContent);
    }
}
