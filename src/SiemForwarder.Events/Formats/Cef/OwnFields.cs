using System.Collections.Frozen;
using System.Text;
using SiemForwarder.Events.Keycloak;

namespace SiemForwarder.Events.Formats.Cef;

/// <summary>A pair of keys, for CEF and LEEF, for data for which neither standard defines a key.</summary>
/// <param name="Name">Keycloak's name of the detail or value.</param>
/// <param name="Cef">A space, the key, an equals sign. It starts with vendor and product, as CEF requires for custom keys (Implementation Standard v27, custom
/// keys).</param>
/// <param name="Leef">Letters and digits, as QRadar requires.</param>
internal sealed record OwnField(string Name, byte[] Cef, byte[] Leef);

/// <summary>The fields that the standards do not define: Keycloak's details, and values of a representation.</summary>
internal static class OwnFields
{
    public static readonly OwnField ResourceName = Field("", "resourceName");
    public static readonly OwnField ResourceId = Field("", "resourceId");

    private static readonly OwnField[] Details =
    [
        Field("granted_client", "grantedClient"), Field("revoked_client", "revokedClient"), Field("scope", "scope"), Field("consent", "consent"),
        Field("previous_email", "previousEmail"), Field("updated_email", "updatedEmail"),
        Field("previous_username", "previousUsername"), Field("updated_username", "updatedUsername"),
        Field("previous_first_name", "previousFirstName"), Field("updated_first_name", "updatedFirstName"),
        Field("previous_last_name", "previousLastName"), Field("updated_last_name", "updatedLastName"),
        Field("num_failures", "numFailures"), Field("not_before", "notBefore"), Field("custom_required_action", "requiredAction"),
        Field("credential_type", "credentialType"), Field("credential_id", "credentialId"), Field("org_id", "organizationId"),
        Field("node_host", "nodeHost"), Field("register_method", "registerMethod"), Field("identity_provider_identity", "identityProviderIdentity"),
        Field("requested_token_type", "requestedTokenType"), Field("subject_token_client_id", "subjectTokenClientId"), Field("audience", "audience"),
        Field("permission", "permission"), Field("client_registration_policy", "clientRegistrationPolicy"), Field("impersonator_realm", "impersonatorRealm"),
        Field(RehearsalMark.Detail, "rehearsal"), Field(RehearsalMark.IdDetail, "rehearsalId"), Field("redelivered_by_replay", "redeliveredByReplay"),
    ];

    private static readonly FrozenDictionary<string, OwnField> ByDetail = Details.ToFrozenDictionary(field => field.Name);

    private static readonly FrozenDictionary<string, OwnField> ByValue = ResourceValues.Names.ToFrozenDictionary(name => name, name => Field(name, name));

    /// <summary>All possible fields.</summary>
    public static IEnumerable<OwnField> All => [ResourceName, ResourceId, .. Details, .. ByValue.Values];

    /// <summary>The field of a detail, or null if it has another place or none.</summary>
    public static OwnField? FindDetail(string name) => ByDetail.GetValueOrDefault(name);

    /// <summary>The field of a value of a representation.</summary>
    public static OwnField? FindValue(string name) => ByValue.GetValueOrDefault(name);

    private static OwnField Field(string name, string key) => new(
        name,
        Encoding.ASCII.GetBytes($" {EventFormatCatalog.Vendor}{EventFormatCatalog.Product}{char.ToUpperInvariant(key[0])}{key[1..]}="),
        Encoding.ASCII.GetBytes(key));
}
