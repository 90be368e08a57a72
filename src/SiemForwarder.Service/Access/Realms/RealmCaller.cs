using System.Text.Json;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using SiemForwarder.Connections;

namespace SiemForwarder.Service.Access.Realms;

/// <summary>Creates a caller from the claims of a realm.</summary>
internal static class RealmCaller
{
    /// <summary>The roles that a realm can grant. Pushing is bound to one inbox, which no token names, so only keys grant it.</summary>
    public static IReadOnlyList<string> Granted { get; } = [.. Access.Roles.All.Where(role => role != Access.Roles.Ingest)];

    /// <summary>The claims of a token.</summary>
    public static JsonElement ReadClaims(JsonWebToken token)
    {
        using var document = JsonDocument.Parse(Base64UrlEncoder.DecodeBytes(token.EncodedPayload));
        return document.RootElement.Clone();
    }

    /// <summary>The caller described by the claims.</summary>
    /// <param name="kind">Kind of caller.</param>
    /// <param name="claims">Claims of an access token, or an introspection response.</param>
    /// <param name="options">Which claims contain roles.</param>
    /// <param name="granted">Which of their names grant which role.</param>
    public static Caller Read(string kind, JsonElement claims, OidcOptions options, IReadOnlyList<RealmRole> granted)
    {
        var names = options.ClaimPaths.SelectMany(path => Names(claims, path)).ToHashSet(StringComparer.Ordinal);
        var roles = granted.Where(role => role.GrantedTo.Any(name => names.Contains(Plain(name)))).Select(role => role.Role);
        var subject = Text(claims, "sub") ?? "";
        var name = Text(claims, "preferred_username") ?? Text(claims, "username") ?? Text(claims, "azp") ?? subject;
        return new Caller(kind, subject, OneLine.Of(name, 100), [.. roles]);
    }

    public static string? Text(JsonElement claims, string name) =>
        claims.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    // A name may itself contain dots, as client ids do: the longest matching member is tried first.
    private static IEnumerable<string> Names(JsonElement value, string path)
    {
        if (path.Length == 0)
        {
            return value.ValueKind switch
            {
                JsonValueKind.String => [Plain(value.GetString()!)],
                JsonValueKind.Array => [.. value.EnumerateArray().Where(one => one.ValueKind == JsonValueKind.String).Select(one => Plain(one.GetString()!))],
                _ => [],
            };
        }

        if (value.ValueKind != JsonValueKind.Object)
        {
            return [];
        }

        for (var end = path.Length; end > 0; end = path.LastIndexOf('.', end - 1))
        {
            if (value.TryGetProperty(path[..end], out var member))
            {
                return Names(member, end == path.Length ? "" : path[(end + 1)..]);
            }
        }

        return [];
    }

    /// <summary>A name without the slash before it: a group comes with its path.</summary>
    public static string Plain(string name) => name.StartsWith('/') ? name[1..] : name;
}
