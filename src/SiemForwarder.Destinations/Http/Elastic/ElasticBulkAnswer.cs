using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace SiemForwarder.Destinations.Http.Elastic;

/// <summary>What the bulk API says of one event.</summary>
/// <param name="Status">Its own status code.</param>
/// <param name="ErrorType">Name of the error, or null.</param>
/// <param name="Reason">Why, in the server's words, or null; may hold text of the event.</param>
/// <param name="InFailureStore">Stored, but aside: the document did not fit its mapping.</param>
internal sealed record BulkItem(int Status, string? ErrorType, string? Reason, bool InFailureStore);

/// <summary>Reads the answers of Elasticsearch and OpenSearch.</summary>
internal static class ElasticBulkAnswer
{
    /// <summary>The result of every event in order; false where the answer does not hold so many.</summary>
    public static bool TryRead(ReadOnlyMemory<byte> body, int count, [NotNullWhen(true)] out IReadOnlyList<BulkItem>? items)
    {
        items = null;
        try
        {
            using var document = JsonDocument.Parse(body);
            if (document.RootElement.ValueKind != JsonValueKind.Object || !document.RootElement.TryGetProperty("items", out var list)
                || list.ValueKind != JsonValueKind.Array || list.GetArrayLength() != count)
            {
                return false;
            }

            items = [.. list.EnumerateArray().Select(Read)];
            return true;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            items = null;
            return false;
        }
    }

    /// <summary>Name and version of the server, or null where it is another one.</summary>
    public static string? FindVersion(ReadOnlyMemory<byte> body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            var version = document.RootElement.GetProperty("version");
            var product = version.TryGetProperty("distribution", out var distribution) ? distribution.GetString() : "elasticsearch";
            var cluster = document.RootElement.TryGetProperty("cluster_name", out var name) ? name.GetString() : "?";
            return $"{product} {version.GetProperty("number").GetString()}, cluster {cluster}";
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            return null;
        }
    }

    private static BulkItem Read(JsonElement item)
    {
        var result = item.EnumerateObject().First().Value;
        var error = result.TryGetProperty("error", out var found) && found.ValueKind == JsonValueKind.Object ? found : default;
        var reason = TextOf(error, "reason");
        if (error.ValueKind == JsonValueKind.Object && error.TryGetProperty("caused_by", out var cause) && TextOf(cause, "reason") is { } deeper)
        {
            reason = $"{reason}; {deeper}";
        }

        return new BulkItem(result.GetProperty("status").GetInt32(), TextOf(error, "type"), reason, TextOf(result, "failure_store") == "used");
    }

    private static string? TextOf(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;
}
