using System.Text.Json;
using SiemForwarder.Events.Json;

namespace SiemForwarder.Events.Keycloak;

/// <summary>The producer of a Keycloak event, which determines its possible members.</summary>
internal enum KeycloakEventShape
{
    /// <summary>Keycloak, a login event (<c>EventRepresentation</c>): the actor is given in members of the event itself, without a name.</summary>
    User,

    /// <summary>Keycloak, an admin event (<c>AdminEventRepresentation</c>): the actor is given in <c>authDetails</c>.</summary>
    Admin,

    /// <summary>A webhook plug-in, either kind of event: the actor is given in either place.</summary>
    Webhook,
}

/// <summary>An event as written by Keycloak or a webhook plug-in; members that are absent, null or of an unexpected type stay empty.</summary>
internal struct KeycloakEvent()
{
    public string? Id;
    public long? Time;
    public string? Type;
    public string? RealmId;
    public bool IsRealmIdText;
    public string? RealmName;
    public string? ActorRealmId;
    public string? ClientId;
    public string? UserId;
    public string? UserName;
    public string? SessionId;
    public string? IpAddress;
    public string? Operation;
    public string? ResourceType;
    public string? ResourcePath;
    public string? Error;
    public KeyValuePair<string, string>[] Details = [];

    /// <summary>The <c>event_type</c> of a pushed event, which shows that it uses the native schema.</summary>
    public string? NativeType;

    /// <summary>The representation as UTF-8 JSON, or null.</summary>
    public byte[]? Representation;

    /// <summary>Reads as far as the text is valid JSON; throws <see cref="JsonException"/> at the first error, with everything before it in
    /// <paramref name="one"/>.</summary>
    public static void Read(ReadOnlySpan<byte> json, KeycloakEventShape shape, ref KeycloakEvent one)
    {
        var reader = new Utf8JsonReader(json, JsonText.ReaderOptions);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            return;
        }

        var (isUser, isAdmin) = (shape == KeycloakEventShape.User, shape == KeycloakEventShape.Admin);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = JsonText.ReadString(ref reader);
            reader.Read();
            switch (name)
            {
                case "id": one.Id = JsonText.ReadText(ref reader, json); break;
                case "time": one.Time = JsonText.ReadInteger(ref reader); break;
                case "type" when !isAdmin: one.Type = JsonText.ReadText(ref reader, json); break;
                case "realmId":
                    one.IsRealmIdText = reader.TokenType == JsonTokenType.String;
                    one.RealmId = JsonText.ReadText(ref reader, json);
                    break;
                case "event_type" when !isUser && !isAdmin: one.NativeType = JsonText.ReadText(ref reader, json); break;
                case "realmName" when !isUser && !isAdmin: one.RealmName = JsonText.ReadText(ref reader, json); break;
                case "operationType" when !isUser: one.Operation = JsonText.ReadText(ref reader, json); break;
                case "resourceType" when !isUser: one.ResourceType = JsonText.ReadText(ref reader, json); break;
                case "resourcePath" when !isUser: one.ResourcePath = JsonText.ReadText(ref reader, json); break;
                case "error": one.Error = JsonText.ReadText(ref reader, json); break;
                case "details": one.Details = EventDetails.Read(ref reader, json); break;
                case "representation" when !isUser: one.Representation = ReadRepresentation(ref reader, json); break;
                case "authDetails" when !isUser && reader.TokenType == JsonTokenType.StartObject: ReadActor(ref reader, json, ref one); break;
                case "username" when isUser: reader.Skip(); break;
                case var _ when isAdmin: reader.Skip(); break;
                default: ReadActorMember(name, ref reader, json, ref one); break;
            }
        }
    }

    private static void ReadActor(ref Utf8JsonReader reader, ReadOnlySpan<byte> json, ref KeycloakEvent one)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = JsonText.ReadString(ref reader);
            reader.Read();
            if (name == "realmId")
            {
                one.ActorRealmId = JsonText.ReadText(ref reader, json);
            }
            else
            {
                ReadActorMember(name, ref reader, json, ref one);
            }
        }
    }

    private static void ReadActorMember(string name, ref Utf8JsonReader reader, ReadOnlySpan<byte> json, ref KeycloakEvent one)
    {
        switch (name)
        {
            case "clientId": one.ClientId = JsonText.ReadText(ref reader, json); break;
            case "userId": one.UserId = JsonText.ReadText(ref reader, json); break;
            case "username": one.UserName = JsonText.ReadText(ref reader, json); break;
            case "sessionId": one.SessionId = JsonText.ReadText(ref reader, json); break;
            case "ipAddress": one.IpAddress = JsonText.ReadText(ref reader, json); break;
            default: reader.Skip(); break;
        }
    }

    // Keycloak writes the representation as a string containing JSON; plug-ins may write the JSON itself.
    private static byte[]? ReadRepresentation(ref Utf8JsonReader reader, ReadOnlySpan<byte> json)
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
