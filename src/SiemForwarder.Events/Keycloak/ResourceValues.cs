using System.Collections.Frozen;
using System.Text;
using System.Text.Json;
using SiemForwarder.Events.Json;

namespace SiemForwarder.Events.Keycloak;

/// <summary>Values that detection rules need from the representation of an admin event, as texts under fixed names, so that they are available
/// without the complete representation.</summary>
/// <remarks>The names are Keycloak's own (<c>ClientRepresentation</c>, <c>RealmRepresentation</c>, <c>ComponentRepresentation</c> and so on), letters only
/// and fixed, so that an index has one field for each; those within <c>config</c> are placed beside the others.</remarks>
internal static class ResourceValues
{
    public const string Roles = "roles";
    public const string RoleIds = "roleIds";

    private const int MaxLength = 2000;

    private static readonly FrozenSet<string> Members = FrozenSet.ToFrozenSet(
    [
        // Accounts and groups.
        "enabled", "emailVerified", "requiredActions", "realmRoles", "federationLink", "serviceAccountClientId", "userName",
        // Clients.
        "redirectUris", "webOrigins", "rootUrl", "baseUrl", "adminUrl", "publicClient", "standardFlowEnabled", "implicitFlowEnabled",
        "directAccessGrantsEnabled", "serviceAccountsEnabled", "fullScopeAllowed", "consentRequired", "clientAuthenticatorType", "protocol", "protocolMapper",
        // The realm and its events.
        "eventsEnabled", "eventsExpiration", "eventsListeners", "enabledEventTypes", "adminEventsEnabled", "adminEventsDetailsEnabled", "bruteForceProtected",
        "sslRequired", "registrationAllowed", "passwordPolicy", "browserFlow",
        // Providers, components, flows.
        "providerId", "providerType", "trustEmail", "storeToken", "linkOnly", "firstBrokerLoginFlowAlias", "postBrokerLoginFlowAlias", "identityProviderMapper",
        "authenticator", "requirement",
    ]);

    private static readonly FrozenSet<string> Settings = FrozenSet.ToFrozenSet(
    [
        "authorizationUrl", "tokenUrl", "userInfoUrl", "jwksUrl", "logoutUrl", "issuer", "validateSignature", "syncMode", "singleSignOnServiceUrl", "entityId",
        "connectionUrl", "bindDn", "usersDn", "editMode", "vendor", "startTls", "useTruststoreSpi", "kerberosRealm", "priority", "active", "role",
    ]);

    /// <summary>All possible names.</summary>
    public static IEnumerable<string> Names => [Roles, RoleIds, .. Members, .. Settings];

    /// <summary>The values in a representation with masked secrets; none if it is unreadable or contains no such values.</summary>
    public static IReadOnlyList<KeyValuePair<string, string>> Read(string? redacted, in RepresentationFacts facts)
    {
        var values = new List<KeyValuePair<string, string>>();
        if (facts.RoleIds is not null && facts.Name is not null)
        {
            values.Add(new(Roles, facts.Name));
            values.Add(new(RoleIds, facts.RoleIds));
        }

        if (redacted is not ['{', ..])
        {
            return values;
        }

        var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(redacted), JsonText.ReaderOptions);
        reader.Read();
        ReadMembers(ref reader, Members, values);
        return values;
    }

    private static void ReadMembers(ref Utf8JsonReader reader, FrozenSet<string> names, List<KeyValuePair<string, string>> values)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = JsonText.ReadString(ref reader);
            reader.Read();
            if (names.Contains(name) && ReadValue(ref reader) is { } value && !values.Exists(other => other.Key == name))
            {
                values.Add(new(name, value));
            }
            else if (name == "config" && names == Members && reader.TokenType == JsonTokenType.StartObject)
            {
                ReadMembers(ref reader, Settings, values);
            }
            else
            {
                reader.Skip();
            }
        }
    }

    // Null if it is neither a value nor a list of values.
    private static string? ReadValue(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            return reader.TokenType == JsonTokenType.StartObject ? null : Scalar(ref reader);
        }

        var texts = new StringBuilder();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (Scalar(ref reader) is { } text && texts.Length < MaxLength)
            {
                texts.Append(texts.Length == 0 ? "" : ", ").Append(text);
            }

            reader.Skip();
        }

        return texts.ToString();
    }

    private static string? Scalar(ref Utf8JsonReader reader) => reader.TokenType switch
    {
        JsonTokenType.String => JsonText.ReadString(ref reader),
        JsonTokenType.Number or JsonTokenType.True or JsonTokenType.False => Encoding.UTF8.GetString(reader.ValueSpan),
        _ => null,
    };
}
