using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using SiemForwarder.Connections;
using SiemForwarder.Connections.Tls;

namespace SiemForwarder.Destinations.Http.Google;

/// <summary>The key of a Google service account, which signs requests for access tokens (RFC 7523).</summary>
internal sealed class GoogleServiceAccount
{
    private static readonly TimeSpan Life = TimeSpan.FromHours(1);

    private readonly string email;
    private readonly string? keyId;
    private readonly string privateKey;

    private GoogleServiceAccount(string email, string? keyId, string privateKey, Uri tokenUrl)
    {
        this.email = email;
        this.keyId = keyId;
        this.privateKey = privateKey;
        TokenUrl = tokenUrl;
    }

    public Uri TokenUrl { get; }

    public IReadOnlyList<Secret> Secrets => [new(privateKey)];

    /// <summary>Reads a key file; null where it is none.</summary>
    public static GoogleServiceAccount? Find(string keyFile)
    {
        try
        {
            using var document = JsonDocument.Parse(PemText.Of(keyFile));
            var root = document.RootElement;
            var (email, key) = (root.GetProperty("client_email").GetString(), root.GetProperty("private_key").GetString());
            var url = root.TryGetProperty("token_uri", out var given) ? given.GetString() : "https://oauth2.googleapis.com/token";
            if (string.IsNullOrEmpty(email) || string.IsNullOrEmpty(key) || !Uri.TryCreate(url, UriKind.Absolute, out var tokenUrl))
            {
                return null;
            }

            using var rsa = RSA.Create();
            rsa.ImportFromPem(key);
            return new GoogleServiceAccount(email, root.TryGetProperty("private_key_id", out var id) ? id.GetString() : null, key, tokenUrl);
        }
        catch (Exception exception)
            when (exception is JsonException or KeyNotFoundException or InvalidOperationException or ArgumentException or CryptographicException)
        {
            return null;
        }
    }

    /// <summary>The form that asks for a token of a scope at a time.</summary>
    public string FormAt(DateTimeOffset now, string scope)
    {
        var header = JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, string?> { ["alg"] = "RS256", ["typ"] = "JWT", ["kid"] = keyId });
        var claims = JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, object>
        {
            ["iss"] = email,
            ["scope"] = scope,
            ["aud"] = TokenUrl.AbsoluteUri,
            ["iat"] = now.ToUnixTimeSeconds(),
            ["exp"] = (now + Life).ToUnixTimeSeconds(),
        });
        var signed = $"{Base64Url.EncodeToString(header)}.{Base64Url.EncodeToString(claims)}";
        using var rsa = RSA.Create();
        rsa.ImportFromPem(privateKey);
        var signature = rsa.SignData(Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        return $"grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion={signed}.{Base64Url.EncodeToString(signature)}";
    }
}
