using SiemForwarder.Connections;
using SiemForwarder.Service.Storage.Protection;

namespace SiemForwarder.Service.Api;

/// <summary>Judges secrets that a request names instead of giving them.</summary>
internal static class SecretRules
{
    /// <summary>Takes back what was said of the content of secrets that cannot be read here, and refuses references that are not allowed.</summary>
    /// <remarks>The engine that sends may have what this one has not; there it is told by the status.</remarks>
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
