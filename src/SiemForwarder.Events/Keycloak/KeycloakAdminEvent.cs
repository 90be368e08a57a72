using System.Text.Json;
using SiemForwarder.Events.Json;

namespace SiemForwarder.Events.Keycloak;

/// <summary>An admin event as Keycloak writes it (<c>AdminEventRepresentation</c>); what is absent, null or of another type than expected
/// stays empty.</summary>
internal struct KeycloakAdminEvent()
{
    public string? Id;
    public long? Time;
    public string? RealmId;
    public string? ActorRealmId;
    public string? ActorClientId;
    public string? ActorUserId;
    public string? ActorUserName;
    public string? IpAddress;
    public string? SessionId;
    public string? Operation;
    public string? ResourceType;
    public string? ResourcePath;
    public string? Error;
    public KeyValuePair<string, string>[] Details = [];

    /// <summary>The representation as UTF-8 JSON, or null.</summary>
    public byte[]? Representation;

    /// <summary>Reads as far as the text is JSON; throws <see cref="JsonException"/> where it is not, with what came before in
    /// <paramref name="adminEvent"/>.</summary>
    public static void Read(ReadOnlySpan<byte> json, ref KeycloakAdminEvent adminEvent)
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
                case "id": adminEvent.Id = JsonText.ReadText(ref reader, json); break;
                case "time": adminEvent.Time = JsonText.ReadInteger(ref reader); break;
                case "realmId": adminEvent.RealmId = JsonText.ReadText(ref reader, json); break;
                case "authDetails": ReadActor(ref reader, json, ref adminEvent); break;
                case "operationType": adminEvent.Operation = JsonText.ReadText(ref reader, json); break;
                case "resourceType": adminEvent.ResourceType = JsonText.ReadText(ref reader, json); break;
                case "resourcePath": adminEvent.ResourcePath = JsonText.ReadText(ref reader, json); break;
                case "error": adminEvent.Error = JsonText.ReadText(ref reader, json); break;
                case "details": adminEvent.Details = EventDetails.Read(ref reader, json); break;
                case "representation": adminEvent.Representation = ReadRepresentation(ref reader, json); break;
                default: reader.Skip(); break;
            }
        }
    }

    private static void ReadActor(ref Utf8JsonReader reader, ReadOnlySpan<byte> json, ref KeycloakAdminEvent adminEvent)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = JsonText.ReadString(ref reader);
            reader.Read();
            switch (name)
            {
                case "realmId": adminEvent.ActorRealmId = JsonText.ReadText(ref reader, json); break;
                case "clientId": adminEvent.ActorClientId = JsonText.ReadText(ref reader, json); break;
                case "userId": adminEvent.ActorUserId = JsonText.ReadText(ref reader, json); break;
                case "username": adminEvent.ActorUserName = JsonText.ReadText(ref reader, json); break;
                case "ipAddress": adminEvent.IpAddress = JsonText.ReadText(ref reader, json); break;
                case "sessionId": adminEvent.SessionId = JsonText.ReadText(ref reader, json); break;
                default: reader.Skip(); break;
            }
        }
    }

    // Keycloak writes the representation as a string that holds JSON; plug-ins may write the JSON itself.
    internal static byte[]? ReadRepresentation(ref Utf8JsonReader reader, ReadOnlySpan<byte> json)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.Null:
                return null;
            case JsonTokenType.StartObject or JsonTokenType.StartArray:
                return JsonText.ReadRaw(ref reader, json).ToArray();
            case JsonTokenType.String when reader.ValueIsEscaped:
                var unescaped = new byte[reader.ValueSpan.Length];
                Array.Resize(ref unescaped, JsonText.Unescape(reader.ValueSpan, unescaped));
                return unescaped;
            default:
                return reader.ValueSpan.ToArray();
        }
    }
}
