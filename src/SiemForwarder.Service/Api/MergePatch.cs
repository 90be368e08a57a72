using System.Text.Json;
using System.Text.Json.Nodes;

namespace SiemForwarder.Service.Api;

/// <summary>Changes some members of a document and leaves the others (JSON Merge Patch, RFC 7396).</summary>
internal static class MergePatch
{
    /// <summary>Media type of a patch; <c>application/json</c> is taken as well.</summary>
    public const string MediaType = "application/merge-patch+json";

    /// <summary>What a request has that cannot be read as text.</summary>
    public const string NoText = "The body holds bytes that are no UTF-8, half of a surrogate pair, or a member twice.";

    /// <summary>A resource as a patch would make it, as a request that replaces it.</summary>
    /// <param name="shown">The resource as the API shows it.</param>
    /// <param name="patch">What to change.</param>
    /// <param name="options">How the API writes and reads JSON.</param>
    /// <param name="prepare">Takes out what follows from members that are patched; null where nothing does.</param>
    /// <exception cref="BadHttpRequestException">The patch is no text, or a member is not known or has the wrong type.</exception>
    public static T Merge<T>(object shown, JsonObject patch, JsonSerializerOptions options, Action<JsonObject>? prepare = null)
    {
        Check(patch);
        var document = (JsonObject)JsonSerializer.SerializeToNode(shown, options)!;
        prepare?.Invoke(document);
        Apply(document, patch);
        try
        {
            return document.Deserialize<T>(options)!;
        }
        catch (JsonException exception)
        {
            throw new BadHttpRequestException(exception.Message, StatusCodes.Status400BadRequest, exception);
        }
    }

    /// <summary>Writes the patch into the document: null removes a member, an object goes into an object, everything else replaces what was there.</summary>
    public static void Apply(JsonObject document, JsonObject patch)
    {
        foreach (var (name, value) in patch)
        {
            if (value is null)
            {
                document.Remove(name);
            }
            else if (value is JsonObject inner)
            {
                if (document[name] is not JsonObject)
                {
                    document[name] = new JsonObject();
                }

                Apply((JsonObject)document[name]!, inner);
            }
            else
            {
                document[name] = value.DeepClone();
            }
        }
    }

    // Such values fail only where they are read, so all of it is read before anything is done.
    private static void Check(JsonObject patch)
    {
        try
        {
            Read(patch);
        }
        catch (Exception exception) when (exception is InvalidOperationException or ArgumentException)
        {
            throw new BadHttpRequestException(exception.Message, StatusCodes.Status400BadRequest, new JsonException(NoText, exception));
        }

        static void Read(JsonNode? node)
        {
            switch (node)
            {
                case JsonObject members:
                    foreach (var (_, value) in members)
                    {
                        Read(value);
                    }

                    break;
                case JsonArray items:
                    foreach (var item in items)
                    {
                        Read(item);
                    }

                    break;
                default:
                    _ = node?.ToString();
                    break;
            }
        }
    }
}
