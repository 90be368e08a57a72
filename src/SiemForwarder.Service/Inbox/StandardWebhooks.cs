using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using SiemForwarder.Destinations.Http.Webhook;

namespace SiemForwarder.Service.Inbox;

/// <summary>Verifies requests signed according to the Standard Webhooks specification (standard-webhooks/standard-webhooks, spec/).</summary>
internal static class StandardWebhooks
{
    private const string Id = "webhook-id";
    private const string Timestamp = "webhook-timestamp";
    private const string Signature = "webhook-signature";
    private const string Version = "v1,";

    // A sender rotates one key at a time; more signatures are an attempt to guess.
    private const int MaxSignatures = 8;

    /// <summary>Why a request is rejected; null if it is accepted.</summary>
    public static string? Refuse(InboxSettings inbox, IHeaderDictionary headers, ReadOnlySpan<byte> body, DateTimeOffset now) =>
        RefuseHeaders(inbox, headers, now) ?? (IsSigned(inbox, $"{headers[Id]}.{headers[Timestamp]}.", body, headers[Signature].ToString())
            ? null
            : "The signature does not match this body and any key of this source.");

    /// <summary>Why a request is rejected regardless of its body; null if that depends on the body.</summary>
    public static string? RefuseHeaders(InboxSettings inbox, IHeaderDictionary headers, DateTimeOffset now)
    {
        var (id, timestamp, signatures) = (headers[Id].ToString(), headers[Timestamp].ToString(), headers[Signature].ToString());
        if (id.Length == 0 || timestamp.Length == 0 || signatures.Length == 0)
        {
            return "Sign the request according to Standard Webhooks, with the headers webhook-id, webhook-timestamp and webhook-signature.";
        }

        if (!long.TryParse(timestamp, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds))
        {
            return "The header webhook-timestamp must be the time in seconds since 1970-01-01.";
        }

        if (Math.Abs((decimal)now.ToUnixTimeSeconds() - seconds) > (decimal)inbox.Tolerance.TotalSeconds)
        {
            return $"The timestamp is more than {inbox.Tolerance.TotalSeconds:0} s from our clock: check the sender's clock, and sign every attempt anew.";
        }

        Span<byte> given = stackalloc byte[HMACSHA256.HashSizeInBytes];
        return ReadFirst(signatures, given)
            ? null
            : $"The header webhook-signature must contain v1, followed by the Base64 of an HMAC-SHA-256, among its first {MaxSignatures} signatures.";
    }

    private static bool IsSigned(InboxSettings inbox, string signedBefore, ReadOnlySpan<byte> body, string signatures)
    {
        Span<byte> expected = stackalloc byte[HMACSHA256.HashSizeInBytes];
        Span<byte> given = stackalloc byte[HMACSHA256.HashSizeInBytes];
        var found = false;
        foreach (var key in inbox.Keys)
        {
            // Keys are checked when they are entered.
            using var hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, WebhookSignature.KeyOf(key.Reveal())!);
            hmac.AppendData(Encoding.UTF8.GetBytes(signedBefore));
            hmac.AppendData(body);
            hmac.GetHashAndReset(expected);
            foreach (var signature in Parts(signatures))
            {
                found |= Read(signature, given) && CryptographicOperations.FixedTimeEquals(given, expected);
            }
        }

        return found;
    }

    private static bool ReadFirst(string signatures, Span<byte> given)
    {
        foreach (var signature in Parts(signatures))
        {
            if (Read(signature, given))
            {
                return true;
            }
        }

        return false;
    }

    private static IEnumerable<string> Parts(string signatures) =>
        signatures.Split(' ', MaxSignatures + 1, StringSplitOptions.RemoveEmptyEntries).Take(MaxSignatures);

    private static bool Read(string signature, Span<byte> given) =>
        signature.StartsWith(Version, StringComparison.Ordinal)
        && Convert.TryFromBase64String(signature[Version.Length..], given, out var length) && length == given.Length;
}
