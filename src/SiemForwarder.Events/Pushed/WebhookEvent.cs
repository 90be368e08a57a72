using System.Text.Json;
using SiemForwarder.Events.Json;
using SiemForwarder.Events.Keycloak;

namespace SiemForwarder.Events.Pushed;

/// <summary>An event as webhook plug-ins of Keycloak write it; who acted stands beside the other members, or in <c>authDetails</c>.</summary>
/// <remarks>p2-inc/keycloak-events (types <c>access.…</c>, <c>admin.…</c>, <c>system.…</c>), vymalo/keycloak-webhook (<c>LOGIN</c>, <c>USER-CREATE</c>),
/// and any that writes Keycloak's own representation.</remarks>
internal struct WebhookEvent()
{
    public string? Id;
    public long? Time;
    public string? Type;
    public string? RealmId;
    public string? RealmName;
    public string? ActorRealm;
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
    public byte[]? Representation;

    /// <summary>Reads as far as the text is JSON; throws <see cref="JsonException"/> where it is not, with what came before in
    /// <paramref name="webhook"/>.</summary>
    public static void Read(ReadOnlySpan<byte> json, ref WebhookEvent webhook)
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
                case "id": webhook.Id = JsonText.ReadText(ref reader, json); break;
                case "time": webhook.Time = JsonText.ReadInteger(ref reader); break;
                case "type": webhook.Type = JsonText.ReadText(ref reader, json); break;
                case "realmId": webhook.RealmId = JsonText.ReadText(ref reader, json); break;
                case "realmName": webhook.RealmName = JsonText.ReadText(ref reader, json); break;
                case "operationType": webhook.Operation = JsonText.ReadText(ref reader, json); break;
                case "resourceType": webhook.ResourceType = JsonText.ReadText(ref reader, json); break;
                case "resourcePath": webhook.ResourcePath = JsonText.ReadText(ref reader, json); break;
                case "error": webhook.Error = JsonText.ReadText(ref reader, json); break;
                case "details": webhook.Details = EventDetails.Read(ref reader, json); break;
                case "representation": webhook.Representation = KeycloakAdminEvent.ReadRepresentation(ref reader, json); break;
                case "authDetails" when reader.TokenType == JsonTokenType.StartObject: ReadActor(ref reader, json, ref webhook); break;
                default: ReadActorMember(name, ref reader, json, ref webhook); break;
            }
        }
    }

    /// <summary>The login event that was pushed, as Keycloak's API would have shown it.</summary>
    public readonly KeycloakUserEvent ToUserEvent() => new()
    {
        Id = Id,
        Time = Time,
        Type = PushedOutline.WithoutUserPrefix(Type),
        RealmId = RealmId,
        ClientId = ClientId,
        UserId = UserId,
        UserName = UserName,
        SessionId = SessionId,
        IpAddress = IpAddress,
        Error = Error,
        Details = Details,
    };

    /// <summary>The admin event that was pushed, as Keycloak's API would have shown it.</summary>
    public readonly KeycloakAdminEvent ToAdminEvent()
    {
        var split = PushedOutline.SplitAdminType(Type);
        return new KeycloakAdminEvent
        {
            Id = Id,
            Time = Time,
            RealmId = RealmId,
            // A plug-in that tells the realm of who acted tells its name; where it is this one, the API would tell the id of this one.
            ActorRealmId = ActorRealm == RealmName ? RealmId : ActorRealm,
            ActorClientId = ClientId,
            ActorUserId = UserId,
            ActorUserName = UserName,
            IpAddress = IpAddress,
            SessionId = SessionId,
            Operation = Operation ?? split?.Operation,
            ResourceType = ResourceType ?? split?.ResourceType,
            ResourcePath = ResourcePath,
            Error = Error,
            Details = OwnDetails(),
            Representation = Representation,
        };
    }

    /// <summary>The event that an application published, in the members of the native schema.</summary>
    public readonly PushedEvent ToPushedEvent() => new()
    {
        Id = Id,
        Time = Time,
        Type = Type,
        Realm = RealmName ?? ActorRealm,
        RealmId = RealmId,
        Requestor = UserName,
        RequestorId = UserId,
        ClientId = ClientId,
        SessionId = SessionId,
        IpAddress = IpAddress,
        Reason = Error,
        Outcome = Error is null ? null : "failure",
        Operation = Operation,
        ResourceType = ResourceType,
        ResourcePath = ResourcePath,
        Representation = Representation is null ? null : SecretRedactor.Redact(Representation),
        Details = [.. Details],
    };

    private static void ReadActor(ref Utf8JsonReader reader, ReadOnlySpan<byte> json, ref WebhookEvent webhook)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = JsonText.ReadString(ref reader);
            reader.Read();
            if (name == "realmId")
            {
                webhook.ActorRealm = JsonText.ReadText(ref reader, json);
            }
            else
            {
                ReadActorMember(name, ref reader, json, ref webhook);
            }
        }
    }

    private static void ReadActorMember(string name, ref Utf8JsonReader reader, ReadOnlySpan<byte> json, ref WebhookEvent webhook)
    {
        switch (name)
        {
            case "clientId": webhook.ClientId = JsonText.ReadText(ref reader, json); break;
            case "userId": webhook.UserId = JsonText.ReadText(ref reader, json); break;
            case "username": webhook.UserName = JsonText.ReadText(ref reader, json); break;
            case "sessionId": webhook.SessionId = JsonText.ReadText(ref reader, json); break;
            case "ipAddress": webhook.IpAddress = JsonText.ReadText(ref reader, json); break;
            default: reader.Skip(); break;
        }
    }

    // The plug-in adds the id of the account that the path names already.
    private readonly KeyValuePair<string, string>[] OwnDetails()
    {
        var path = ResourcePath;
        return Array.FindAll(Details, detail => detail.Key != "userId" || path?.EndsWith($"users/{detail.Value}", StringComparison.Ordinal) != true);
    }
}
