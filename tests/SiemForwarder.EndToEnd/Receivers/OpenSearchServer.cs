using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using SiemForwarder.Tests.Support;

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

    /// <summary>Installs the index template that the product ships, for one data stream, so that the server refuses every field that it does not name.</summary>
    public async Task InstallShippedTemplateAsync(string dataStream, CancellationToken cancellationToken)
    {
        var template = JsonNode.Parse(await File.ReadAllTextAsync(
            Path.Combine(RepositoryFiles.Root, "docs", "deploy", "opensearch-index-template.json"), cancellationToken))!;
        template["index_patterns"] = new JsonArray(dataStream);
        template["template"]!["mappings"]!["dynamic"] = "strict";
        using var answer = await Client.PutAsJsonAsync($"{Url}/_index_template/{dataStream}", template, cancellationToken);
        answer.EnsureSuccessStatusCode();
    }

    /// <summary>How many documents of a data stream match a query.</summary>
    public async Task<long> CountAsync(string dataStream, object query, CancellationToken cancellationToken)
    {
        using var answer = await Client.PostAsJsonAsync($"{Url}/{dataStream}/_count", new { query }, cancellationToken);
        answer.EnsureSuccessStatusCode();
        return (await answer.Content.ReadFromJsonAsync<JsonElement>(cancellationToken)).GetProperty("count").GetInt64();
    }

    protected override HttpRequestMessage Readiness() => new(HttpMethod.Get, Url);

    protected override async Task PrepareAsync(CancellationToken cancellationToken)
    {
        using var template = new StringContent(await File.ReadAllTextAsync(FileOf("opensearch-index-template.json"), cancellationToken), null, "application/json");
        using var answer = await Client.PutAsync($"{Url}/_index_template/keycloak", template, cancellationToken);
        answer.EnsureSuccessStatusCode();
    }
}
