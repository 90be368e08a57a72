using SiemForwarder.Events.Formats.Cef;
using SiemForwarder.Events.Formats.Json;
using SiemForwarder.Events.Formats.Native;

namespace SiemForwarder.Events.Formats.Udm;

/// <summary>Writes Google SecOps UDM in the spelling of the import API, and the rest under <c>additional</c>.</summary>
internal sealed class UdmPayload(bool includeRepresentation) : JsonPayload
{
    /// <summary>Id of the schema in an integration's settings.</summary>
    public const string Id = "udm";

    private readonly char[] message = new char[EventSummary.Length];

    protected override void Write(SecurityEvent securityEvent, JsonMembers json, in TruncationStep limits)
    {
        var type = UdmEventType.Of(securityEvent);
        json.Open("metadata"u8);
        json.Instant("eventTimestamp"u8, securityEvent.OccurredAt);
        json.Identity("eventType"u8, type);
        json.Text("vendorName"u8, "Keycloak"u8);
        json.Text("productName"u8, "Keycloak"u8);
        json.Identity("productEventType"u8, securityEvent.Type);
        json.Identity("productLogId"u8, securityEvent.Id);
        json.Text("description"u8, EventSummary.Compose(securityEvent, message));
        json.Close();
        UdmNouns.Write(securityEvent, json);
        if (type is UdmEventType.Login or UdmEventType.Logout)
        {
            json.Open("extensions"u8);
            json.Open("auth"u8);
            json.Text("type"u8, "SSO"u8);
            json.Writer.WriteStartArray("mechanism"u8);
            json.Writer.WriteStringValue(UdmEventType.Mechanism(securityEvent));
            json.Writer.WriteEndArray();
            json.Close();
            json.Close();
        }

        WriteResult(securityEvent, json);
        KeycloakMembers.Write("additional"u8, securityEvent, json, limits, includeRepresentation, IsShortened(limits));
    }

    private static void WriteResult(SecurityEvent securityEvent, JsonMembers json)
    {
        json.Writer.WriteStartArray("securityResult"u8);
        json.Writer.WriteStartObject();
        json.Text("severity"u8,
            securityEvent.Severity switch { <= 1 => "INFORMATIONAL"u8, <= 3 => "LOW"u8, <= 6 => "MEDIUM"u8, <= 8 => "HIGH"u8, _ => "CRITICAL"u8 });
        if (securityEvent.Outcome != EventOutcome.Unknown)
        {
            var isBlocked = securityEvent.Reason is "user_disabled" or "user_temporarily_disabled" or "not_allowed";
            json.Writer.WriteStartArray("action"u8);
            json.Writer.WriteStringValue(securityEvent.Outcome == EventOutcome.Success ? "ALLOW"u8 : isBlocked ? "BLOCK"u8 : "FAIL"u8);
            json.Writer.WriteEndArray();
        }

        if (securityEvent.Outcome == EventOutcome.Failure)
        {
            if (securityEvent.Description.Category == "authentication")
            {
                json.Writer.WriteStartArray("category"u8);
                json.Writer.WriteStringValue("AUTH_VIOLATION"u8);
                json.Writer.WriteEndArray();
            }

            json.Text("summary"u8, securityEvent.Reason);
        }

        json.Writer.WriteEndObject();
        json.Writer.WriteEndArray();
    }
}
