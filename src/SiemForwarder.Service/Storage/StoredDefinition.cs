using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace SiemForwarder.Service.Storage;

/// <summary>Reads settings from the database that a newer version may have saved.</summary>
internal static class StoredDefinition
{
    private static readonly ConcurrentDictionary<JsonSerializerOptions, JsonSerializerOptions> StrictOptions = new();

    /// <summary>The settings; null with a sentence where this version does not know all that they say.</summary>
    /// <remarks>A member that is not known is never passed over: it may be what keeps events or fields back.</remarks>
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

    /// <summary>As much of the settings as this version knows, so that they can be shown.</summary>
    /// <param name="json">The settings as stored.</param>
    /// <param name="options">How they are written.</param>
    /// <param name="blank">Stands in for what cannot be read.</param>
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
        $"The settings were saved by a newer version, and this one does not know {what}. Update this engine, or save them anew without it.";

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

    // What is not said is nothing to be known.
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
        return SavedByNewer(path.Length == 0 ? "the value of one of them" : isUnknownMember ? $"'{path}'" : $"the value of '{path}'");
    }
}
