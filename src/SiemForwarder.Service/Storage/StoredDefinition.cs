using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace SiemForwarder.Service.Storage;

/// <summary>Reads settings from the database that may have been saved by a newer version.</summary>
internal static class StoredDefinition
{
    private static readonly ConcurrentDictionary<JsonSerializerOptions, JsonSerializerOptions> StrictOptions = new();

    /// <summary>The settings; null with a sentence if this version does not know everything in them.</summary>
    /// <remarks>An unknown member is never ignored: it may be what withholds events or fields.</remarks>
    public static T? Read<T>(string json, JsonSerializerOptions options, out string? fault)
        where T : class
    {
        var strict = StrictOptions.GetOrAdd(
            options, static lax => new JsonSerializerOptions(lax) { UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow });
        try
        {
            var stored = JsonNode.Parse(json);
            RemoveNulls(stored);
            fault = null;
            return stored.Deserialize<T>(strict) ?? throw new JsonException("The stored settings are empty.");
        }
        catch (JsonException exception)
        {
            fault = Sentence(exception);
            return null;
        }
    }

    /// <summary>As much of the settings as this version knows, for display.</summary>
    /// <param name="json">The stored settings.</param>
    /// <param name="options">How they are serialized.</param>
    /// <param name="blank">Replaces what cannot be read.</param>
    public static T ReadKnown<T>(string json, JsonSerializerOptions options, T blank)
        where T : class
    {
        var (known, members) = (blank, JsonSerializer.SerializeToNode(blank, options)!.AsObject());
        foreach (var (name, value) in JsonNode.Parse(json)?.AsObject() ?? [])
        {
            var trial = members.DeepClone().AsObject();
            trial[name] = value?.DeepClone();
            if (TryRead<T>(trial, options) is { } read)
            {
                (known, members) = (read, trial);
            }
        }

        return known;
    }

    /// <summary>The sentence for something that a newer version knows and this one does not.</summary>
    public static string SavedByNewer(string what) =>
        $"The settings were saved by a newer version, and this one does not know {what}. Update this engine, or save the settings again without it.";

    private static T? TryRead<T>(JsonObject trial, JsonSerializerOptions options)
        where T : class
    {
        try
        {
            return trial.Deserialize<T>(options);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    // A null says nothing that this version would have to know.
    private static void RemoveNulls(JsonNode? node)
    {
        if (node is JsonArray array)
        {
            foreach (var item in array)
            {
                RemoveNulls(item);
            }
        }

        if (node is not JsonObject members)
        {
            return;
        }

        foreach (var (name, value) in members.ToList())
        {
            if (value is null)
            {
                members.Remove(name);
            }

            RemoveNulls(value);
        }
    }

    private static string Sentence(JsonException exception)
    {
        var path = (exception.Path ?? "$").TrimStart('$').TrimStart('.');
        var isUnknownMember = exception.Message.StartsWith("The JSON property '", StringComparison.Ordinal);
        return SavedByNewer(path.Length == 0 ? "the value of one setting" : isUnknownMember ? $"'{path}'" : $"the value of '{path}'");
    }
}
