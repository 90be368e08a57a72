using System.Text.Json;
using SiemForwarder.Events.Json;
using SiemForwarder.Events.Keycloak;

namespace SiemForwarder.Events.Pushed;

/// <summary>An event that somebody posted in the native schema; members that the schema does not have become details.</summary>
internal struct PushedEvent()
{
    public string? Id;
    public long? Time;
    public string? Type;
    public string? Name;
    public string? Category;
    public string? Outcome;
    public long? Severity;
    public string? Reason;
    public string? Realm;
    public string? RealmId;
    public string? Subject;
    public string? SubjectId;
    public string? Requestor;
    public string? RequestorId;
    public string? RequestorRealm;
    public string? ClientId;
    public string? SessionId;
    public string? TransactionId;
    public string? IpAddress;
    public string? Operation;
    public string? ResourceType;
    public string? ResourcePath;
    public string? ResourceId;
    public string? ResourceName;
    public string? Representation;
    public EventLocation? Location;
    public bool IsTest;
    public List<KeyValuePair<string, string>> Details = [];

    /// <summary>Reads as far as the text is JSON; throws <see cref="JsonException"/> where it is not, with what came before in
    /// <paramref name="pushed"/>.</summary>
    public static void Read(ReadOnlySpan<byte> json, ref PushedEvent pushed)
    {
        try
        {
            ReadMembers(json, ref pushed);
        }
        finally
        {
            EventDetails.KeepLast(pushed.Details);
        }
    }

    private static void ReadMembers(ReadOnlySpan<byte> json, ref PushedEvent pushed)
    {
        var reader = new Utf8JsonReader(json, JsonText.ReaderOptions);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            return;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = JsonText.ReadString(ref reader);
            reader.Read();
            switch (name)
            {
                case "event_id": pushed.Id = JsonText.ReadText(ref reader, json); break;
                case "timestamp": pushed.Time = PushedTime.Read(ref reader); break;
                case "event_type": pushed.Type = JsonText.ReadText(ref reader, json); break;
                case "name": pushed.Name = JsonText.ReadText(ref reader, json); break;
                case "category": pushed.Category = JsonText.ReadText(ref reader, json); break;
                case "outcome": pushed.Outcome = JsonText.ReadText(ref reader, json); break;
                case "severity": pushed.Severity = JsonText.ReadInteger(ref reader); break;
                case "reason": pushed.Reason = JsonText.ReadText(ref reader, json); break;
                case "org_id": pushed.Realm = JsonText.ReadText(ref reader, json); break;
                case "realm_id": pushed.RealmId = JsonText.ReadText(ref reader, json); break;
                case "subject": pushed.Subject = JsonText.ReadText(ref reader, json); break;
                case "subject_id": pushed.SubjectId = JsonText.ReadText(ref reader, json); break;
                case "requestor": pushed.Requestor = JsonText.ReadText(ref reader, json); break;
                case "requestor_id": pushed.RequestorId = JsonText.ReadText(ref reader, json); break;
                case "requestor_realm": pushed.RequestorRealm = JsonText.ReadText(ref reader, json); break;
                case "client_id": pushed.ClientId = JsonText.ReadText(ref reader, json); break;
                case "session_id": pushed.SessionId = JsonText.ReadText(ref reader, json); break;
                case "transaction_id": pushed.TransactionId = JsonText.ReadText(ref reader, json); break;
                case "ip_address": pushed.IpAddress = JsonText.ReadText(ref reader, json); break;
                case "location" when reader.TokenType == JsonTokenType.StartObject: ReadLocation(ref reader, json, ref pushed); break;
                case "operation": pushed.Operation = JsonText.ReadText(ref reader, json); break;
                case "resource_type": pushed.ResourceType = JsonText.ReadText(ref reader, json); break;
                case "resource_path": pushed.ResourcePath = JsonText.ReadText(ref reader, json); break;
                case "resource_id": pushed.ResourceId = JsonText.ReadText(ref reader, json); break;
                case "resource_name": pushed.ResourceName = JsonText.ReadText(ref reader, json); break;
                case "representation": pushed.Representation = JsonText.ReadRedacted(ref reader, json); break;
                case "test" when reader.TokenType == JsonTokenType.True: pushed.IsTest = true; break;
                case "context" when reader.TokenType == JsonTokenType.StartObject: ReadContext(ref reader, json, pushed.Details); break;
                case "schema_version" or "kind" or "received_at" or "source" or "signature_id" or "resource_values": reader.Skip(); break;
                default: EventDetails.Add(pushed.Details, name, ref reader, json); break;
            }
        }
    }

    // What a location does not have is kept as it was sent.
    private static void ReadLocation(ref Utf8JsonReader reader, ReadOnlySpan<byte> json, ref PushedEvent pushed)
    {
        var start = reader;
        pushed.Location = PushedLocation.Read(ref reader, json, out var isWhole);
        if (!isWhole)
        {
            EventDetails.Add(pushed.Details, "location", ref start, json);
        }
    }

    private static void ReadContext(ref Utf8JsonReader reader, ReadOnlySpan<byte> json, List<KeyValuePair<string, string>> details)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = JsonText.ReadString(ref reader);
            reader.Read();
            EventDetails.Add(details, name, ref reader, json);
        }
    }
}
