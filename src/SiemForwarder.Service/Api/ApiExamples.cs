using System.Text.Json.Nodes;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace SiemForwarder.Service.Api;

/// <summary>Adds a working example to every operation that accepts a body.</summary>
internal sealed class ApiExamples : IOpenApiOperationTransformer
{
    private const string Source = """
        {"name":"production","keycloak":{"baseUrl":"https://sso.example.com","realm":"production","clientId":"siem-forwarder","clientSecret":"…",
        "streams":["user","admin"],"pollIntervalSeconds":5,"start":"now","proxy":"http://proxy.example.com:3128"}}
        """;

    private const string Integration = """
        {"name":"Splunk","serverUrl":"tls://siem.example.com:6514","outputType":"CEF","enabled":true,"filter":{"exclude":{"types":["REFRESH_TOKEN*"]}}}
        """;

    private const string Given = """
        {"events":[{"event_id":"4711","event_type":"account.provisioned","timestamp":"2026-01-31T10:15:30Z","subject":"alice","requestor":"hr"}]}
        """;

    private const string NewIntegration = """
        {"integration":{"serverUrl":"tls://siem.example.com:6514","outputType":"CEF","filter":{"exclude":{"types":["REFRESH_TOKEN*"]}}}}
        """;

    private const string Rule = """
        {"name":"login-as-root","enabled":true,"expectedAlertsPerDay":1,
        "yaml":"title: Login as root\nlogsource: {product: keycloak}\ndetection: {root: {type: LOGIN, username: root}, condition: root}\nlevel: high"}
        """;

    private static readonly Dictionary<string, string> Examples = new()
    {
        ["CreateSource"] = Source,
        ["UpdateSource"] = Source,
        ["CreateIntegration"] = Integration,
        ["UpdateIntegration"] = Integration,
        ["PreviewIntegration"] = Given,
        ["PreviewNewIntegration"] = NewIntegration,
        ["EstimateNewVolume"] = NewIntegration,
        ["PatchSource"] = """{"keycloak":{"pollIntervalSeconds":10}}""",
        ["PatchIntegration"] = """{"outputType":"JSON","filter":{"exclude":{"types":["REFRESH_TOKEN*"]}}}""",
        ["PauseIntegration"] = """{"reason":"maintenance of the SIEM"}""",
        ["CreateReplay"] = """{"from":"2026-01-31T00:00:00Z","to":"2026-01-31T06:00:00Z","dryRun":true}""",
        ["RedriveSetAside"] = """{"reason":"mapper_parsing_exception"}""",
        ["DiscardSetAside"] = """{"ids":[17],"because":"a test event"}""",
        ["CreateEnginePool"] = """{"name":"dmz","description":"Engines that reach the SIEM of the data centre."}""",
        ["CreateRehearsal"] = """{"scenario":"brute-force"}""",
        ["PlanConfiguration"] = """{"name":"acme","integrations":[{"name":"Splunk","serverUrl":"tls://siem.example.com:6514","outputType":"CEF"}]}""",
        ["CreateRule"] = Rule,
        ["CheckRule"] = Rule,
        ["UpdateRule"] = Rule,
        ["BacktestRule"] = """{"from":"2026-01-01T00:00:00Z","to":"2026-01-31T00:00:00Z"}""",
        ["OrderBacktest"] = """{"from":"2026-01-01T00:00:00Z","to":"2026-06-30T00:00:00Z"}""",
        ["UpdateRuleList"] = """{"values":["alice","root"]}""",
        ["UpdateEnginePool"] = """{"description":"Engines that reach the SIEM of the data centre."}""",
    };

    public Task TransformAsync(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        if (operation.OperationId is { } id && Examples.TryGetValue(id, out var example)
            && operation.RequestBody?.Content is { } content)
        {
            foreach (var (_, body) in content)
            {
                body.Example = JsonNode.Parse(example);
            }
        }

        return Task.CompletedTask;
    }
}
