using SiemForwarder.Events.Formats.Json;

namespace SiemForwarder.Events.Formats.Ocsf;

/// <summary>Writes <c>metadata</c>: the schema version, the event's product, and its id.</summary>
internal static class OcsfMetadata
{
    public static void Write(SecurityEvent securityEvent, JsonMembers json, bool isVersion19)
    {
        json.Open("metadata"u8);
        json.Text("version"u8, isVersion19 ? "1.9.0"u8 : "1.8.0"u8);
        json.Open("product"u8);
        json.Text("vendor_name"u8, "Keycloak"u8);
        json.Text("name"u8, "Keycloak"u8);
        json.Close();
        json.Identity("uid"u8, securityEvent.Id);
        json.Identity("event_code"u8, securityEvent.Type);
        if (!json.IsScarce)
        {
            json.Text("correlation_uid"u8, securityEvent.TransactionId, Worth.Context);
            json.Text("log_provider"u8, "SiemForwarder"u8, Worth.Caption);
            json.Text("log_name"u8, LogName(securityEvent.Kind), Worth.Caption);
            json.Text("tenant_uid"u8, securityEvent.Source.Realm);
            json.Instant("original_time"u8, securityEvent.OccurredAt, Worth.Caption);
            json.Number("processed_time"u8, securityEvent.ReceivedAt.ToUnixTimeMilliseconds(), Worth.Unmapped);
        }

        json.Shortened("is_truncated"u8);
        json.Close();
    }

    private static ReadOnlySpan<byte> LogName(EventKind kind) => kind switch
    {
        EventKind.User => "user-events"u8,
        EventKind.Admin => "admin-events"u8,
        EventKind.Application => "application-events"u8,
        EventKind.Detection => "detections"u8,
        _ => "operational-events"u8,
    };
}
