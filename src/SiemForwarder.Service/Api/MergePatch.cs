using System.Text.Json;
using System.Text.Json.Nodes;

namespace SiemForwarder.Service.Api;

/// <summary>Changes some members of a document and leaves the others (JSON Merge Patch, RFC 7396).</summary>
internal static class MergePatch
{
    /// <summary>Media type of a patch; <c>application/json</c> is taken as well.</summary>
    public const string MediaType = "application/merge-patch+json";

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
