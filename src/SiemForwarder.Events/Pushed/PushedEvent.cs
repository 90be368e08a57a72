using System.Text;
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
        var cursor = JsonCursor.Over(json);
        cursor.ReadRoot();
        if (cursor.Kind != JsonTokenType.StartObject)
        {
            return;
        }

        cursor.Enter();
        while (cursor.NextMember())
        {
            var name = Utf8StringPool.GetString(cursor.Name);
            switch (name)
            {
                case "event_id": pushed.Id = cursor.ReadText(); break;
                case "timestamp": pushed.Time = PushedTime.Read(ref cursor); break;
                case "event_type": pushed.Type = cursor.ReadText(); break;
                case "name": pushed.Name = cursor.ReadText(); break;
                case "category": pushed.Category = cursor.ReadText(); break;
                case "outcome": pushed.Outcome = cursor.ReadText(); break;
                case "severity": pushed.Severity = cursor.ReadInteger(); break;
                case "reason": pushed.Reason = cursor.ReadText(); break;
                case "org_id": pushed.Realm = cursor.ReadText(); break;
                case "realm_id": pushed.RealmId = cursor.ReadText(); break;
                case "subject": pushed.Subject = cursor.ReadText(); break;
                case "subject_id": pushed.SubjectId = cursor.ReadText(); break;
                case "requestor": pushed.Requestor = cursor.ReadText(); break;
                case "requestor_id": pushed.RequestorId = cursor.ReadText(); break;
                case "requestor_realm": pushed.RequestorRealm = cursor.ReadText(); break;
                case "client_id": pushed.ClientId = cursor.ReadText(); break;
                case "session_id": pushed.SessionId = cursor.ReadText(); break;
                case "transaction_id": pushed.TransactionId = cursor.ReadText(); break;
                case "ip_address": pushed.IpAddress = cursor.ReadText(); break;
                case "location" when cursor.Kind == JsonTokenType.StartObject: ReadLocation(ref cursor, ref pushed); break;
                case "operation": pushed.Operation = cursor.ReadText(); break;
                case "resource_type": pushed.ResourceType = cursor.ReadText(); break;
                case "resource_path": pushed.ResourcePath = cursor.ReadText(); break;
                case "resource_id": pushed.ResourceId = cursor.ReadText(); break;
                case "resource_name": pushed.ResourceName = cursor.ReadText(); break;
                case "representation": pushed.Representation = ReadRepresentation(ref cursor); break;
                case "test" when cursor.Kind == JsonTokenType.True: pushed.IsTest = true; break;
                case "context" when cursor.Kind == JsonTokenType.StartObject: ReadContext(ref cursor, pushed.Details); break;
                case "schema_version" or "kind" or "received_at" or "source" or "signature_id" or "resource_values": break;
                default: EventDetails.Add(pushed.Details, name, ref cursor); break;
            }
        }
    }

    // A text may hold the JSON.
    private static string? ReadRepresentation(ref JsonCursor cursor) => cursor.Kind == JsonTokenType.String
        ? SecretRedactor.Redact(Encoding.UTF8.GetBytes(JsonText.ToText(cursor.Value, cursor.IsEscaped)))
        : cursor.ReadText();

    // What a location does not have is kept as it was sent.
    private static void ReadLocation(ref JsonCursor cursor, ref PushedEvent pushed)
    {
        var start = cursor;
        pushed.Location = PushedLocation.Read(ref cursor, out var isWhole);
        if (!isWhole)
        {
            EventDetails.Add(pushed.Details, "location", ref start);
        }
    }

    private static void ReadContext(ref JsonCursor cursor, List<KeyValuePair<string, string>> details)
    {
        cursor.Enter();
        while (cursor.NextMember())
        {
            EventDetails.Add(details, Utf8StringPool.GetString(cursor.Name), ref cursor);
        }
    }
}
