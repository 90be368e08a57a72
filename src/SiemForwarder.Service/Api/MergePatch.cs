using System.Text.Json;
using System.Text.Json.Nodes;

namespace SiemForwarder.Service.Api;

/// <summary>Changes some members of a document and leaves the others (JSON Merge Patch, RFC 7396).</summary>
internal static class MergePatch
{
    /// <summary>Media type of a patch; <c>application/json</c> is taken as well.</summary>
    public const string MediaType = "application/merge-patch+json";

    public const string NoText = "The body holds bytes that are no UTF-8, half of a surrogate pair, or a member twice.";

    /// <summary>Reads all of a patch: bytes that are no text, and members that stand twice, are found only when they are read.</summary>
    /// <exception cref="BadHttpRequestException">The patch holds such.</exception>
    public static void Check(JsonObject patch)
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

    /// <summary>A patched document as a request.</summary>
    /// <exception cref="BadHttpRequestException">A member is not known or has the wrong type.</exception>
    public static T Read<T>(JsonObject document, JsonSerializerOptions options)
    {
        try
        {
            return document.Deserialize<T>(options)!;
        }
        catch (JsonException exception)
        {
            throw new BadHttpRequestException(exception.Message, StatusCodes.Status400BadRequest, exception);
        }
    }
}
