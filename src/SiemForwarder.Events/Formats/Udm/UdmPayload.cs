using SiemForwarder.Events.Formats.Cef;
using SiemForwarder.Events.Formats.Json;
using SiemForwarder.Events.Keycloak;

namespace SiemForwarder.Events.Formats.Udm;

/// <summary>Writes Google SecOps UDM in the import API's spelling; everything else goes under <c>additional</c>.</summary>
internal sealed class UdmPayload(bool includeRepresentation) : JsonPayload
{
    /// <summary>Id of the schema in an integration's settings.</summary>
    public const string Id = "udm";

    private readonly char[] message = new char[EventSummary.Length];

    protected override void Write(SecurityEvent securityEvent, JsonMembers json)
    {
        var type = UdmEventType.Of(securityEvent);
        json.Open("metadata"u8);
        json.Instant("eventTimestamp"u8, securityEvent.OccurredAt);
        json.Identity("eventType"u8, type);
        json.Text("vendorName"u8, "Keycloak"u8);
        json.Text("productName"u8, "Keycloak"u8);
        json.Identity("productEventType"u8, securityEvent.Type);
        json.Identity("productLogId"u8, securityEvent.Id);
        json.Text("description"u8, EventSummary.Compose(securityEvent, message), Worth.Message);
        json.Close();
        UdmNouns.Write(securityEvent, json);
        if (type is UdmEventType.Login or UdmEventType.Logout)
        {
            json.Open("extensions"u8);
            json.Open("auth"u8);
            json.Text("type"u8, "SSO"u8);
            json.OpenList("mechanism"u8);
            json.Item(UdmEventType.Mechanism(securityEvent));
            json.Close();
            json.Close();
            json.Close();
        }

        WriteResult(securityEvent, json);
        KeycloakMembers.Write("additional"u8, securityEvent, json, includeRepresentation);
    }

    private static void WriteResult(SecurityEvent securityEvent, JsonMembers json)
    {
        json.OpenList("securityResult"u8);
        json.OpenItem();
        json.Text("severity"u8,
            securityEvent.Severity switch { <= 1 => "INFORMATIONAL"u8, <= 3 => "LOW"u8, <= 6 => "MEDIUM"u8, <= 8 => "HIGH"u8, _ => "CRITICAL"u8 });
        if (securityEvent.Outcome != EventOutcome.Unknown)
        {
            var isBlocked = securityEvent.Reason is "user_disabled" or "user_temporarily_disabled" or "not_allowed";
            json.OpenList("action"u8);
            json.Item(securityEvent.Outcome == EventOutcome.Success ? "ALLOW"u8 : isBlocked ? "BLOCK"u8 : "FAIL"u8);
            json.Close();
        }

        if (securityEvent.Kind == EventKind.Detection)
        {
            WriteRule(securityEvent, json);
        }

        if (securityEvent.Outcome == EventOutcome.Failure)
        {
            if (securityEvent.Description.Category == "authentication")
            {
                json.OpenList("category"u8);
                json.Item("AUTH_VIOLATION"u8);
                json.Close();
            }

            json.Text("summary"u8, securityEvent.Reason);
        }

        json.Close();
        json.Close();
    }

    private static void WriteRule(SecurityEvent securityEvent, JsonMembers json)
    {
        var details = securityEvent.Details;
        json.Text("alertState"u8, "ALERTING"u8);
        json.Text("ruleId"u8, EventDetails.Find(details, DetectionEvents.RuleId), Worth.Core);
        json.Text("ruleName"u8, EventDetails.Find(details, DetectionEvents.RuleTitle), Worth.Core);
        json.Text("description"u8, EventDetails.Find(details, DetectionEvents.RuleDescription), Worth.Context);
        ReadOnlySpan<char> techniques = EventDetails.Find(details, DetectionEvents.Techniques);
        json.Open("attackDetails"u8, Worth.Fact);
        json.OpenList("techniques"u8);
        foreach (var range in techniques.Split(','))
        {
            if (!techniques[range].IsEmpty)
            {
                json.OpenItem();
                json.Text("id"u8, techniques[range]);
                json.Close();
            }
        }

        json.Close();
        json.Close();
    }
}
