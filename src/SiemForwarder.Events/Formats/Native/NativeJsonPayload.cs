using SiemForwarder.Events.Formats.Json;
using SiemForwarder.Events.Formats.Text;

namespace SiemForwarder.Events.Formats.Native;

/// <summary>Writes the native schema: one compact JSON object, without nulls (RFC 8259).</summary>
/// <param name="includeRepresentation">Whether the representation of admin events is written.</param>
internal sealed class NativeJsonPayload(bool includeRepresentation) : JsonPayload
{
    protected override void Write(SecurityEvent securityEvent, JsonMembers json)
    {
        json.Text("schema_version"u8, NativeJson.SchemaVersion, Worth.Core);
        json.Identity("event_id"u8, securityEvent.Id);
        json.Identity("event_type"u8, securityEvent.Type);
        json.Instant("timestamp"u8, securityEvent.OccurredAt);
        json.Text("outcome"u8, Texts.Outcome(securityEvent.Outcome));
        if (!json.IsScarce)
        {
            WriteDescription(securityEvent, json);
            WriteParties(securityEvent, json);
            WriteOrigin(securityEvent, json);
            WriteLocation(securityEvent.Location, json);
            json.Details("context"u8, securityEvent.Details, asSent: true);
            WriteAdmin(securityEvent.Admin, json);
        }

        json.Mark("deprecated_duplicate"u8, securityEvent.IsDeprecatedDuplicate);
        json.Mark("test"u8, securityEvent.IsTest);
        json.Shortened("truncated"u8);
    }

    private static void WriteDescription(SecurityEvent securityEvent, JsonMembers json)
    {
        json.Instant("received_at"u8, securityEvent.ReceivedAt, Worth.Unmapped);
        json.Text("kind"u8, Kind(securityEvent.Kind), Worth.Caption);
        json.Identity("signature_id"u8, securityEvent.SignatureId);
        json.Text("category"u8, securityEvent.Description.Category, Worth.Caption);
        json.Text("name"u8, securityEvent.Description.Name, Worth.Caption);
        json.Number("severity"u8, securityEvent.Severity);
        json.Text("reason"u8, securityEvent.Reason);
    }

    private static void WriteParties(SecurityEvent securityEvent, JsonMembers json)
    {
        var subject = securityEvent.Subject;
        var requestor = securityEvent.Actor;
        var worth = ReferenceEquals(subject, requestor) ? Worth.Repetition : Worth.Core;
        json.Text("subject"u8, subject?.Name ?? subject?.Id, Worth.Core);
        json.Text("subject_id"u8, subject?.Id, Worth.Core);
        json.Text("requestor"u8, requestor?.Name ?? requestor?.Id, worth);
        json.Text("requestor_id"u8, requestor?.Id, worth);
        json.Text("requestor_realm"u8, requestor?.Realm, Worth.Context);
        json.Text("requestor_client_id"u8, securityEvent.Kind == EventKind.Admin ? requestor?.ClientId : null);
    }

    private static void WriteOrigin(SecurityEvent securityEvent, JsonMembers json)
    {
        var source = securityEvent.Source;
        json.Text("org_id"u8, source.Realm.Length > 0 ? source.Realm : securityEvent.RealmId);
        json.Text("realm_id"u8, securityEvent.RealmId, Worth.Unmapped);
        json.Text("source"u8, source.Name, Worth.Unmapped);
        json.Text("client_id"u8, securityEvent.ClientId);
        json.Text("session_id"u8, securityEvent.SessionId);
        json.Text("transaction_id"u8, securityEvent.TransactionId, Worth.Context);
        json.Text("ip_address"u8, securityEvent.IpAddress, Worth.Core);
    }

    private static void WriteLocation(EventLocation? location, JsonMembers json)
    {
        if (location is null)
        {
            return;
        }

        json.Open("location"u8);
        json.Text("city"u8, location.City, Worth.Context);
        json.Text("region"u8, location.Region, Worth.Context);
        json.Text("regionCode"u8, location.RegionCode, Worth.Context);
        json.Text("country"u8, location.Country, Worth.Context);
        json.Number("latitude"u8, location.Latitude);
        json.Number("longitude"u8, location.Longitude);
        json.Number("accuracyRadiusKm"u8, location.AccuracyRadiusKm);
        json.Number("autonomousSystemNumber"u8, location.AutonomousSystemNumber);
        json.Text("autonomousSystemOrganization"u8, location.AutonomousSystemOrganization, Worth.Context);
        json.Close();
    }

    private void WriteAdmin(AdminAction? admin, JsonMembers json)
    {
        if (admin is null)
        {
            return;
        }

        json.Text("operation"u8, admin.Operation, Worth.Context);
        json.Text("resource_type"u8, admin.ResourceType, Worth.Context);
        json.Text("resource_path"u8, admin.ResourcePath);
        json.Text("resource_id"u8, admin.ResourceId);
        json.Text("resource_name"u8, admin.ResourceName);
        json.Details("resource_values"u8, admin.Values, asSent: true);
        // The redactor writes compact JSON, or a note in words if the text was not JSON.
        json.Json("representation"u8, includeRepresentation ? admin.Representation : null, Worth.Representation);
    }

    private static ReadOnlySpan<byte> Kind(EventKind kind) => kind switch
    {
        EventKind.User => "user"u8,
        EventKind.Admin => "admin"u8,
        EventKind.Application => "application"u8,
        EventKind.Detection => "detection"u8,
        _ => "operational"u8,
    };
}
