using SiemForwarder.Events.Keycloak;

namespace SiemForwarder.Events.Formats.Json;

/// <summary>Writes data that schemas have no field for: realm, client, session, details and admin action, named as in Elastic's integration
/// where it has them.</summary>
internal static class KeycloakMembers
{
    public static void Write(
        ReadOnlySpan<byte> name, SecurityEvent securityEvent, JsonMembers json, bool includeRepresentation, bool includeLogin = false)
    {
        json.Open(name);
        if (!json.IsScarce)
        {
            json.Text("event_type"u8, EventType(securityEvent.Kind), Worth.Caption);
            json.Identity("signature_id"u8, securityEvent.SignatureId);
            json.Text("source"u8, securityEvent.Source.Name, Worth.Unmapped);
            json.Open("realm"u8);
            json.Text("id"u8, securityEvent.RealmId, Worth.Unmapped);
            json.Text("name"u8, securityEvent.Source.Realm);
            json.Close();
            WriteId("client"u8, securityEvent.ClientId ?? securityEvent.Actor?.ClientId, json);
            WriteId("session"u8, securityEvent.SessionId, json);
            WriteId("transaction"u8, securityEvent.TransactionId, json, Worth.Unmapped);
            if (includeLogin && securityEvent.Kind == EventKind.User)
            {
                WriteLogin(securityEvent, json);
            }

            json.Details("details"u8, securityEvent.Details);
            WriteAdmin(securityEvent.Admin, json, includeRepresentation);
        }

        json.Mark("deprecated_duplicate"u8, securityEvent.IsDeprecatedDuplicate);
        json.Mark("test"u8, securityEvent.IsTest);
        json.Shortened("truncated"u8);
        json.Close();
    }

    // The fields used by Elastic's own Keycloak dashboard (elastic/integrations, packages/keycloak, pipeline events.yml).
    private static void WriteLogin(SecurityEvent securityEvent, JsonMembers json)
    {
        json.Open("login"u8);
        json.Text("type"u8, securityEvent.Type, Worth.Repetition);
        json.Text("auth_method"u8, EventDetails.Find(securityEvent.Details, "auth_method"), Worth.Context);
        json.Text("auth_type"u8, EventDetails.Find(securityEvent.Details, "auth_type"), Worth.Context);
        json.Text("code_id"u8, EventDetails.Find(securityEvent.Details, "code_id"), Worth.Repetition);
        json.Text("redirect_uri"u8, Text.Texts.WithoutQuery(EventDetails.Find(securityEvent.Details, "redirect_uri")), Worth.Repetition);
        json.Close();
    }

    private static void WriteAdmin(AdminAction? admin, JsonMembers json, bool includeRepresentation)
    {
        if (admin is null)
        {
            return;
        }

        json.Open("admin"u8);
        json.Text("operation"u8, admin.Operation, Worth.Unmapped);
        json.Open("resource"u8);
        json.Text("type"u8, admin.ResourceType, Worth.Unmapped);
        json.Text("path"u8, admin.ResourcePath);
        json.Text("id"u8, admin.ResourceId);
        json.Text("name"u8, admin.ResourceName);
        json.Details("values"u8, admin.Values);
        json.Close();
        // A text, not an object: the members of a representation differ between types, and an index has one mapping.
        json.Text("representation"u8, includeRepresentation ? admin.Representation : null, Worth.Representation);
        json.Close();
    }

    private static void WriteId(ReadOnlySpan<byte> name, string? id, JsonMembers json, Worth worth = Worth.Fact)
    {
        if (!string.IsNullOrEmpty(id))
        {
            json.Open(name);
            json.Text("id"u8, id, worth);
            json.Close();
        }
    }

    private static ReadOnlySpan<byte> EventType(EventKind kind) => kind switch
    {
        EventKind.User => "login"u8,
        EventKind.Admin => "admin"u8,
        EventKind.Application => "application"u8,
        EventKind.Detection => "detection"u8,
        _ => "operational"u8,
    };
}
