using System.Text.Json;
using SiemForwarder.Events.Json;

namespace SiemForwarder.Events.Keycloak;

/// <summary>A login event as Keycloak writes it (<c>EventRepresentation</c>); what is absent, null or of another type than expected stays empty.</summary>
internal struct KeycloakUserEvent()
{
    public string? Id;
    public long? Time;
    public string? Type;
    public string? RealmId;
    public string? ClientId;
    public string? UserId;
    /// <summary>User name that a webhook plug-in looked up; Keycloak's API never tells it here.</summary>
    public string? UserName;
    public string? SessionId;
    public string? IpAddress;
    public string? Error;
    public KeyValuePair<string, string>[] Details = [];

    /// <summary>Reads as far as the text is JSON; throws <see cref="JsonException"/> where it is not, with what came before in
    /// <paramref name="userEvent"/>.</summary>
    public static void Read(ReadOnlySpan<byte> json, ref KeycloakUserEvent userEvent)
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
                case "id": userEvent.Id = JsonText.ReadText(ref reader, json); break;
                case "time": userEvent.Time = JsonText.ReadInteger(ref reader); break;
                case "type": userEvent.Type = JsonText.ReadText(ref reader, json); break;
                case "realmId": userEvent.RealmId = JsonText.ReadText(ref reader, json); break;
                case "clientId": userEvent.ClientId = JsonText.ReadText(ref reader, json); break;
                case "userId": userEvent.UserId = JsonText.ReadText(ref reader, json); break;
                case "sessionId": userEvent.SessionId = JsonText.ReadText(ref reader, json); break;
                case "ipAddress": userEvent.IpAddress = JsonText.ReadText(ref reader, json); break;
                case "error": userEvent.Error = JsonText.ReadText(ref reader, json); break;
                case "details": userEvent.Details = EventDetails.Read(ref reader, json); break;
                default: reader.Skip(); break;
            }
        }
    }
}
