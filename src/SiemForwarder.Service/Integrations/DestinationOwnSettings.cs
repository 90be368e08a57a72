using System.Text.Json;
using System.Text.Json.Nodes;
using SiemForwarder.Connections;
using SiemForwarder.Destinations;
using SiemForwarder.Service.Api;
using SiemForwarder.Service.Storage.Protection;

namespace SiemForwarder.Service.Integrations;

/// <summary>The settings that only one kind of destination has: checked by the kind, its secrets kept apart from the rest.</summary>
internal static class DestinationOwnSettings
{
    private const string Prefix = "settings.";

    /// <summary>What is stored in the open; the secrets go to <paramref name="secrets"/>, those left out keep their stored value.</summary>
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
            // Shown and ignored, so that what was read can be sent back.
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
                errors.Add(name, "Must be text.");
            }
        }

        var plain = open.Count == 0 ? (JsonElement?)null : JsonSerializer.SerializeToElement(open);
        foreach (var fault in kind.CheckSettings?.Invoke(Reveal(plain, secrets)) ?? [])
        {
            errors.Add(fault.Field.StartsWith(Prefix, StringComparison.Ordinal) ? fault.Field : Prefix + fault.Field, fault.Sentence);
        }

        if (kind.CheckSettings is null && plain is not null)
        {
            errors.Add("settings", $"{kind.Id} has no settings of its own; leave them out.");
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

    /// <summary>The settings as the API shows them: of a secret only whether it is set.</summary>
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
