using System.Text.Json;
using System.Text.Json.Nodes;

namespace SiemForwarder.Service.Api;

/// <summary>Changes some members of a document and keeps the others (JSON Merge Patch, RFC 7396).</summary>
internal static class MergePatch
{
    /// <summary>Media type of a patch; <c>application/json</c> is accepted as well.</summary>
    public const string MediaType = "application/merge-patch+json";

    /// <summary>The error for a body that is not well-formed text.</summary>
    public const string NoText = "The body contains invalid UTF-8, half of a surrogate pair, or a duplicate member.";

    /// <summary>Applies a patch to a resource and returns it as a request that replaces the resource.</summary>
    /// <param name="shown">The resource as the API shows it.</param>
    /// <param name="patch">What to change.</param>
    /// <param name="options">How the API writes and reads JSON.</param>
    /// <param name="prepare">Removes members that are derived from patched ones; null if there are none.</param>
    /// <exception cref="BadHttpRequestException">The patch is not well-formed text, or a member is unknown or has the wrong type.</exception>
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

    /// <summary>Applies the patch to the document: null removes a member, objects are merged, any other value replaces the old one.</summary>
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

    // Such values fail only when they are read, so everything is read first.
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
