using System.Net;
using System.Text.Json.Nodes;
using SiemForwarder.EndToEnd.Support;

namespace SiemForwarder.EndToEnd.Service;

/// <summary>What somebody finds who comes to the API for the first time.</summary>
public sealed class ApiDocumentTests(RunningForwarder running) : IClassFixture<RunningForwarder>
{
    [Fact]
    public async Task EveryOperationHasANameASummaryAndATag()
    {
        var document = await (await running.GetAsync()).GetAsync("/openapi/v1.json");

        var operations = Operations(document).ToList();

        Assert.All(operations, operation =>
        {
            Assert.True(operation.Node["operationId"] is not null, operation.Name);
            Assert.Matches(@"^\S.*\.$", operation.Node["summary"]?.GetValue<string>() ?? "");
            Assert.True(operation.Node["tags"]?.AsArray().Count > 0, operation.Name);
        });
        string[] expected =
        [
            "GET /api/v1/sources", "POST /api/v1/sources", "GET /api/v1/sources/{id}", "PUT /api/v1/sources/{id}", "DELETE /api/v1/sources/{id}",
            "POST /api/v1/sources/{id}/check", "GET /api/v1/sources/{id}/status", "POST /api/v1/sources/{id}/events", "GET /api/v1/integrations", "POST /api/v1/integrations",
            "GET /api/v1/integrations/{id}", "PUT /api/v1/integrations/{id}", "DELETE /api/v1/integrations/{id}", "POST /api/v1/integrations/{id}/enable",
            "POST /api/v1/integrations/{id}/disable", "POST /api/v1/integrations/{id}/test", "GET /api/v1/integrations/{id}/status",
            "GET /api/v1/integrations/{id}/deliveries", "GET /api/v1/integrations/{id}/set-aside", "GET /api/v1/events", "GET /api/v1/events/{eventId}",
            "GET /api/v1/event-types", "GET /health/live", "GET /health/ready",
        ];
        Assert.Empty(expected.Except(operations.Select(operation => operation.Name)));
    }

    [Fact]
    public async Task TheExampleOfEveryOperationThatCreatesIsAcceptedAsItStands()
    {
        var forwarder = await running.GetAsync();
        var document = await forwarder.GetAsync("/openapi/v1.json");
        string[] creating = ["POST /api/v1/sources", "POST /api/v1/integrations"];

        foreach (var operation in Operations(document).Where(operation => creating.Contains(operation.Name)))
        {
            var example = operation.Node["requestBody"]!["content"]!["application/json"]!["example"]!;
            var answer = await forwarder.SendAsync(HttpMethod.Post, operation.Name["POST ".Length..], example.ToJsonString());

            Assert.True(answer.Status == HttpStatusCode.Created, $"{operation.Name}: {answer.Text}");
        }
    }

    [Fact]
    public async Task SwaggerUiAnswersWhereItAlwaysWas()
    {
        var forwarder = await running.GetAsync();

        using var page = await forwarder.Api.GetAsync("/swagger", TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.OK, page.StatusCode);
        Assert.StartsWith("/swagger", page.RequestMessage!.RequestUri!.AbsolutePath, StringComparison.Ordinal);
        Assert.Contains("swagger-ui", await page.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/health/live")]
    [InlineData("/health/ready")]
    public async Task HealthIsReadyWhereAllIsWell(string path)
    {
        var answer = await (await running.GetAsync()).GetAsync(path);

        Assert.Equal("ready", answer["status"]!.GetValue<string>());
    }

    [Fact]
    public async Task TheCatalogueOfEventTypesTellsWhatEachIs()
    {
        var types = (await (await running.GetAsync()).GetAsync("/api/v1/event-types"))["items"]!.AsArray();

        var login = types.Single(type => type!["type"]!.GetValue<string>() == "LOGIN_ERROR" && type["kind"]!.GetValue<string>() == "user")!;
        Assert.Equal("authentication", login["category"]!.GetValue<string>());
        Assert.True(types.Count > 100, $"{types.Count} types");
    }

    private static IEnumerable<(string Name, JsonNode Node)> Operations(JsonNode document) =>
        from path in document["paths"]!.AsObject()
        from operation in path.Value!.AsObject()
        select ($"{operation.Key.ToUpperInvariant()} {(path.Key.Length > 1 ? path.Key.TrimEnd('/') : path.Key)}", operation.Value!);
}
