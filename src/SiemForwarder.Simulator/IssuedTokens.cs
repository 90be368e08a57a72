using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Text;

namespace SiemForwarder.Simulator;

/// <summary>The access tokens issued by a simulated server.</summary>
internal sealed class IssuedTokens(Func<long> now, Func<long> nodeOffsetMs)
{
    private readonly ConcurrentDictionary<string, IssuedToken> tokens = new();
    private int count;

    /// <summary>Number of tokens issued.</summary>
    public int Count => count;

    /// <summary>The <c>iat</c> of tokens, if not the real time; otherwise null.</summary>
    public long? IssuedAtSeconds { get; set; }

    /// <summary>Issues a token in Keycloak's format: a JWT whose signature is not checked here.</summary>
    public string Issue(SimulatedRealm realm, string issuer, out string tokenId)
    {
        Interlocked.Increment(ref count);
        tokenId = $"trrtcc:{Guid.NewGuid()}";
        var issuedAt = IssuedAtSeconds ?? (now() + nodeOffsetMs()) / 1000;
        var expires = issuedAt + (long)realm.Client.TokenLifetime.TotalSeconds;
        IReadOnlyList<string> roles = realm.Client.FullScopeAllowed ? realm.Client.Roles : [];
        var access = roles.Count == 0 ? "" : $$$""","resource_access":{"realm-management":{"roles":["{{{string.Join("\",\"", roles)}}}"]}}""";
        var claims = $$$"""
            {"exp":{{{expires}}},"iat":{{{issuedAt}}},"jti":"{{{tokenId}}}","iss":"{{{issuer}}}","sub":"f181ed0f-606d-4a34-b1dd-d5be7aaa631a","typ":"Bearer","azp":"{{{realm.Client.ClientId}}}"{{{access}}}}
            """;
        var token = $"{Base64Url.EncodeToString("""{"alg":"RS256","typ":"JWT"}"""u8)}.{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(claims))}.c2ln";
        tokens[token] = new IssuedToken(realm, now() + (long)realm.Client.TokenLifetime.TotalMilliseconds, roles);
        return token;
    }

    public IssuedToken? Find(string? authorization) =>
        authorization is { Length: > 7 } && tokens.TryGetValue(authorization[7..], out var token) && token.ExpiresAtMs > now() ? token : null;

    public void Expire() => tokens.Clear();
}

/// <summary>A simulated server's record of one token.</summary>
internal sealed record IssuedToken(SimulatedRealm Realm, long ExpiresAtMs, IReadOnlyList<string> Roles);
