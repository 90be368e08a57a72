using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.DataProtection;
using Secret = SiemForwarder.Connections.Secret;

namespace SiemForwarder.Service.Storage.Protection;

/// <summary>Encrypts all secrets of one resource together and decrypts them.</summary>
internal sealed class SecretProtector(IDataProtectionProvider provider)
{
    private readonly IDataProtector protector = provider.CreateProtector("SiemForwarder.Secrets.v1");

    /// <summary>The encrypted secrets by field name, without those kept outside; null if there are none.</summary>
    public byte[]? Protect(IReadOnlyDictionary<string, Secret> secrets)
    {
        var own = secrets.Where(pair => pair.Value.Reference is null).ToDictionary(pair => pair.Key, pair => pair.Value.Reveal());
        return own.Count == 0 ? null : protector.Protect(JsonSerializer.SerializeToUtf8Bytes(own));
    }

    /// <summary>The secrets by field name; null if they cannot be decrypted because they were encrypted with keys that are not in the database.</summary>
    public IReadOnlyDictionary<string, Secret>? Unprotect(byte[]? secrets)
    {
        if (secrets is null)
        {
            return new Dictionary<string, Secret>();
        }

        try
        {
            var values = JsonSerializer.Deserialize<Dictionary<string, string>>(protector.Unprotect(secrets)) ?? [];
            return values.ToDictionary(pair => pair.Key, pair => new Secret(pair.Value));
        }
        catch (CryptographicException)
        {
            return null;
        }
    }
}
