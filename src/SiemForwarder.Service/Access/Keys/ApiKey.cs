using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using SiemForwarder.Connections;

namespace SiemForwarder.Service.Access.Keys;

/// <summary>A key of the API as it is stored.</summary>
/// <param name="Id">The public part, by which it is found.</param>
/// <param name="SourceId">The one source that it may push to; null for any.</param>
/// <param name="Hash">What its secret is compared with.</param>
/// <param name="Previous">The same of the secret before the last rotation; null where there is none.</param>
/// <param name="PreviousUntil">Until when that one counts.</param>
internal sealed record ApiKey(
    string Id, string Name, string Role, int? SourceId, SecretHash Hash, SecretHash? Previous, DateTimeOffset? PreviousUntil, DateTimeOffset CreatedAt,
    string CreatedBy, DateTimeOffset? ExpiresAt, DateTimeOffset? LastUsedAt, DateTimeOffset? RevokedAt, string? RevokedBy)
{
    /// <summary>Whether the secret is that of the key, or the one before it as long as that counts.</summary>
    public bool Matches(string secret, DateTimeOffset now)
    {
        var isCurrent = Hash.Matches(secret);
        var isPrevious = Previous?.Matches(secret) == true && PreviousUntil > now;
        return isCurrent || isPrevious;
    }
}

/// <summary>A salted hash of a secret.</summary>
/// <remarks>Secrets have 256 random bits: trying them out is hopeless however fast the hash is, so one SHA-256 does.</remarks>
internal sealed record SecretHash(byte[] Salt, byte[] Hash)
{
    /// <summary>Compared with where there is no such key, so that the time of an answer does not tell which keys there are.</summary>
    public static SecretHash OfNothing { get; } = Of(ApiKeyText.NewSecret());

    public static SecretHash Of(string secret)
    {
        var salt = RandomNumberGenerator.GetBytes(16);
        return new SecretHash(salt, Compute(salt, secret));
    }

    public bool Matches(string secret) => CryptographicOperations.FixedTimeEquals(Hash, Compute(Salt, secret));

    private static byte[] Compute(byte[] salt, string secret) => SHA256.HashData([.. salt, .. Encoding.UTF8.GetBytes(secret)]);
}

/// <summary>A key as it is sent: <c>sfk_ID_SECRET</c>, which scanners of repositories can find by its beginning.</summary>
internal static class ApiKeyText
{
    public const string Header = "X-API-Key";
    public const string Prefix = "sfk_";
    private const string Bearer = "Bearer ";
    private const int MaxLength = 1024;

    public static string NewId() => RandomNumberGenerator.GetHexString(16, lowercase: true);

    public static string NewSecret() => RandomNumberGenerator.GetHexString(64, lowercase: true);

    public static Secret Write(string id, string secret) => new($"{Prefix}{id}_{secret}");

    /// <summary>The key that a request carries; null where it carries none.</summary>
    public static string? Given(HttpRequest request)
    {
        if (request.Headers[Header].ToString() is { Length: > 0 } key)
        {
            return key.Trim();
        }

        var authorization = request.Headers.Authorization.ToString();
        return authorization.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase) ? authorization[Bearer.Length..].Trim() : null;
    }

    /// <summary>Takes a key apart; false where the text has another shape.</summary>
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
