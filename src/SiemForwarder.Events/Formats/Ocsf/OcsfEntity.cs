using System.Collections.Frozen;
using SiemForwarder.Events.Formats.Json;
using SiemForwarder.Events.Keycloak;

namespace SiemForwarder.Events.Formats.Ocsf;

/// <summary>Writes <c>entity</c> of class 3004: what was created, changed or deleted.</summary>
internal static class OcsfEntity
{
    private const int User = 2;
    private const int Group = 3;
    private const int Other = 99;

    private static readonly FrozenDictionary<string, string> Captions =
        ResourceTypes.Rows.ToFrozenDictionary(row => row.Type, row => TypeNames.Title(row.Words));

    public static void Write(SecurityEvent securityEvent, JsonMembers json, bool includeRepresentation)
    {
        json.Open("entity"u8);
        if (securityEvent.Admin is { } admin)
        {
            WriteResource(securityEvent, admin, json);
            // A text, not an object: its members differ between types, users choose attribute names, and an index has one mapping.
            json.Text("data"u8, includeRepresentation ? admin.Representation : null, Worth.Representation);
        }
        else if (IsClient(securityEvent) || securityEvent.Type.Contains("REGISTER_NODE", StringComparison.Ordinal))
        {
            WriteNamed(securityEvent.ClientId, securityEvent.ClientId, json);
            WriteType(Other, "Client", json);
        }
        else
        {
            WriteNamed(securityEvent.Subject?.Id, securityEvent.Subject?.Name, json);
            WriteType(securityEvent.Description.ObjectType ?? "User", json);
        }

        json.Close();
    }

    /// <summary>True if a client registered, changed or deleted itself or another client: the event's client is the entity.</summary>
    public static bool IsClient(SecurityEvent securityEvent) =>
        securityEvent.Admin is null && securityEvent.Type.StartsWith("CLIENT_", StringComparison.Ordinal);

    private static void WriteResource(SecurityEvent securityEvent, AdminAction admin, JsonMembers json)
    {
        var isRealm = admin.ResourceType == "REALM";
        WriteNamed(
            admin.ResourceId ?? (admin.ResourcePath.Length > 0 ? admin.ResourcePath : null),
            admin.ResourceName ?? (isRealm ? securityEvent.Source.Realm : admin.ResourceType == "USER" ? securityEvent.Subject?.Name : null),
            json);
        switch (admin.ResourceType)
        {
            case "USER" or "USER_LOGIN_FAILURE" or "USER_SESSION":
                WriteType(User, "User", json);
                break;
            case "GROUP" or "ORGANIZATION_GROUP" or "GROUP_MEMBERSHIP" or "ORGANIZATION_GROUP_MEMBERSHIP":
                WriteType(Group, "Group", json);
                break;
            case "ORGANIZATION" or "ORGANIZATION_MEMBERSHIP":
                WriteType(4, "Organization", json);
                break;
            case "AUTH_FLOW" or "AUTH_EXECUTION_FLOW" or "AUTH_EXECUTION" or "AUTHENTICATOR_CONFIG" or "REQUIRED_ACTION" or "REQUIRED_ACTION_CONFIG"
                or "AUTHORIZATION_POLICY":
                WriteType(5, "Policy", json);
                break;
            case "REALM" when securityEvent.Description.Classification.Action == "clear events":
                WriteType(Other, "Event Log", json);
                break;
            case "":
                WriteType("Resource", json);
                break;
            default:
                WriteType(Captions.GetValueOrDefault(admin.ResourceType, admin.ResourceType), json);
                break;
        }
    }

    private static void WriteNamed(string? id, string? name, JsonMembers json)
    {
        if (!string.IsNullOrEmpty(id))
        {
            json.Identity("uid"u8, id);
            json.Text("name"u8, name);
        }
        else
        {
            json.Identity("name"u8, string.IsNullOrEmpty(name) ? "unknown" : name);
        }
    }

    private static void WriteType(string caption, JsonMembers json) =>
        WriteType(caption switch { "User" => User, "Group" => Group, _ => Other }, caption, json);

    private static void WriteType(int type, string caption, JsonMembers json)
    {
        json.Number("type_id"u8, type);
        json.Text("type"u8, caption, Worth.Caption);
    }
}
