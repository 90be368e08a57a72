using SiemForwarder.Events.Addresses;
using SiemForwarder.Events.Formats.Cef;
using SiemForwarder.Events.Formats.Json;
using SiemForwarder.Events.Keycloak;

namespace SiemForwarder.Events.Formats.Cim;

/// <summary>Writes the field names of Splunk's Common Information Model 8.5, data models Authentication and Change; everything else goes under
/// <c>keycloak</c>.</summary>
internal sealed class CimPayload(bool includeRepresentation) : JsonPayload
{
    /// <summary>Id of the schema in an integration's settings.</summary>
    public const string Id = "cim";

    private readonly char[] message = new char[EventSummary.Length];

    protected override void Write(SecurityEvent securityEvent, JsonMembers json)
    {
        var model = securityEvent.Description.Classification.Cim;
        json.Instant("timestamp"u8, securityEvent.OccurredAt);
        json.Text("vendor_product"u8, "Keycloak"u8);
        json.Identity("event_id"u8, securityEvent.Id);
        json.Identity("signature_id"u8, securityEvent.SignatureId);
        json.Text("signature"u8, EventSummary.Compose(securityEvent, message), Worth.Message);
        json.Required("app"u8, Known(securityEvent.ClientId, "keycloak"));
        json.Required("dest"u8, Known(securityEvent.Source.Host, "unknown"));
        json.Required("dvc"u8, Known(securityEvent.Source.Host, "unknown"));
        WriteSource(securityEvent.IpAddress, json);
        json.Text("status"u8, securityEvent.Outcome switch { EventOutcome.Success => "success"u8, EventOutcome.Failure => "failure"u8, _ => [] });
        json.Text("reason"u8, securityEvent.Reason);
        json.Text("session_id"u8, securityEvent.SessionId);
        json.Number("severity_id"u8, securityEvent.Severity);
        if (model.StartsWith("Authentication", StringComparison.Ordinal))
        {
            json.Text("action"u8, CimAction.OfAuthentication(model, securityEvent.Outcome));
            json.Text("authentication_method"u8, EventDetails.Find(securityEvent.Details, "auth_method"));
        }
        else if (model.StartsWith("Change", StringComparison.Ordinal))
        {
            CimChange.Write(securityEvent, model, json);
        }
        else if (model.StartsWith("Alerts", StringComparison.Ordinal))
        {
            WriteAlert(securityEvent, json);
        }

        WriteUsers(securityEvent, json);
        KeycloakMembers.Write("keycloak"u8, securityEvent, json, includeRepresentation);
    }

    // Data model Alerts of Splunk's CIM: type, severity, mitre_technique_id.
    private static void WriteAlert(SecurityEvent securityEvent, JsonMembers json)
    {
        json.Text("type"u8, "alert"u8);
        json.Text("severity"u8, securityEvent.Severity switch
        {
            <= 1 => "informational"u8,
            <= 3 => "low"u8,
            <= 6 => "medium"u8,
            <= 8 => "high"u8,
            _ => "critical"u8,
        });
        ReadOnlySpan<char> techniques = EventDetails.Find(securityEvent.Details, DetectionEvents.Techniques);
        json.OpenList("mitre_technique_id"u8);
        foreach (var range in techniques.Split(','))
        {
            json.Item(techniques[range]);
        }

        json.Close();
    }

    private static void WriteUsers(SecurityEvent securityEvent, JsonMembers json)
    {
        var user = securityEvent.Subject ?? securityEvent.Actor;
        json.Required("user"u8, Known(user?.Name, Known(user?.Id, "unknown")));
        json.Text("user_id"u8, user?.Id, Worth.Core);
        if (!ReferenceEquals(securityEvent.Actor, securityEvent.Subject))
        {
            json.Text("src_user"u8, Known(securityEvent.Actor?.Name, securityEvent.Actor?.Id ?? ""), Worth.Core);
            json.Text("src_user_name"u8, securityEvent.Actor?.Name, Worth.Repetition);
            json.Text("src_user_id"u8, securityEvent.Actor?.Id, Worth.Core);
        }
    }

    // Neither data model has a field for the source port.
    private static void WriteSource(string? address, JsonMembers json)
    {
        var literal = IpLiteral.Read(Known(address, "unknown"), stackalloc char[IpLiteral.MaxTextLength]);
        if (literal.IsAddress)
        {
            json.Address("src"u8, literal.Text);
        }
        else
        {
            json.Required("src"u8, literal.Text);
        }
    }

    private static string Known(string? text, string otherwise) => string.IsNullOrEmpty(text) ? otherwise : text;
}
