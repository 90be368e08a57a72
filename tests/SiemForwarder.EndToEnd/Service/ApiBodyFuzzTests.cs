using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Tests.Fuzz;

namespace SiemForwarder.EndToEnd.Service;

/// <summary>Broken bytes as the body of every kind of request: a refusal in words, never a fault of the service, and nothing half done.</summary>
public sealed class ApiBodyFuzzTests(TestPostgres postgres)
{
    private static readonly (HttpMethod Method, string Path, string Sample)[] Requests =
    [
        (HttpMethod.Post, "/api/v1/integrations", """{"name":"a","serverUrl":"tls://siem.example.com:6514","outputType":"CEF","filter":{"include":{"types":["LOGIN*"]}},"tls":{"caCertificate":"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----"}}"""),
        (HttpMethod.Put, "/api/v1/integrations/1", """{"name":"siem","serverUrl":"https://siem.example.com/in","authentication":{"type":"header","header":"X: y"},"privacy":[{"field":"user","action":"mask"}]}"""),
        (HttpMethod.Patch, "/api/v1/integrations/1", """{"description":"x","syslog":{"hostname":"a","maxMessageBytes":2048},"batch":{"maxEvents":10}}"""),
        (HttpMethod.Post, "/api/v1/integrations/preview", """{"integration":{"serverUrl":"tcp://x"},"events":[{"event_type":"a","context":{"b":1}}]}"""),
        (HttpMethod.Post, "/api/v1/integrations/1/replays", """{"from":"2026-01-01T00:00:00Z","to":"2026-01-02T00:00:00Z","sources":[1]}"""),
        (HttpMethod.Post, "/api/v1/integrations/1/set-aside/discard", """{"because":"a reason","ids":[1,2]}"""),
        (HttpMethod.Post, "/api/v1/sources", """{"name":"r","enabled":false,"keycloak":{"baseUrl":"http://127.0.0.1:9","realm":"r","clientId":"c","clientSecret":"s","start":"2026-01-01T00:00:00Z"}}"""),
        (HttpMethod.Post, "/api/v1/keys", """{"name":"k","role":"siem-viewer","expiresAt":"2030-01-01T00:00:00Z"}"""),
        (HttpMethod.Post, "/api/v1/engine-pools", """{"name":"dmz","description":"outside"}"""),
        (HttpMethod.Post, "/api/v1/sources/1/events", """{"event_id":"n-1","event_type":"account.provisioned","timestamp":"2026-01-31T10:15:30Z","subject":"alice","context":{"a":{"b":[1]}}}"""),
    ];

    [Fact]
    public async Task EveryBrokenBodyIsAnsweredInWords()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        await forwarder.PostAsync("/api/v1/sources", new { name = "apps", kind = "http", inbox = new { key = "0123456789abcdef-key" } });
        await forwarder.PostAsync("/api/v1/integrations", new { name = "siem", serverUrl = "tcp://127.0.0.1:9" });
        var samples = Requests.Select(request => Encoding.UTF8.GetBytes(request.Sample)).ToArray();

        await Fuzzer.RunAsync(300, samples, async (input, random) =>
        {
            var (method, path, _) = Requests[random.Next(Requests.Length)];
            using var request = new HttpRequestMessage(method, path) { Content = new ByteArrayContent(input) };
            request.Content.Headers.ContentType = new MediaTypeHeaderValue(method == HttpMethod.Patch ? "application/merge-patch+json" : "application/json");
            request.Headers.Add("If-Match", "*");
            if (path.EndsWith("/events", StringComparison.Ordinal))
            {
                request.Headers.Add("X-API-Key", "0123456789abcdef-key");
            }

            using var answer = await forwarder.Api.SendAsync(request, TestContext.Current.CancellationToken);
            var text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);

            Assert.True((int)answer.StatusCode is >= 200 and <= 499, $"{method} {path} answered {(int)answer.StatusCode}: {text}");
            if (!answer.IsSuccessStatusCode)
            {
                // A push names the events that it refuses; everything else is a problem document.
                var words = JsonNode.Parse(text)!;
                Assert.True(
                    words["rejected"] is JsonArray || words["status"]?.GetValue<int>() == (int)answer.StatusCode,
                    $"{method} {path} answered {(int)answer.StatusCode}: {text}");
            }
        });

        // Whatever came of them, what is stored can be read and shown.
        Assert.NotEmpty((await forwarder.GetAsync("/api/v1/integrations?pageSize=200"))["items"]!.AsArray());
        Assert.NotEmpty((await forwarder.GetAsync("/api/v1/sources?pageSize=200"))["items"]!.AsArray());
        Assert.Equal("ready", (string?)(await forwarder.GetAsync("/health/ready"))["status"]);
    }
}
