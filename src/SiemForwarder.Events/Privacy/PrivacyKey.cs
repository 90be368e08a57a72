using System.Security.Cryptography;
using System.Text;

namespace SiemForwarder.Events.Privacy;

/// <summary>The key for hashed fields, with the id that precedes every hash; prints as <c>***</c>.</summary>
/// <param name="id">Identifies the key that created a hash, so that keys can be rotated.</param>
/// <param name="text">The key, used as its UTF-8 bytes.</param>
public sealed class PrivacyKey(string id, string text)
{
    private readonly byte[] key = Encoding.UTF8.GetBytes(text);

    /// <summary><c>hmac:ID:HEX</c>, 64 hexadecimal digits in lower case.</summary>
    public string Hash(string value) => $"hmac:{id}:{Convert.ToHexStringLower(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(value)))}";

    public override string ToString() => "***";
}
