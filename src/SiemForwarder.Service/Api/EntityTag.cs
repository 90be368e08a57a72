using System.Globalization;

namespace SiemForwarder.Service.Api;

/// <summary>Versions of resources as entity tags (RFC 9110 section 8.8.3).</summary>
internal static class EntityTag
{
    public static void Set(HttpResponse response, int version) => response.Headers.ETag = $"\"{version.ToString(CultureInfo.InvariantCulture)}\"";

    /// <summary>The version that a request names in If-Match; null where it names none. Anything that is not a version matches nothing.</summary>
    public static int? Read(HttpRequest request)
    {
        var text = request.Headers.IfMatch.ToString();
        if (text.Length == 0 || text == "*")
        {
            return null;
        }

        var value = text.StartsWith("W/", StringComparison.Ordinal) ? text[2..] : text;
        return int.TryParse(value.Trim('"'), NumberStyles.None, CultureInfo.InvariantCulture, out var version) ? version : -1;
    }
}
