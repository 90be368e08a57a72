using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace SiemForwarder.Reliability.Bench;

/// <summary>The front door of the service under test, wherever it listens at the moment.</summary>
internal sealed class ForwarderApi(Func<HttpClient> client)
{
    public async Task<JsonNode> PostAsync(string path, object? body, CancellationToken cancellationToken)
    {
        using var response = await client().PostAsJsonAsync(path, body ?? new { }, cancellationToken);
        var text = await response.Content.ReadAsStringAsync(cancellationToken);
        return response.IsSuccessStatusCode ? JsonNode.Parse(text)! : throw new InvalidOperationException(
            $"{path}: {(int)response.StatusCode} {text}");
    }

    /// <summary>The answer; null where the service does not answer or not with success.</summary>
    public async Task<JsonNode?> FindAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            using var response = await client().GetAsync(path, cancellationToken);
            return response.IsSuccessStatusCode ? JsonNode.Parse(await response.Content.ReadAsStringAsync(cancellationToken)) : null;
        }
        catch (HttpRequestException)
        {
            // The service is away or dies just now, which is what many scenarios are about.
            return null;
        }
    }

    /// <summary>Replaces a resource with the version that it has now.</summary>
    public async Task PutAsync(string path, object body, CancellationToken cancellationToken)
    {
        using var current = await client().GetAsync(path, cancellationToken);
        using var request = new HttpRequestMessage(HttpMethod.Put, path) { Content = JsonContent.Create(body) };
        request.Headers.IfMatch.Add(current.Headers.ETag!);
        using var response = await client().SendAsync(request, cancellationToken);
        var text = await response.Content.ReadAsStringAsync(cancellationToken);
        if (!response.IsSuccessStatusCode)
        {
            throw new InvalidOperationException($"{path}: {(int)response.StatusCode} {text}");
        }
    }
}
