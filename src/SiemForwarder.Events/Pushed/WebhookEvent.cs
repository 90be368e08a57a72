using SiemForwarder.Events.Json;
using SiemForwarder.Events.Keycloak;

namespace SiemForwarder.Events.Pushed;

/// <summary>Converts an event written by a webhook plug-in to what Keycloak or an application would have written.</summary>
/// <remarks>p2-inc/keycloak-events (types <c>access.…</c>, <c>admin.…</c>, <c>system.…</c>), vymalo/keycloak-webhook (<c>LOGIN</c>, <c>USER-CREATE</c>),
/// and any that writes Keycloak's own representation.</remarks>
internal static class WebhookEvent
{
    /// <summary>The pushed admin event as Keycloak's API would return it.</summary>
    public static KeycloakEvent ToAdminEvent(in KeycloakEvent webhook)
    {
        var split = PushedOutline.SplitAdminType(webhook.Type);
        return webhook with
        {
            // A plug-in sends the name of the actor's realm; Keycloak's API would send the id.
            ActorRealmId = webhook.ActorRealmId == webhook.RealmName ? webhook.RealmId : webhook.ActorRealmId,
            Operation = webhook.Operation ?? split?.Operation,
            ResourceType = webhook.ResourceType ?? split?.ResourceType,
            Details = OwnDetails(webhook),
        };
    }

    /// <summary>The event that an application published, in the members of the native schema.</summary>
    public static PushedEvent ToPushedEvent(in KeycloakEvent webhook) => new()
    {
        Id = webhook.Id,
        Time = webhook.Time,
        Type = webhook.Type,
        Realm = webhook.RealmName ?? webhook.ActorRealmId,
        RealmId = webhook.RealmId,
        Requestor = webhook.UserName,
        RequestorId = webhook.UserId,
        ClientId = webhook.ClientId,
        SessionId = webhook.SessionId,
        IpAddress = webhook.IpAddress,
        Reason = webhook.Error,
        Outcome = webhook.Error is null ? null : "failure",
        Operation = webhook.Operation,
        ResourceType = webhook.ResourceType,
        ResourcePath = webhook.ResourcePath,
        Representation = webhook.Representation is null ? null : SecretRedactor.Redact(webhook.Representation),
        Details = [.. webhook.Details],
    };

    // The plug-in adds the id of the account, which the path already contains.
    private static KeyValuePair<string, string>[] OwnDetails(in KeycloakEvent webhook)
    {
        var path = webhook.ResourcePath;
        return Array.FindAll(
            webhook.Details, detail => detail.Key != "userId" || path?.EndsWith($"users/{detail.Value}", StringComparison.Ordinal) != true);
    }
}
