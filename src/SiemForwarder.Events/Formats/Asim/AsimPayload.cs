using SiemForwarder.Events.Addresses;
using SiemForwarder.Events.Formats.Cef;
using SiemForwarder.Events.Formats.Json;
using SiemForwarder.Events.Keycloak;

namespace SiemForwarder.Events.Formats.Asim;

/// <summary>Writes Microsoft's ASIM: Authentication 0.1.4, Audit Event 0.1.2, User Management 0.1.2 or Alert Event 0.1; the rest goes into
/// <c>AdditionalFields</c>.</summary>
internal sealed class AsimPayload(bool includeRepresentation) : JsonPayload
{
    /// <summary>Id of the schema in an integration's settings.</summary>
    public const string Id = "asim";

    private readonly char[] message = new char[EventSummary.Length];

    protected override void Write(SecurityEvent securityEvent, JsonMembers json)
    {
        var kind = AsimKind.Of(securityEvent);
        json.Instant("TimeGenerated"u8, securityEvent.OccurredAt);
        json.Number("EventCount"u8, 1);
        var (start, end) = kind.IsAlert ? AsimAlert.Span(securityEvent) : (securityEvent.OccurredAt, securityEvent.OccurredAt);
        json.Instant("EventStartTime"u8, start);
        json.Instant("EventEndTime"u8, end);
        json.Identity("EventType"u8, kind.EventType);
        json.Text("EventResult"u8, securityEvent.Outcome switch { EventOutcome.Success => "Success"u8, EventOutcome.Failure => "Failure"u8, _ => "NA"u8 });
        json.Text("EventProduct"u8, "Keycloak"u8);
        json.Text("EventVendor"u8, "Keycloak"u8);
        json.Identity("EventSchema"u8, kind.Schema);
        json.Text("EventSchemaVersion"u8, kind.IsAuthentication ? "0.1.4"u8 : kind.IsAlert ? "0.1"u8 : "0.1.2"u8);
        json.Text("EventSeverity"u8, securityEvent.Severity switch { <= 1 => "Informational"u8, <= 3 => "Low"u8, <= 6 => "Medium"u8, _ => "High"u8 });
        json.Identity("EventUid"u8, securityEvent.Id);
        json.Identity("EventOriginalType"u8, securityEvent.Type);
        json.Identity("EventOriginalSubType"u8, securityEvent.SignatureId);
        if (kind.IsAlert)
        {
            json.Text("EventMessage"u8, EventSummary.Compose(securityEvent, message), Worth.Message);
            AsimAlert.Write(securityEvent, json);
        }
        else
        {
            WriteActivity(securityEvent, kind, json);
        }

        KeycloakMembers.Write("AdditionalFields"u8, securityEvent, json, includeRepresentation);
    }

    private void WriteActivity(SecurityEvent securityEvent, in AsimKind kind, JsonMembers json)
    {
        json.Required("Dvc"u8, Known(securityEvent.Source.Host, "Keycloak"));
        json.Required("ActorUsername"u8, Known(securityEvent.Actor?.Name, Known(securityEvent.Actor?.Id, "unknown")));
        json.Text("ActorUserId"u8, securityEvent.Actor?.Id, Worth.Core);
        json.Text("EventMessage"u8, EventSummary.Compose(securityEvent, message), Worth.Message);
        json.Text("EventOriginalResultDetails"u8, securityEvent.Reason);
        WriteSource(securityEvent.IpAddress, json);
        LocationMembers.WriteAsim(securityEvent.Location, json);
        if (kind.IsAudit)
        {
            AsimAudit.Write(securityEvent, json);
        }
        else
        {
            WriteTarget(securityEvent, kind, json);
        }
    }

    private static void WriteTarget(SecurityEvent securityEvent, in AsimKind kind, JsonMembers json)
    {
        var subType = securityEvent.Description.Classification.Asim;
        json.Text("TargetUsername"u8, Known(securityEvent.Subject?.Name, securityEvent.Subject?.Id ?? ""), Worth.Core);
        json.Text("TargetUserId"u8, securityEvent.Subject?.Id, Worth.Core);
        if (!kind.IsAuthentication)
        {
            WriteChange(securityEvent, subType.Contains("EventSubType=MFA", StringComparison.Ordinal), json);
            json.Text("ActingAppName"u8, securityEvent.ClientId);
            if (AdminGroups.IsGroup(securityEvent.Admin))
            {
                json.Text("GroupId"u8, AdminGroups.Id(securityEvent.Admin!));
                json.Text("GroupName"u8, AdminGroups.Name(securityEvent.Admin!));
            }

            return;
        }

        json.Text("EventSubType"u8, subType.Contains("AssumeRole", StringComparison.Ordinal) ? "AssumeRole" : "");
        json.Text("TargetAppName"u8, securityEvent.ClientId);
        json.Text("TargetSessionId"u8, securityEvent.SessionId);
        json.Text("LogonProtocol"u8, EventDetails.Find(securityEvent.Details, "auth_method"));
        json.Text("LogonMethod"u8, securityEvent.Type is "CLIENT_LOGIN" or "CLIENT_LOGIN_ERROR" ? "Service Principal" : "");
        json.Text("EventResultDetails"u8, securityEvent.Outcome == EventOutcome.Failure ? Details(securityEvent.Reason) : "");
    }

    // UpdatedPropertyName is an alias of EventSubType; old and new values are written if the event contains them.
    private static void WriteChange(SecurityEvent securityEvent, bool isMfa, JsonMembers json)
    {
        var admin = securityEvent.Admin;
        var (property, before, after) = securityEvent switch
        {
            _ when isMfa => ("MFA", null, null),
            _ when AdminGroups.IsRoleMapping(admin) =>
                ("Roles", admin!.Operation == "DELETE" ? admin.ResourceName : null, admin.Operation == "DELETE" ? null : admin.ResourceName),
            { Type: "UPDATE_EMAIL" or "UPDATE_PROFILE" } when EventDetails.Find(securityEvent.Details, "updated_email") is { } email =>
                ("Email", EventDetails.Find(securityEvent.Details, "previous_email"), email),
            _ when admin?.ResourceType == "USER" && EventDetails.Find(admin.Values, "enabled") is { } enabled
                && securityEvent.Description.SignatureId is not null => ("Enabled", null, enabled),
            _ => ("", (string?)null, (string?)null),
        };
        json.Text("EventSubType"u8, property);
        json.Text("UpdatedPropertyName"u8, property);
        json.Text("PreviousPropertyValue"u8, before);
        json.Text("NewPropertyValue"u8, after);
    }

    private static string Details(string? reason) => reason switch
    {
        "user_not_found" => "No such user",
        "invalid_user_credentials" => "Incorrect password",
        "invalid_client_credentials" => "Incorrect key",
        "client_not_found" => "No such user",
        "user_disabled" or "client_disabled" => "User disabled",
        "user_temporarily_disabled" => "User locked",
        "session_expired" or "expired_code" => "Session expired",
        "not_allowed" => "Logon violates policy",
        _ => "Other",
    };

    private static void WriteSource(string? address, JsonMembers json)
    {
        var literal = IpLiteral.Read(address, stackalloc char[IpLiteral.MaxTextLength]);
        if (!literal.IsAddress)
        {
            json.Text("SrcHostname"u8, address, Worth.Core);
        }
        else
        {
            json.Address("SrcIpAddr"u8, literal.Text);
            json.Number("SrcPortNumber"u8, literal.Port, Worth.Fact);
        }
    }

    private static string Known(string? text, string otherwise) => string.IsNullOrEmpty(text) ? otherwise : text;
}
