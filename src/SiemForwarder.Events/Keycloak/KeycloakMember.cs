namespace SiemForwarder.Events.Keycloak;

/// <summary>The members of an event that Keycloak or a webhook plug-in writes, and those that tell an event in the native schema.</summary>
internal enum KeycloakMember
{
    Other,
    Id,
    Time,
    Type,
    Error,
    RealmId,
    RealmName,
    Details,
    Context,
    AuthDetails,
    ClientId,
    UserId,
    UserName,
    SessionId,
    IpAddress,
    OperationType,
    ResourceType,
    ResourcePath,
    Representation,
    NativeId,
    NativeTime,
    NativeType,
}

/// <summary>Finds members by their names as UTF-8, so that reading an event makes no strings of them.</summary>
internal static class KeycloakMemberNames
{
    public static KeycloakMember Find(ReadOnlySpan<byte> name) => name.Length switch
    {
        2 when name.SequenceEqual("id"u8) => KeycloakMember.Id,
        4 when name.SequenceEqual("time"u8) => KeycloakMember.Time,
        4 when name.SequenceEqual("type"u8) => KeycloakMember.Type,
        5 when name.SequenceEqual("error"u8) => KeycloakMember.Error,
        6 when name.SequenceEqual("userId"u8) => KeycloakMember.UserId,
        7 when name.SequenceEqual("realmId"u8) => KeycloakMember.RealmId,
        7 when name.SequenceEqual("details"u8) => KeycloakMember.Details,
        7 when name.SequenceEqual("context"u8) => KeycloakMember.Context,
        8 when name.SequenceEqual("clientId"u8) => KeycloakMember.ClientId,
        8 when name.SequenceEqual("username"u8) => KeycloakMember.UserName,
        8 when name.SequenceEqual("event_id"u8) => KeycloakMember.NativeId,
        9 when name.SequenceEqual("ipAddress"u8) => KeycloakMember.IpAddress,
        9 when name.SequenceEqual("sessionId"u8) => KeycloakMember.SessionId,
        9 when name.SequenceEqual("realmName"u8) => KeycloakMember.RealmName,
        9 when name.SequenceEqual("timestamp"u8) => KeycloakMember.NativeTime,
        10 when name.SequenceEqual("event_type"u8) => KeycloakMember.NativeType,
        11 when name.SequenceEqual("authDetails"u8) => KeycloakMember.AuthDetails,
        12 when name.SequenceEqual("resourceType"u8) => KeycloakMember.ResourceType,
        12 when name.SequenceEqual("resourcePath"u8) => KeycloakMember.ResourcePath,
        13 when name.SequenceEqual("operationType"u8) => KeycloakMember.OperationType,
        14 when name.SequenceEqual("representation"u8) => KeycloakMember.Representation,
        _ => KeycloakMember.Other,
    };
}
