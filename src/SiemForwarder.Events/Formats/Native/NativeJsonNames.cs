using System.Text.Json;

namespace SiemForwarder.Events.Formats.Native;

/// <summary>The member names of the native schema, encoded once.</summary>
internal static class NativeJsonNames
{
    public static readonly JsonEncodedText SchemaVersion = JsonEncodedText.Encode("schema_version");
    public static readonly JsonEncodedText EventId = JsonEncodedText.Encode("event_id");
    public static readonly JsonEncodedText EventType = JsonEncodedText.Encode("event_type");
    public static readonly JsonEncodedText SignatureId = JsonEncodedText.Encode("signature_id");
    public static readonly JsonEncodedText Timestamp = JsonEncodedText.Encode("timestamp");
    public static readonly JsonEncodedText ReceivedAt = JsonEncodedText.Encode("received_at");
    public static readonly JsonEncodedText Kind = JsonEncodedText.Encode("kind");
    public static readonly JsonEncodedText Category = JsonEncodedText.Encode("category");
    public static readonly JsonEncodedText Name = JsonEncodedText.Encode("name");
    public static readonly JsonEncodedText Outcome = JsonEncodedText.Encode("outcome");
    public static readonly JsonEncodedText Severity = JsonEncodedText.Encode("severity");
    public static readonly JsonEncodedText Reason = JsonEncodedText.Encode("reason");
    public static readonly JsonEncodedText OrgId = JsonEncodedText.Encode("org_id");
    public static readonly JsonEncodedText RealmId = JsonEncodedText.Encode("realm_id");
    public static readonly JsonEncodedText Source = JsonEncodedText.Encode("source");
    public static readonly JsonEncodedText Subject = JsonEncodedText.Encode("subject");
    public static readonly JsonEncodedText SubjectId = JsonEncodedText.Encode("subject_id");
    public static readonly JsonEncodedText Requestor = JsonEncodedText.Encode("requestor");
    public static readonly JsonEncodedText RequestorId = JsonEncodedText.Encode("requestor_id");
    public static readonly JsonEncodedText RequestorRealm = JsonEncodedText.Encode("requestor_realm");
    public static readonly JsonEncodedText RequestorClientId = JsonEncodedText.Encode("requestor_client_id");
    public static readonly JsonEncodedText ClientId = JsonEncodedText.Encode("client_id");
    public static readonly JsonEncodedText SessionId = JsonEncodedText.Encode("session_id");
    public static readonly JsonEncodedText TransactionId = JsonEncodedText.Encode("transaction_id");
    public static readonly JsonEncodedText IpAddress = JsonEncodedText.Encode("ip_address");
    public static readonly JsonEncodedText Location = JsonEncodedText.Encode("location");
    public static readonly JsonEncodedText City = JsonEncodedText.Encode("city");
    public static readonly JsonEncodedText Region = JsonEncodedText.Encode("region");
    public static readonly JsonEncodedText RegionCode = JsonEncodedText.Encode("regionCode");
    public static readonly JsonEncodedText Country = JsonEncodedText.Encode("country");
    public static readonly JsonEncodedText Latitude = JsonEncodedText.Encode("latitude");
    public static readonly JsonEncodedText Longitude = JsonEncodedText.Encode("longitude");
    public static readonly JsonEncodedText AccuracyRadiusKm = JsonEncodedText.Encode("accuracyRadiusKm");
    public static readonly JsonEncodedText AutonomousSystemNumber = JsonEncodedText.Encode("autonomousSystemNumber");
    public static readonly JsonEncodedText AutonomousSystemOrganization = JsonEncodedText.Encode("autonomousSystemOrganization");
    public static readonly JsonEncodedText Context = JsonEncodedText.Encode("context");
    public static readonly JsonEncodedText Operation = JsonEncodedText.Encode("operation");
    public static readonly JsonEncodedText ResourceType = JsonEncodedText.Encode("resource_type");
    public static readonly JsonEncodedText ResourcePath = JsonEncodedText.Encode("resource_path");
    public static readonly JsonEncodedText ResourceId = JsonEncodedText.Encode("resource_id");
    public static readonly JsonEncodedText ResourceName = JsonEncodedText.Encode("resource_name");
    public static readonly JsonEncodedText ResourceValues = JsonEncodedText.Encode("resource_values");
    public static readonly JsonEncodedText Representation = JsonEncodedText.Encode("representation");
    public static readonly JsonEncodedText DeprecatedDuplicate = JsonEncodedText.Encode("deprecated_duplicate");
    public static readonly JsonEncodedText Test = JsonEncodedText.Encode("test");
    public static readonly JsonEncodedText Truncated = JsonEncodedText.Encode("truncated");
}
