using System.Text.Json;
using System.Text.Json.Nodes;
using SiemForwarder.Connections;
using SiemForwarder.Destinations;
using SiemForwarder.Service.Api;
using SiemForwarder.Service.Storage.Protection;

namespace SiemForwarder.Service.Integrations;

/// <summary>Settings that only one kind of destination has: checked by the kind, with secrets stored separately.</summary>
internal static class DestinationOwnSettings
{
    private const string Prefix = "settings.";

    /// <summary>Returns what is stored unencrypted; secrets are added to <paramref name="secrets"/>, and omitted ones keep their stored value.</summary>
    public static JsonElement? Take(
        JsonElement? given, DestinationKind kind, IReadOnlyDictionary<string, Secret> stored, SecretReferences? references,
        Dictionary<string, Secret> secrets, FieldErrors errors)
    {
        if (given is { ValueKind: not (JsonValueKind.Object or JsonValueKind.Null) })
        {
            errors.Add("settings", "Must be an object with the settings of the destination; see /api/v1/destinations.");
            return null;
        }

        var open = given is { ValueKind: JsonValueKind.Object } json ? JsonObject.Create(json)! : [];
        foreach (var name in SecretNames(kind))
        {
            var value = open[name[Prefix.Length..]];
            open.Remove(name[Prefix.Length..]);
            // Read-only and ignored, so that the body of a GET can be sent back.
            open.Remove($"{name[Prefix.Length..]}Set");
            if (value is null && stored.TryGetValue(name, out var kept))
            {
                secrets[name] = kept;
            }
            else if (value?.GetValueKind() == JsonValueKind.String && references?.Find(name, value.GetValue<string>()) is { } referred)
            {
                secrets[name] = referred;
            }
            else if (value?.GetValueKind() == JsonValueKind.String && SecretText.Of(value.GetValue<string>(), stored.GetValueOrDefault(name)) is { } secret)
            {
                secrets[name] = secret;
            }
            else if (value is not null && value.GetValueKind() != JsonValueKind.String)
            {
                errors.Add(name, "Must be a string.");
            }
        }

        var plain = open.Count == 0 ? (JsonElement?)null : JsonSerializer.SerializeToElement(open);
        foreach (var fault in kind.CheckSettings?.Invoke(Reveal(plain, secrets)) ?? [])
        {
            errors.Add(fault.Field.StartsWith(Prefix, StringComparison.Ordinal) ? fault.Field : Prefix + fault.Field, fault.Sentence);
        }

        if (kind.CheckSettings is null && plain is not null)
        {
            errors.Add("settings", $"{kind.Id} has no settings of its own; omit them.");
        }

        return plain;
    }

    /// <summary>The settings with their secrets, for the destination itself.</summary>
    public static JsonElement? Reveal(JsonElement? plain, IReadOnlyDictionary<string, Secret> secrets)
    {
        var own = secrets.Where(secret => secret.Key.StartsWith(Prefix, StringComparison.Ordinal)).ToList();
        if (own.Count == 0)
        {
            return plain;
        }

        var all = plain is { } json ? JsonObject.Create(json)! : [];
        foreach (var (name, secret) in own)
        {
            all[name[Prefix.Length..]] = secret.Reveal();
        }

        return JsonSerializer.SerializeToElement(all);
    }

    /// <summary>The settings as the API shows them; secrets appear only as whether they are set.</summary>
    public static JsonElement? Show(JsonElement? plain, string destination, IReadOnlyCollection<string> secretNames)
    {
        var all = plain is { } json ? JsonObject.Create(json)! : [];
        foreach (var name in DestinationCatalog.Find(destination) is { } kind ? SecretNames(kind) : [])
        {
            all[$"{name[Prefix.Length..]}Set"] = secretNames.Contains(name);
        }

        return all.Count == 0 ? null : JsonSerializer.SerializeToElement(all);
    }

    private static IEnumerable<string> SecretNames(DestinationKind kind) =>
        kind.Fields.Where(field => field.Secret && field.Name.StartsWith(Prefix, StringComparison.Ordinal)).Select(field => field.Name);
}
