using System.Globalization;
using System.Text.Json;
using SiemForwarder.Events;

namespace SiemForwarder.Destinations.Http.Google;

/// <summary>
/// Writes an event as what Google's own parser of the log type KEYCLOAK reads: the change record of an inserted row of Keycloak's tables
/// EVENT_ENTITY and ADMIN_EVENT_ENTITY (Google Datastream, event format).
/// </summary>
/// <remarks>Columns are those of Keycloak's tables, lower case as PostgreSQL names them; unknown ones are null. The representation of admin
/// events is left out.</remarks>
internal static class KeycloakChangeRecord
{
    public static void Write(Utf8JsonWriter writer, SecurityEvent securityEvent)
    {
        var isAdmin = securityEvent.Kind == EventKind.Admin;
        var occurredAt = securityEvent.OccurredAt.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
        writer.WriteStartObject();
        writer.WriteString("uuid"u8, securityEvent.Id);
        writer.WriteString("read_timestamp"u8, securityEvent.ReceivedAt.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture));
        writer.WriteString("source_timestamp"u8, occurredAt);
        writer.WriteString("object"u8, isAdmin ? "public_admin_event_entity"u8 : "public_event_entity"u8);
        writer.WriteStartObject("source_metadata"u8);
        writer.WriteString("schema"u8, "public"u8);
        writer.WriteString("table"u8, isAdmin ? "admin_event_entity"u8 : "event_entity"u8);
        writer.WriteBoolean("is_deleted"u8, false);
        writer.WriteString("change_type"u8, "INSERT"u8);
        writer.WriteEndObject();
        writer.WriteStartObject("payload"u8);
        writer.WriteString("id"u8, securityEvent.Id);
        writer.WriteString("realm_id"u8, securityEvent.RealmId ?? securityEvent.Source.Realm);
        writer.WriteString("ip_address"u8, securityEvent.IpAddress);
        writer.WriteString("error"u8, securityEvent.Reason);
        if (isAdmin)
        {
            WriteAdminRow(writer, securityEvent);
        }
        else
        {
            WriteUserRow(writer, securityEvent);
        }

        writer.WriteString("details_json"u8, DetailsOf(securityEvent));
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static void WriteUserRow(Utf8JsonWriter writer, SecurityEvent securityEvent)
    {
        writer.WriteString("type"u8, securityEvent.Type);
        writer.WriteNumber("event_time"u8, securityEvent.OccurredAt.ToUnixTimeMilliseconds());
        writer.WriteString("client_id"u8, securityEvent.ClientId);
        writer.WriteString("user_id"u8, securityEvent.Subject?.Id ?? securityEvent.Actor?.Id);
        writer.WriteString("session_id"u8, securityEvent.SessionId);
    }

    private static void WriteAdminRow(Utf8JsonWriter writer, SecurityEvent securityEvent)
    {
        writer.WriteNumber("admin_event_time"u8, securityEvent.OccurredAt.ToUnixTimeMilliseconds());
        writer.WriteString("operation_type"u8, securityEvent.Admin?.Operation);
        writer.WriteString("resource_type"u8, securityEvent.Admin?.ResourceType);
        writer.WriteString("resource_path"u8, securityEvent.Admin?.ResourcePath);
        writer.WriteString("auth_realm_id"u8, securityEvent.Actor?.Realm);
        writer.WriteString("auth_client_id"u8, securityEvent.Actor?.ClientId);
        writer.WriteString("auth_user_id"u8, securityEvent.Actor?.Id);
    }

    // Keycloak keeps the details as JSON in a column of text.
    private static string DetailsOf(SecurityEvent securityEvent)
    {
        var details = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in securityEvent.Details)
        {
            details[name] = value;
        }

        return JsonSerializer.Serialize(details);
    }
}
