using System.Buffers.Text;
using System.Text.Json;

namespace SiemForwarder.Service.Keycloak.Client;

/// <summary>The access token of a source's service account: fetched when needed, kept until shortly before it expires.</summary>
internal sealed class KeycloakToken(KeycloakSource source, KeycloakConnection connection, KeycloakRoot root, ServerClock clock)
{
    private const long MaxLifetimeSeconds = 100 * 366 * 86_400L;

    private string? token;
    private long renewAtMs;
    private (long SentAtMs, long AnsweredAtMs) fetched;

    /// <summary>Claims of the current token; null before the first one or if it is opaque.</summary>
    public AccessTokenClaims? Claims { get; private set; }

    /// <summary>Id of the current token until its CLIENT_LOGIN event has been read.</summary>
    public string? UnseenTokenId { get; private set; }

    /// <summary>Discards the token; the next request fetches a new one.</summary>
    public void Drop() => token = null;

    public async Task<(string? Token, PollFailure? Failure)> GetAsync(CancellationToken cancellationToken)
    {
        if (token is not null && clock.LocalMs < renewAtMs)
        {
            return (token, null);
        }

        token = null;
        var (url, missing) = await root.FindAsync(cancellationToken);
        if (url is null)
        {
            return (null, missing);
        }

        var proof = source.Credential.Form(source.ClientId, root.Issuer, clock.Now).ToList();
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{url}/realms/{Uri.EscapeDataString(source.Realm)}/protocol/openid-connect/token")
        {
            Content = new FormUrlEncodedContent([new("grant_type", "client_credentials"), .. proof]),
        };
        var (answer, failure) = await connection.SendAsync(
            request, 1 << 20, cancellationToken, proof.Where(field => field.Key == "client_assertion").Select(field => field.Value));
        using var reply = answer;
        if (reply is null)
        {
            return (null, failure);
        }

        return reply is { Status: 200, IsJson: true } && TryTake(reply) ? (token, null) : (null, KeycloakAnswers.ClassifyToken(source, reply));
    }

    /// <summary>Records the time at which the server stamped the login of the current token: its clock in milliseconds.</summary>
    public void ObserveLogin(long timeMs)
    {
        UnseenTokenId = null;
        if (Claims?.IssuedAtSeconds * 1000 is { } issuedAtMs && Math.Abs(timeMs - issuedAtMs) <= ServerClock.ToleranceMs)
        {
            clock.Observe(timeMs, timeMs, fetched.SentAtMs, fetched.AnsweredAtMs);
        }
    }

    private bool TryTake(KeycloakReply reply)
    {
        try
        {
            using var document = JsonDocument.Parse(reply.Body.Bytes);
            if (!document.RootElement.TryGetProperty("access_token", out var accessToken) || accessToken.GetString() is not { Length: > 0 } text
                // A header can only contain visible characters (RFC 6749 appendix A.12).
                || text.AsSpan().ContainsAnyExceptInRange('!', '~'))
            {
                return false;
            }

            var lifetimeMs = document.RootElement.TryGetProperty("expires_in", out var expiresIn) && expiresIn.TryGetInt64(out var seconds)
                ? 1000 * Math.Clamp(seconds, 1, MaxLifetimeSeconds)
                : 60_000;

            // Thirty seconds before expiry, unless the lifetime is so short that the token would never be used.
            var usableMs = Math.Min(lifetimeMs * 8 / 10, Math.Max(lifetimeMs - 30_000, lifetimeMs / 2));
            token = text;
            renewAtMs = reply.SentAtMs + Math.Min(usableMs, PollTiming.MaxTokenUseMs);
            Claims = AccessTokenClaims.Find(text);
            UnseenTokenId = Claims?.TokenId;
            fetched = (reply.SentAtMs, reply.AnsweredAtMs);
            if (Claims?.IssuedAtSeconds is { } issuedAt)
            {
                clock.Observe(issuedAt * 1000, (issuedAt * 1000) + 999, reply.SentAtMs, reply.AnsweredAtMs);
            }

            return true;
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException or FormatException)
        {
            // Not a token response: the caller classifies the reply.
            return false;
        }
    }
}

/// <summary>The relevant claims of our own access token; read, not verified, because Keycloak verifies it.</summary>
/// <param name="IssuedAtSeconds"><c>iat</c>: the server's clock in epoch seconds.</param>
/// <param name="TokenId"><c>jti</c>; the CLIENT_LOGIN event of this token carries it as <c>token_id</c>.</param>
/// <param name="ManagementRoles">Roles by client: <c>realm-management</c>, or <c>&lt;realm&gt;-realm</c> for a service account of master.</param>
internal sealed record AccessTokenClaims(long? IssuedAtSeconds, string? TokenId, IReadOnlyDictionary<string, IReadOnlyList<string>> ManagementRoles)
{
    /// <summary>Reads the payload of a JWT; null if the token is opaque (RFC 7519 section 3).</summary>
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
            // An opaque token may contain two dots as well.
            return null;
        }
    }

    /// <summary>A number that can be a time; anything else reveals nothing about the server's clock.</summary>
    private static long? Seconds(JsonElement value) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var seconds) && seconds is >= 0 and < 1e12
            && ServerClock.IsPlausible((long)seconds * 1000)
                ? (long)seconds
                : null;

    /// <summary>Whether the token carries a role that lets it read events of <paramref name="realm"/>.</summary>
    public bool MayReadEvents(string realm) => HasRole(realm, "view-events") || HasRole(realm, "manage-events");

    /// <summary>Whether the token carries a role that lets it view users of <paramref name="realm"/>.</summary>
    public bool MayViewUsers(string realm) => HasRole(realm, "view-users") || HasRole(realm, "manage-users");

    public bool HasRole(string realm, string role) =>
        new[] { "realm-management", $"{realm}-realm" }.Any(client => ManagementRoles.TryGetValue(client, out var roles) && roles.Contains(role));
}
