using SiemForwarder.Connections;
using SiemForwarder.Service.Storage.Protection;

namespace SiemForwarder.Service.Api;

/// <summary>Checks secrets that a request gives by reference.</summary>
internal static class SecretRules
{
    /// <summary>Sentences on the secrets that cannot be read on this engine.</summary>
    public static IReadOnlyList<string> FindUnread(IReadOnlyDictionary<string, Secret> secrets) =>
        [.. secrets.Values.Select(secret => secret.Unread).OfType<string>().Order(StringComparer.Ordinal)];

    /// <summary>Removes errors about the content of secrets that cannot be read here, and rejects references that are not allowed.</summary>
    /// <remarks>The sending engine may have secrets that this one lacks; if it does not, the status says so.</remarks>
    public static void Settle(IEnumerable<KeyValuePair<string, Secret>> secrets, SecretReferences? references, FieldErrors errors)
    {
        foreach (var (name, secret) in secrets.Where(pair => pair.Value.Unread is not null))
        {
            errors.TakeBack(name);
            if (references?.Refuse(secret.Reference!) is { } refusal)
            {
                errors.Add(name, refusal);
            }
        }
    }
}
