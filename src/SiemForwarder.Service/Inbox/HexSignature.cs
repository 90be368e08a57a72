using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace SiemForwarder.Service.Inbox;

/// <summary>Verifies requests that carry the HMAC of their body in hexadecimal, as p2-inc/keycloak-events signs them in <c>X-Keycloak-Signature</c>.</summary>
/// <remarks>The signature covers no timestamp: only deduplication makes replayed requests harmless.</remarks>
internal static class HexSignature
{
    public const string DefaultHeader = "X-Keycloak-Signature";

    /// <summary>Why a request is rejected; null if it is accepted.</summary>
    public static string? Refuse(InboxSettings inbox, IHeaderDictionary headers, ReadOnlySpan<byte> body)
    {
        Span<byte> given = stackalloc byte[SHA256.HashSizeInBytes];
        return Read(inbox, headers, given, out var length)
            ?? (IsSigned(inbox, body, given[..length]) ? null : "The signature does not match this body and any key of this source.");
    }

    /// <summary>Why a request is rejected regardless of its body; null if that depends on the body.</summary>
    public static string? RefuseHeaders(InboxSettings inbox, IHeaderDictionary headers)
    {
        Span<byte> given = stackalloc byte[SHA256.HashSizeInBytes];
        return Read(inbox, headers, given, out _);
    }

    private static string? Read(InboxSettings inbox, IHeaderDictionary headers, Span<byte> given, out int length)
    {
        length = 0;
        var text = headers[inbox.Header].ToString();
        if (text.Length == 0)
        {
            return $"Sign the request: the header {inbox.Header} must contain the HMAC-SHA-256 of the body in hexadecimal.";
        }

        // Some senders name the algorithm: sha256=….
        var hex = text.AsSpan(text.IndexOf('=', StringComparison.Ordinal) + 1);
        if (hex.Length > 2 * given.Length || Convert.FromHexString(hex, given, out _, out length) != OperationStatus.Done
            || length is not (SHA1.HashSizeInBytes or SHA256.HashSizeInBytes))
        {
            return $"The header {inbox.Header} is not an HMAC in hexadecimal.";
        }

        return length == SHA1.HashSizeInBytes && !inbox.AllowSha1
            ? "The request is signed with SHA-1, which this source does not accept: configure the sender to use HmacSHA256, or set inbox.allowSha1."
            : null;
    }

    [SuppressMessage("Security", "CA5350",
        Justification = "Only if the source allows it, for senders that support nothing better; as a keyed hash SHA-1 is not broken.")]
    private static bool IsSigned(InboxSettings inbox, ReadOnlySpan<byte> body, ReadOnlySpan<byte> given)
    {
        Span<byte> expected = stackalloc byte[SHA256.HashSizeInBytes];
        var found = false;
        foreach (var secret in inbox.Keys)
        {
            var key = Encoding.UTF8.GetBytes(secret.Reveal());
            var length = given.Length == SHA1.HashSizeInBytes ? HMACSHA1.HashData(key, body, expected) : HMACSHA256.HashData(key, body, expected);
            found |= CryptographicOperations.FixedTimeEquals(given, expected[..length]);
        }

        return found;
    }
}
