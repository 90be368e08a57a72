using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace SiemForwarder.Service.Inbox;

/// <summary>Verifies requests that carry the HMAC of their body in hexadecimal, as p2-inc/keycloak-events signs them in <c>X-Keycloak-Signature</c>.</summary>
/// <remarks>No time is signed: that a request which is sent again does no harm rests on deduplication alone.</remarks>
internal static class HexSignature
{
    public const string DefaultHeader = "X-Keycloak-Signature";

    /// <summary>Why a request does not count; null where it does.</summary>
    public static string? Refuse(InboxSettings inbox, IHeaderDictionary headers, ReadOnlySpan<byte> body)
    {
        Span<byte> given = stackalloc byte[SHA256.HashSizeInBytes];
        return Read(inbox, headers, given, out var length)
            ?? (IsSigned(inbox, body, given[..length]) ? null : "The signature is not that of this body by one of the keys of this source.");
    }

    /// <summary>Why a request does not count, whatever its body is; null where the body has to tell.</summary>
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
            return $"Sign the request: the header {inbox.Header} must hold the HMAC-SHA-256 of the body in hexadecimal.";
        }

        // Some senders name the algorithm: sha256=….
        var hex = text.AsSpan(text.IndexOf('=', StringComparison.Ordinal) + 1);
        if (hex.Length > 2 * given.Length || Convert.FromHexString(hex, given, out _, out length) != OperationStatus.Done
            || length is not (SHA1.HashSizeInBytes or SHA256.HashSizeInBytes))
        {
            return $"The header {inbox.Header} is no HMAC in hexadecimal.";
        }

        return length == SHA1.HashSizeInBytes && !inbox.AllowSha1
            ? "The request is signed by SHA-1, which this source does not take: let the sender use HmacSHA256, or set inbox.allowSha1."
            : null;
    }

    [SuppressMessage("Security", "CA5350",
        Justification = "Only where the source says so, for senders that can do no better; as a keyed hash SHA-1 is not broken.")]
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
