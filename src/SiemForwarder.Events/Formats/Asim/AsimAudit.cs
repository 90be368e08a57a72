using SiemForwarder.Events.Formats.Json;
using SiemForwarder.Events.Keycloak;

namespace SiemForwarder.Events.Formats.Asim;

/// <summary>Writes the fields of ASIM's Audit Event: operation and object.</summary>
internal static class AsimAudit
{
    public static void Write(SecurityEvent securityEvent, JsonMembers json)
    {
        var admin = securityEvent.Admin;
        var classification = securityEvent.Description.Classification;
        json.Required("Operation"u8, classification.Action);
        json.Required("Object"u8, Known(
            admin?.ResourceName, Known(admin?.ResourceId, Known(admin?.ResourcePath, Known(About(securityEvent), Known(securityEvent.ClientId, "Keycloak"))))));
        json.Text("NewValue"u8, securityEvent.Type == "REVOKE_GRANT" ? null : EventDetails.Find(securityEvent.Details, "scope"));
        json.Text("ObjectId"u8, admin?.ResourceId ?? (IsImpersonated(securityEvent) ? securityEvent.Subject?.Id : null));
        json.Text("ObjectType"u8, ObjectType(admin?.ResourceType ?? securityEvent.Description.ObjectType, classification.Action));
        json.Text("OriginalObjectType"u8, admin?.ResourceType, Worth.Context);
        json.Text("TargetAppName"u8, securityEvent.ClientId);
    }

    private static string ObjectType(string? resourceType, string action) => resourceType switch
    {
        "REALM" when action == "clear events" => "Event Log",
        "REALM" or "CLIENT" or "CLIENT_SCOPE" or "IDENTITY_PROVIDER" or "IDENTITY_PROVIDER_MAPPER" or "COMPONENT" or "PROTOCOL_MAPPER" or "USER_PROFILE" =>
            "Configuration Atom",
        "USER" or "GROUP" or "REALM_ROLE" or "CLIENT_ROLE" or "ORGANIZATION" => "Directory Service Object",
        null => "Service",
        _ when resourceType.StartsWith("AUTH", StringComparison.Ordinal) || resourceType.StartsWith("REQUIRED_ACTION", StringComparison.Ordinal) =>
            "Policy Rule",
        _ => "Other",
    };

    // What an application's event is about if it names no resource; the client that a consent is for; the user of an impersonated session, because
    // the schema has no user other than the one who acts.
    private static string? About(SecurityEvent securityEvent) =>
        securityEvent.Description.ObjectType is not null || IsImpersonated(securityEvent)
            ? securityEvent.Subject?.Name ?? securityEvent.Subject?.Id
            : EventDetails.Find(securityEvent.Details, "granted_client") ?? EventDetails.Find(securityEvent.Details, "revoked_client");

    private static bool IsImpersonated(SecurityEvent securityEvent) =>
        securityEvent.Kind == EventKind.User && !ReferenceEquals(securityEvent.Actor, securityEvent.Subject);

    private static string Known(string? text, string otherwise) => string.IsNullOrEmpty(text) ? otherwise : text;
}
