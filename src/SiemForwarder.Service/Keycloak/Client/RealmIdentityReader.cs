using System.Text.Json;

namespace SiemForwarder.Service.Keycloak.Client;

/// <summary>Reads the identity of a realm from its server, without a token, so that no event is created.</summary>
internal static class RealmIdentityReader
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(5);

    /// <summary>The identity; null if the server did not return it within five seconds. Throws only on cancellation.</summary>
    public static async Task<RealmIdentity?> ReadAsync(KeycloakSource source, TimeProvider time, CancellationToken cancellationToken)
    {
        using var bound = new CancellationTokenSource(Bound, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(bound.Token, cancellationToken);
        using var connection = new KeycloakConnection(source, time, new ServerClock(time));
        try
        {
            var root = new KeycloakRoot(source, connection);
            return await root.FindAsync(either.Token) is ({ } url, _)
                ? new RealmIdentity(root.Issuer, await ReadKeyIdsAsync(source, url, connection, either.Token))
                : null;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }

    private static async Task<IReadOnlyList<string>> ReadKeyIdsAsync(
        KeycloakSource source, string root, KeycloakConnection connection, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{root}/realms/{Uri.EscapeDataString(source.Realm)}/protocol/openid-connect/certs");
        var (answer, _) = await connection.SendAsync(request, 1 << 20, cancellationToken);
        using var reply = answer;
        return reply is { Status: 200, IsJson: true } ? KeyIdsOf(reply.Body.Bytes) : [];
    }

    private static List<string> KeyIdsOf(ReadOnlyMemory<byte> json)
    {
        try
        {
            return [.. JsonSerializer.Deserialize<KeySet>(json.Span, JsonSerializerOptions.Web)?.Keys?.Select(key => key.Kid).OfType<string>() ?? []];
        }
        catch (JsonException)
        {
            return [];
        }
    }

    /// <summary>A set of public keys (RFC 7517 section 5).</summary>
    private sealed record KeySet(IReadOnlyList<PublicKey>? Keys);

    /// <summary>A public key, of which only the id matters here.</summary>
    private sealed record PublicKey(string? Kid);
}

/// <summary>The public identity of a realm, independent of the address used.</summary>
/// <param name="Issuer">Issuer of its tokens; follows the address on servers without a fixed host name.</param>
/// <param name="KeyIds">Ids of its public keys, which no two realms share unless one was copied from the other.</param>
internal sealed record RealmIdentity(string Issuer, IReadOnlyList<string> KeyIds)
{
    /// <summary>Whether both are the same realm.</summary>
    public bool IsSameAs(RealmIdentity other) => Issuer == other.Issuer || KeyIds.Intersect(other.KeyIds, StringComparer.Ordinal).Any();
}
