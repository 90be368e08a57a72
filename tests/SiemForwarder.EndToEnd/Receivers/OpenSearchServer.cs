using System.Net.Http.Json;
using System.Text.Json;

namespace SiemForwarder.EndToEnd.Receivers;

/// <summary>A real OpenSearch node with an index template that makes the data streams of the tests.</summary>
public sealed class OpenSearchServer() : StartedReceiver("opensearch")
{
    public string Url => $"http://127.0.0.1:{Port}";

    /// <summary>All documents of a data stream, as found after a refresh.</summary>
    public async Task<IReadOnlyList<JsonElement>> ReadAsync(string dataStream, CancellationToken cancellationToken)
    {
        using var refreshed = await Client.PostAsync($"{Url}/{dataStream}/_refresh", null, cancellationToken);
        var found = await Client.GetFromJsonAsync<JsonElement>($"{Url}/{dataStream}/_search?size=5000", cancellationToken);
        return [.. found.GetProperty("hits").GetProperty("hits").EnumerateArray()];
    }

    /// <summary>Makes an index with a mapping of its own.</summary>
    public async Task CreateIndexAsync(string index, object mappings, CancellationToken cancellationToken)
    {
        using var answer = await Client.PutAsJsonAsync($"{Url}/{index}", new { mappings }, cancellationToken);
        answer.EnsureSuccessStatusCode();
    }

    protected override HttpRequestMessage Readiness() => new(HttpMethod.Get, Url);

    protected override async Task PrepareAsync(CancellationToken cancellationToken)
    {
        using var template = new StringContent(await File.ReadAllTextAsync(FileOf("opensearch-index-template.json"), cancellationToken), null, "application/json");
        using var answer = await Client.PutAsync($"{Url}/_index_template/keycloak", template, cancellationToken);
        answer.EnsureSuccessStatusCode();
    }
}
