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
        var cursor = JsonCursor.Over(json);
        cursor.ReadRoot();
        if (cursor.Kind != JsonTokenType.StartObject)
        {
            return;
        }

        cursor.Enter();
        while (cursor.NextMember())
        {
            one.Take(KeycloakMemberNames.Find(cursor.Name), shape, ref cursor);
        }
    }

    private void Take(KeycloakMember member, KeycloakEventShape shape, ref JsonCursor cursor)
    {
        var (isUser, isAdmin) = (shape == KeycloakEventShape.User, shape == KeycloakEventShape.Admin);
        switch (member)
        {
            case KeycloakMember.Id: Id = cursor.ReadText((int)member); break;
            case KeycloakMember.Time: Time = cursor.ReadInteger(); break;
            case KeycloakMember.Type when !isAdmin: Type = cursor.ReadText((int)member); break;
            case KeycloakMember.RealmId: (IsRealmIdText, RealmId) = (cursor.Kind == JsonTokenType.String, cursor.ReadText((int)member)); break;
            case KeycloakMember.NativeType when !isUser && !isAdmin: NativeType = cursor.ReadText((int)member); break;
            case KeycloakMember.RealmName when !isUser && !isAdmin: RealmName = cursor.ReadText((int)member); break;
            case KeycloakMember.OperationType when !isUser: Operation = cursor.ReadText((int)member); break;
            case KeycloakMember.ResourceType when !isUser: ResourceType = cursor.ReadText((int)member); break;
            case KeycloakMember.ResourcePath when !isUser: ResourcePath = cursor.ReadText((int)member); break;
            case KeycloakMember.Error: Error = cursor.ReadText((int)member); break;
            case KeycloakMember.Details: Details = EventDetails.Read(ref cursor); break;
            case KeycloakMember.Representation when !isUser: Representation = ReadRepresentation(ref cursor); break;
            case KeycloakMember.AuthDetails when !isUser && cursor.Kind == JsonTokenType.StartObject: ReadActor(ref cursor); break;
            case KeycloakMember.UserName when isUser: break;
            default:
                if (!isAdmin)
                {
                    TakeOfActor(member, ref cursor);
                }

                break;
        }
    }

    private void ReadActor(ref JsonCursor cursor)
    {
        cursor.Enter();
        while (cursor.NextMember())
        {
            var member = KeycloakMemberNames.Find(cursor.Name);
            if (member == KeycloakMember.RealmId)
            {
                ActorRealmId = cursor.ReadText((int)KeycloakMember.AuthDetails);
            }
            else
            {
                TakeOfActor(member, ref cursor);
            }
        }
    }

    private void TakeOfActor(KeycloakMember member, ref JsonCursor cursor)
    {
        switch (member)
        {
            case KeycloakMember.ClientId: ClientId = cursor.ReadText((int)member); break;
            case KeycloakMember.UserId: UserId = cursor.ReadText((int)member); break;
            case KeycloakMember.UserName: UserName = cursor.ReadText((int)member); break;
            case KeycloakMember.SessionId: SessionId = cursor.ReadText((int)member); break;
            case KeycloakMember.IpAddress: IpAddress = cursor.ReadText((int)member); break;
            default: break;
        }
    }

    // Keycloak writes the representation as a string containing JSON; plug-ins may write the JSON itself.
    private static byte[]? ReadRepresentation(ref JsonCursor cursor)
    {
        switch (cursor.Kind)
        {
            case JsonTokenType.Null:
                return null;
            case JsonTokenType.StartObject or JsonTokenType.StartArray:
                return cursor.ReadRaw().ToArray();
            case JsonTokenType.String when cursor.IsEscaped:
                var unescaped = new byte[cursor.Value.Length];
                Array.Resize(ref unescaped, JsonText.Unescape(cursor.Value, unescaped));
                return unescaped;
            default:
                return cursor.Value.ToArray();
        }
    }
}
