using SiemForwarder.Events.Formats.Native;

namespace SiemForwarder.Events.Formats.Json;

/// <summary>Writes what schemas have no field for: realm, client, session, details and admin action, named as in Elastic's integration
/// where it has them.</summary>
internal static class KeycloakMembers
{
    public static void Write(
        ReadOnlySpan<byte> name, SecurityEvent securityEvent, JsonMembers json, in TruncationStep limits, bool includeRepresentation, bool isShortened)
    {
        json.Open(name);
        if (!limits.OnlyIdentity)
        {
            json.Text("event_type"u8, EventType(securityEvent.Kind));
            json.Identity("signature_id"u8, securityEvent.SignatureId);
            json.Text("source"u8, securityEvent.Source.Name);
            json.Open("realm"u8);
            json.Text("id"u8, securityEvent.RealmId);
            json.Text("name"u8, securityEvent.Source.Realm);
            json.Close();
            WriteId("client"u8, securityEvent.ClientId ?? securityEvent.Actor?.ClientId, json);
            WriteId("session"u8, securityEvent.SessionId, json);
            WriteId("transaction"u8, securityEvent.TransactionId, json);
            json.Details("details"u8, securityEvent.Details, limits.DetailLength);
            WriteAdmin(securityEvent.Admin, json, limits, includeRepresentation);
        }

        json.Mark("deprecated_duplicate"u8, securityEvent.IsDeprecatedDuplicate);
        json.Mark("test"u8, securityEvent.IsTest);
        json.Mark("truncated"u8, isShortened);
        json.Close();
    }

    private static void WriteAdmin(AdminAction? admin, JsonMembers json, in TruncationStep limits, bool includeRepresentation)
    {
        if (admin is null)
        {
            return;
        }

        json.Open("admin"u8);
        json.Text("operation"u8, admin.Operation);
        json.Open("resource"u8);
        json.Text("type"u8, admin.ResourceType);
        json.Text("path"u8, admin.ResourcePath);
        json.Text("id"u8, admin.ResourceId);
        json.Text("name"u8, admin.ResourceName);
        json.Details("values"u8, admin.Values, limits.DetailLength);
        json.Close();
        // A text and not an object: the members of a representation differ from type to type, and an index has one mapping.
        json.Text("representation"u8, includeRepresentation && limits.Representation ? admin.Representation : null);
        json.Close();
    }

    private static void WriteId(ReadOnlySpan<byte> name, string? id, JsonMembers json)
    {
        if (!string.IsNullOrEmpty(id))
        {
            json.Open(name);
            json.Text("id"u8, id);
            json.Close();
        }
    }

    private static ReadOnlySpan<byte> EventType(EventKind kind) => kind switch
    {
        EventKind.User => "login"u8,
        EventKind.Admin => "admin"u8,
        EventKind.Application => "application"u8,
        _ => "operational"u8,
    };
}
