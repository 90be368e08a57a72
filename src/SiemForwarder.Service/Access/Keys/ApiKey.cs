using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using SiemForwarder.Connections;

namespace SiemForwarder.Service.Access.Keys;

/// <summary>An API key as stored.</summary>
/// <param name="Id">The public part, used for lookup.</param>
/// <param name="SourceId">The only source that it may push to; null for any.</param>
/// <param name="Hash">The salted hash of its secret.</param>
/// <param name="Previous">The salted hash of the secret before the last rotation; null if there is none.</param>
/// <param name="PreviousUntil">Until when the previous secret is valid.</param>
internal sealed record ApiKey(
    string Id, string Name, string Role, int? SourceId, SecretHash Hash, SecretHash? Previous, DateTimeOffset? PreviousUntil, DateTimeOffset CreatedAt,
    string CreatedBy, DateTimeOffset? ExpiresAt, DateTimeOffset? LastUsedAt, DateTimeOffset? RevokedAt, string? RevokedBy)
{
    /// <summary>Whether the secret is the current one, or the previous one while it is valid.</summary>
    public bool Matches(string secret, DateTimeOffset now)
    {
        var isCurrent = Hash.Matches(secret);
        var isPrevious = Previous?.Matches(secret) == true && PreviousUntil > now;
        return isCurrent || isPrevious;
    }

    /// <summary>The stamp of the secret that was sent; empty if it is not valid.</summary>
    public string StampFor(string secret, DateTimeOffset now) => Hash.Matches(secret) ? Hash.Stamp : Matches(secret, now) ? Previous!.Stamp : "";

    /// <summary>Whether the stamp is that of a secret that is still valid.</summary>
    public bool HasStamp(string stamp, DateTimeOffset now) =>
        SecretHash.Equal(stamp, Hash.Stamp) || (PreviousUntil > now && Previous is not null && SecretHash.Equal(stamp, Previous.Stamp));
}

/// <summary>A salted hash of a secret.</summary>
/// <remarks>Secrets have 256 random bits, so brute force is hopeless however fast the hash is, and a single SHA-256 suffices.</remarks>
internal sealed record SecretHash(byte[] Salt, byte[] Hash)
{
    /// <summary>Compared with if there is no such key, so that the response time does not reveal which keys exist.</summary>
    public static SecretHash OfNothing { get; } = Of(ApiKeyText.NewSecret());

    public static SecretHash Of(string secret)
    {
        var salt = RandomNumberGenerator.GetBytes(16);
        return new SecretHash(salt, Compute(salt, secret));
    }

    /// <summary>Names the secret without telling anything of it.</summary>
    public string Stamp => Convert.ToHexStringLower(SHA256.HashData([.. Salt, .. Hash]));

    /// <summary>Whether two stamps are the same, in a time that does not tell how much of them is.</summary>
    public static bool Equal(string one, string other) => CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(one), Encoding.UTF8.GetBytes(other));

    public bool Matches(string secret) => CryptographicOperations.FixedTimeEquals(Hash, Compute(Salt, secret));

    private static byte[] Compute(byte[] salt, string secret) => SHA256.HashData([.. salt, .. Encoding.UTF8.GetBytes(secret)]);
}

/// <summary>A key as it is sent: <c>sfk_ID_SECRET</c>, which repository scanners can recognize by its prefix.</summary>
internal static class ApiKeyText
{
    public const string Header = "X-API-Key";
    public const string Prefix = "sfk_";
    private const string Bearer = "Bearer ";
    private const int MaxLength = 1024;

    public static string NewId() => RandomNumberGenerator.GetHexString(16, lowercase: true);

    public static string NewSecret() => RandomNumberGenerator.GetHexString(64, lowercase: true);

    public static Secret Write(string id, string secret) => new($"{Prefix}{id}_{secret}");

    /// <summary>The key in a request; null if there is none.</summary>
    public static string? Given(HttpRequest request)
    {
        if (request.Headers[Header].ToString() is { Length: > 0 } key)
        {
            return key.Trim();
        }

        var authorization = request.Headers.Authorization.ToString();
        return authorization.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase) ? authorization[Bearer.Length..].Trim() : null;
    }

    /// <summary>Parses a key; false if the text has another format.</summary>
    public static bool TryRead(string text, [NotNullWhen(true)] out string? id, [NotNullWhen(true)] out string? secret)
    {
        (id, secret) = (null, null);
        var parts = text.Split('_');
        if (text.Length > MaxLength || parts.Length != 3 || parts[0] != "sfk" || parts[1].Length != 16 || parts[2].Length == 0)
        {
            return false;
        }

        (id, secret) = (parts[1], parts[2]);
        return true;
    }
}
