using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.DataProtection;
using Secret = SiemForwarder.Connections.Secret;

namespace SiemForwarder.Service.Storage.Protection;

/// <summary>Encrypts the secrets of one resource as a whole and reads them back.</summary>
internal sealed class SecretProtector(IDataProtectionProvider provider)
{
    private readonly IDataProtector protector = provider.CreateProtector("SiemForwarder.Secrets.v1");

    /// <summary>Encrypted secrets by field name, without those that are kept outside; null where there are none.</summary>
    public byte[]? Protect(IReadOnlyDictionary<string, Secret> secrets)
    {
        var own = secrets.Where(pair => pair.Value.Reference is null).ToDictionary(pair => pair.Key, pair => pair.Value.Reveal());
        return own.Count == 0 ? null : protector.Protect(JsonSerializer.SerializeToUtf8Bytes(own));
    }

    /// <summary>The secrets by field name; null where they cannot be decrypted because the keys in the database are not those they were stored with.</summary>
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
