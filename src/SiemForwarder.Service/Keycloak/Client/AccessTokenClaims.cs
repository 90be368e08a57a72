using System.Buffers.Text;
using System.Text.Json;

namespace SiemForwarder.Service.Keycloak.Client;

/// <summary>The claims of our own access token that matter here; read, not verified: Keycloak verifies it.</summary>
/// <param name="IssuedAtSeconds"><c>iat</c>: the server's clock in epoch seconds.</param>
/// <param name="TokenId"><c>jti</c>; the CLIENT_LOGIN event of this token carries it as <c>token_id</c>.</param>
/// <param name="ManagementRoles">Roles by client: <c>realm-management</c>, or <c>&lt;realm&gt;-realm</c> for a service account of master.</param>
internal sealed record AccessTokenClaims(long? IssuedAtSeconds, string? TokenId, IReadOnlyDictionary<string, IReadOnlyList<string>> ManagementRoles)
{
    /// <summary>Reads the payload of a JWT; null where the token is opaque (RFC 7519 section 3).</summary>
    public static AccessTokenClaims? Find(string token)
    {
        var parts = token.Split('.');
        if (parts.Length != 3)
        {
            return null;
        }

        try
        {
            using var payload = JsonDocument.Parse(Base64Url.DecodeFromChars(parts[1]));
            var root = payload.RootElement;
            var roles = new Dictionary<string, IReadOnlyList<string>>();
            if (root.TryGetProperty("resource_access", out var access))
            {
                foreach (var client in access.EnumerateObject())
                {
                    roles[client.Name] = client.Value.TryGetProperty("roles", out var list) ? [.. list.EnumerateArray().Select(role => role.GetString()!)] : [];
                }
            }

            return new AccessTokenClaims(
                root.TryGetProperty("iat", out var issuedAt) ? Seconds(issuedAt) : null,
                root.TryGetProperty("jti", out var tokenId) ? tokenId.GetString() : null,
                roles);
        }
        catch (Exception fault) when (fault is JsonException or FormatException or InvalidOperationException)
        {
            // An opaque token may have two dots as well.
            return null;
        }
    }

    /// <summary>A number that can be a time; anything else says nothing of the server's clock.</summary>
    private static long? Seconds(JsonElement value) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var seconds) && seconds is >= 0 and < 1e12
            && ServerClock.IsPlausible((long)seconds * 1000)
                ? (long)seconds
                : null;

    /// <summary>Whether the token carries a role that lets it read events of <paramref name="realm"/>.</summary>
    public bool MayReadEvents(string realm) => HasRole(realm, "view-events") || HasRole(realm, "manage-events");

    public bool HasRole(string realm, string role) =>
        new[] { "realm-management", $"{realm}-realm" }.Any(client => ManagementRoles.TryGetValue(client, out var roles) && roles.Contains(role));
}
