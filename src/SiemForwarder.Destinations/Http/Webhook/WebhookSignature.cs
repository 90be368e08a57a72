using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using SiemForwarder.Connections;
using Key = NSec.Cryptography.Key;
using KeyBlobFormat = NSec.Cryptography.KeyBlobFormat;
using SignatureAlgorithm = NSec.Cryptography.SignatureAlgorithm;

namespace SiemForwarder.Destinations.Http.Webhook;

/// <summary>Signs requests according to Standard Webhooks, so that a receiver can verify the sender and detect altered or replayed requests.</summary>
public sealed class WebhookSignature(IReadOnlyList<Secret> secrets)
{
    private const string Prefix = "whsec_";
    private const string PairPrefix = "whsk_";
    private const int SeedLength = 32;

    /// <summary>Maximum number of bytes in a key; fewer than 24 are rejected too.</summary>
    private const int MaxKeyLength = 64;

    private readonly Func<byte[], string>[] signers = [.. secrets.Select(secret => SignerOf(secret.Reveal()))];

    /// <summary>Whether a text is a secret of the form <c>whsec_</c> and the Base64 of 24 to 64 bytes.</summary>
    public static bool IsSecret(string text) => KeyOf(text) is { Length: >= 24 and <= MaxKeyLength };

    /// <summary>The same, or an Ed25519 signing key of the form <c>whsk_</c> and the Base64 of seed and public key, or of the seed alone.</summary>
    public static bool IsSigningSecret(string text) => IsSecret(text) || SeedOf(text) is not null;

    /// <summary>The three headers.</summary>
    /// <param name="id">The same for every attempt to send the same events.</param>
    /// <param name="at">Time of this attempt.</param>
    /// <param name="body">Bytes of the body as sent.</param>
    public KeyValuePair<string, string>[] Sign(string id, DateTimeOffset at, ReadOnlySpan<byte> body)
    {
        var timestamp = at.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        byte[] signed = [.. Encoding.UTF8.GetBytes($"{id}.{timestamp}."), .. body];
        return
        [
            new("webhook-id", id),
            new("webhook-timestamp", timestamp),
            new("webhook-signature", string.Join(' ', signers.Select(sign => sign(signed)))),
        ];
    }

    /// <summary>The id of a request: that of its only event, or a digest of all ids.</summary>
    public static string IdOf(DeliveryBatch batch)
    {
        if (batch.Count == 1)
        {
            return batch.Events[0].Id;
        }

        using var digest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var securityEvent in batch.Events)
        {
            digest.AppendData(Encoding.UTF8.GetBytes(securityEvent.Id));
        }

        return "batch_" + Convert.ToHexStringLower(digest.GetCurrentHash())[..32];
    }

    /// <summary>The bytes of a secret; null if the text is not one.</summary>
    public static byte[]? KeyOf(string secret) => BytesOf(secret, Prefix);

    private static Func<byte[], string> SignerOf(string secret)
    {
        if (SeedOf(secret) is { } seed)
        {
            var pair = Key.Import(SignatureAlgorithm.Ed25519, seed, KeyBlobFormat.RawPrivateKey);
            return signed => "v1a," + Convert.ToBase64String(SignatureAlgorithm.Ed25519.Sign(pair, signed));
        }

        var key = KeyOf(secret)!;
        return signed => "v1," + Convert.ToBase64String(HMACSHA256.HashData(key, signed));
    }

    // Null if the text is not such a key, or its halves do not match.
    private static byte[]? SeedOf(string secret)
    {
        if (BytesOf(secret, PairPrefix) is not { Length: SeedLength or 2 * SeedLength } bytes)
        {
            return null;
        }

        var seed = bytes[..SeedLength];
        using var pair = Key.Import(SignatureAlgorithm.Ed25519, seed, KeyBlobFormat.RawPrivateKey);
        return bytes.Length == SeedLength || pair.PublicKey.Export(KeyBlobFormat.RawPublicKey).AsSpan().SequenceEqual(bytes.AsSpan(SeedLength)) ? seed : null;
    }

    private static byte[]? BytesOf(string secret, string prefix)
    {
        ArgumentNullException.ThrowIfNull(secret);
        var bytes = new byte[secret.Length];
        return secret.StartsWith(prefix, StringComparison.Ordinal) && Convert.TryFromBase64String(secret[prefix.Length..], bytes, out var length)
            ? bytes[..length]
            : null;
    }
}
