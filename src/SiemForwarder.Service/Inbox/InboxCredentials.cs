using System.Security.Cryptography;
using System.Text;
using SiemForwarder.Connections;

namespace SiemForwarder.Service.Inbox;

/// <summary>Decides whether a request may push: by key, or by the signature of its body.</summary>
internal static class InboxCredentials
{
    private const string Bearer = "Bearer ";
    private const string Basic = "Basic ";

    /// <summary>Why the key of a request is rejected, in a sentence for the sender; null if it is accepted.</summary>
    public static string? RefuseKey(InboxSettings inbox, IHeaderDictionary headers)
    {
        var given = GivenKey(inbox, headers);
        return given is null ? $"Send the inbox key of this source in the header {inbox.Header}, or as Authorization: Bearer …."
            : IsOneOf(inbox.Keys, given) ? null
            : "The key is not one of the inbox keys of this source.";
    }

    /// <summary>Why a request is rejected regardless of its body, in a sentence for the sender; null if it may be accepted.</summary>
    public static string? RefuseHeaders(InboxSettings inbox, IHeaderDictionary headers, DateTimeOffset now) => inbox.Authentication switch
    {
        InboxAuthentication.Key => RefuseKey(inbox, headers),
        InboxAuthentication.StandardWebhooks => StandardWebhooks.RefuseHeaders(inbox, headers, now),
        _ => HexSignature.RefuseHeaders(inbox, headers),
    };

    /// <summary>Why the signature of a request is rejected, in a sentence for the sender; null if it is accepted.</summary>
    /// <param name="inbox">Settings of the source.</param>
    /// <param name="headers">Headers of the request.</param>
    /// <param name="body">The body as sent, before decompression.</param>
    /// <param name="now">The current time.</param>
    public static string? RefuseSignature(InboxSettings inbox, IHeaderDictionary headers, ReadOnlySpan<byte> body, DateTimeOffset now) =>
        inbox.Authentication == InboxAuthentication.StandardWebhooks
            ? StandardWebhooks.Refuse(inbox, headers, body, now)
            : HexSignature.Refuse(inbox, headers, body);

    private static string? GivenKey(InboxSettings inbox, IHeaderDictionary headers)
    {
        if (headers[inbox.Header].ToString() is { Length: > 0 } key && !IsScheme(key, Bearer) && !IsScheme(key, Basic))
        {
            return key;
        }

        var authorization = headers.Authorization.ToString();
        return IsScheme(authorization, Bearer) ? authorization[Bearer.Length..].Trim()
            : IsScheme(authorization, Basic) ? PasswordOf(authorization[Basic.Length..].Trim())
            : null;
    }

    private static bool IsScheme(string text, string scheme) => text.StartsWith(scheme, StringComparison.OrdinalIgnoreCase);

    // RFC 7617: the user name is up to the sender, the password is the key.
    private static string? PasswordOf(string encoded)
    {
        var bytes = new byte[encoded.Length];
        if (!Convert.TryFromBase64String(encoded, bytes, out var length))
        {
            return null;
        }

        var pair = Encoding.UTF8.GetString(bytes, 0, length);
        var colon = pair.IndexOf(':', StringComparison.Ordinal);
        return colon < 0 ? null : pair[(colon + 1)..];
    }

    // Compares digests of all keys, so that the time reveals neither the length nor the position of the first difference.
    private static bool IsOneOf(IReadOnlyList<Secret> keys, string given)
    {
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        Span<byte> expected = stackalloc byte[SHA256.HashSizeInBytes];
        Hash(given, digest);
        var found = false;
        foreach (var key in keys)
        {
            Hash(key.Reveal(), expected);
            found |= CryptographicOperations.FixedTimeEquals(digest, expected);
        }

        return found;
    }

    private static void Hash(string text, Span<byte> digest)
    {
        const int Usual = 512;
        var length = Encoding.UTF8.GetMaxByteCount(text.Length);
        var utf8 = length <= Usual ? stackalloc byte[Usual] : new byte[length];
        SHA256.HashData(utf8[..Encoding.UTF8.GetBytes(text, utf8)], digest);
    }
}
