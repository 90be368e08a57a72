namespace SiemForwarder.Service.Keycloak.Client;

/// <summary>What a realm says of itself to everybody, whatever address it is asked at.</summary>
/// <param name="Issuer">Issuer of its tokens; follows the address on servers without a fixed host name.</param>
/// <param name="KeyIds">Ids of its public keys, which no two realms share unless one was copied from the other.</param>
internal sealed record RealmIdentity(string Issuer, IReadOnlyList<string> KeyIds)
{
    /// <summary>Whether both are one realm.</summary>
    public bool IsSameAs(RealmIdentity other) => Issuer == other.Issuer || KeyIds.Intersect(other.KeyIds, StringComparer.Ordinal).Any();
}
