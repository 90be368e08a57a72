using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using SiemForwarder.Destinations;
using SiemForwarder.EndToEnd.Support;

namespace SiemForwarder.EndToEnd.Service;

/// <summary>What an administrator is shown before anything is sent.</summary>
public sealed class PreviewTests(RunningForwarder running) : IClassFixture<RunningForwarder>
{
    private const string Path = "/api/v1/integrations/preview";

    [Fact]
    public async Task EveryPresetShowsTheSamplesWithoutAFault()
    {
        var forwarder = await running.GetAsync();
        var presets = (await forwarder.GetAsync("/api/v1/presets"))["items"]!.AsArray();
        var kinds = new HashSet<string>();
        foreach (var preset in presets)
        {
            var answer = await forwarder.SendAsync(HttpMethod.Post, Path, new JsonObject { ["integration"] = preset!["example"]!.DeepClone() }.ToJsonString());
            if (preset["id"]!.GetValue<string>() == "file")
            {
                // Nobody opened a folder here; FileDeliveryTests and PreviewedBytesTests do.
                Assert.Equal("integration.destination", Assert.Single(answer.Fields));
                kinds.Add("file");
                continue;
            }

            var shown = answer.Json;
            Assert.True(answer.Status == HttpStatusCode.OK, $"{preset["id"]}: {answer.Text}");
            Assert.True(shown["errors"]!.GetValue<int>() == 0, $"{preset["id"]}: {shown["messages"]!.ToJsonString()}");
            Assert.Equal(("samples", 4), (shown["origin"]!.GetValue<string>(), shown["messages"]!.AsArray().Count));
            Assert.All(shown["messages"]!.AsArray(), message => Assert.Contains(
                message!["fields"]!.AsArray(), field => field!["value"]!.GetValue<string>().Contains(message["eventId"]!.GetValue<string>(), StringComparison.Ordinal)));
            Assert.NotEmpty(shown["units"]!.AsArray());
            kinds.Add(shown["destination"]!.GetValue<string>());
        }

        // A preset is not needed, but the kinds that this was written with have one each; WireImageTests go through the catalogue.
        Assert.InRange(kinds.Count, 13, DestinationCatalog.All.Count);
    }

    [Fact]
    public async Task GivenEventsAreTakenAsTheyArePulledAndPushed()
    {
        var shown = await PreviewAsync("""
            {"integration":{"serverUrl":"tcp://siem.example.com","outputType":"JSON","filter":{"exclude":{"types":["LOGOUT"]}}},"events":[
            {"event_id":"n-1","event_type":"account.provisioned","timestamp":"2026-01-31T10:15:30Z","subject":"alice"},
            {"id":"5b0e6a3c-1f52-4d0e-9f55-0c3a4a1d7e01","time":1789041600000,"type":"LOGOUT","realmId":"r","userId":"u-1","details":{"username":"bob"}},
            {"id":"5b0e6a3c-1f52-4d0e-9f55-0c3a4a1d7e02","time":1789041600000,"operationType":"DELETE","resourceType":"USER","resourcePath":"users/u-2"},
            {"id":"5b0e6a3c-1f52-4d0e-9f55-0c3a4a1d7e03","time":1789041600000,"type":"access.LOGIN","realmName":"shop","details":{"username":"eve"}}]}
            """);

        var messages = shown["messages"]!.AsArray();
        Assert.Equal(["account.provisioned", "LOGOUT", "DELETE-USER", "LOGIN"], messages.Select(message => (string)message!["eventType"]!));
        Assert.Equal([null, "exclude.types", null, null], messages.Select(message => (string?)message!["filteredBy"]));
        Assert.Equal("given", (string)shown["origin"]!);
        Assert.Equal("alice", ValueOf(messages[0]!, "subject"));
        Assert.Equal("bob", ValueOf(messages[1]!, "subject"));
        Assert.Equal("shop", ValueOf(messages[3]!, "org_id"));
        var unit = Assert.Single(shown["units"]!.AsArray())!;
        Assert.Equal(("stream", string.Concat(messages.Select(message => (string)message!["text"]! + "\n"))), ((string)unit["kind"]!, (string)unit["body"]!));
        Assert.All(messages, message => Assert.Equal(message!["bytes"]!.GetValue<int>() + 1, message["frameBytes"]!.GetValue<int>()));
    }

    [Fact]
    public async Task ALintSaysWhatDoesNotFit()
    {
        var shown = await PreviewAsync($$"""
            {"integration":{"serverUrl":"udp://siem.example.com","syslog":{"maxMessageBytes":70000} },"events":[
            {"event_id":"n-1","event_type":"audit","context":{"note":"{{new string('x', 3000)}}"} },{"event_id":"n-2","event_type":"audit"}]}
            """);

        var rules = shown["messages"]!.AsArray().Select(message => string.Join(' ', message!["findings"]!.AsArray().Select(finding => $"{finding!["level"]}:{finding["rule"]}"))).ToList();
        Assert.Equal(["note:size.rfc5424 warning:size.udp", ""], rules);
        Assert.Equal((0, 1), (shown["errors"]!.GetValue<int>(), shown["warnings"]!.GetValue<int>()));
    }

    [Fact]
    public async Task SecretsAreMaskedInTheHeadAndCompressionIsCounted()
    {
        var shown = await PreviewAsync("""
            {"integration":{"preset":"splunk","serverUrl":"splunk.example.com","settings":{"token":"0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"}}}
            """);

        var unit = Assert.Single(shown["units"]!.AsArray())!;
        Assert.StartsWith("POST /services/collector/event HTTP/1.1\r\n", (string)unit["head"]!, StringComparison.Ordinal);
        Assert.Contains("Authorization: Splunk ***\r\n", (string)unit["head"]!, StringComparison.Ordinal);
        Assert.DoesNotContain("4b5a-6978", shown.ToJsonString(), StringComparison.Ordinal);
        Assert.InRange(unit["sentBytes"]!.GetValue<int>(), 100, unit["bodyBytes"]!.GetValue<int>() / 2);
        Assert.Equal(unit["sentBytes"]!.GetValue<int>(), Convert.FromBase64String((string)unit["sentBase64"]!).Length);
        Assert.Equal("LOGIN", ValueOf(shown["messages"]![0]!, "event.signature_id"));
        Assert.NotNull(ValueOf(shown["messages"]![0]!, "sourcetype"));
    }

    [Fact]
    public async Task ARequestThatIsWrongIsToldByItsFields()
    {
        var forwarder = await running.GetAsync();

        foreach (var (body, field) in new[]
        {
            ("""{}""", "integration"),
            ("""{"integration":{"serverUrl":"gopher://x"}}""", "integration.serverUrl"),
            ("""{"integration":{"serverUrl":"tcp://x","schema":"raw","privacy":[{"field":"subject","action":"mask"}]}}""", "integration.schema"),
            ("""{"integration":{"serverUrl":"tcp://x"},"events":[{"event_type":"a"},{"a":1}]}""", "events[1]"),
            ("""{"integration":{"serverUrl":"tcp://x"},"events":[7]}""", "events[0]"),
            ("""{"integration":{"serverUrl":"tcp://x"},"events":[]}""", "events"),
            ("""{"integration":{"serverUrl":"tcp://x"},"recent":101}""", "recent"),
            ("""{"integration":{"serverUrl":"tcp://x"},"recent":1,"events":[{"event_type":"a"}]}""", "recent"),
            ("""{"integration":{"serverUrl":"tcp://x"},"source":4711}""", "source"),
        })
        {
            var answer = await forwarder.SendAsync(HttpMethod.Post, Path, body);

            Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
            Assert.Contains(field, answer.Fields);
        }

        Assert.Equal(HttpStatusCode.NotFound, (await forwarder.SendAsync(HttpMethod.Post, "/api/v1/integrations/4711/preview", "{}")).Status);
    }

    [Fact]
    public async Task ChangesToAStoredIntegrationAreShownWithTheSecretsThatItHas()
    {
        var forwarder = await running.GetAsync();
        var id = (await forwarder.PostAsync("/api/v1/integrations", new
        {
            name = "preview of changes", serverUrl = "https://in.example.com/", authentication = new { type = "bearer", token = "s3cr3t" },
        }))["id"]!.GetValue<int>();

        var before = await forwarder.PostAsync($"/api/v1/integrations/{id}/preview", new { });
        var after = await forwarder.PostAsync(
            $"/api/v1/integrations/{id}/preview", new { integration = new { serverUrl = "https://in.example.com/", outputType = "CEF", authentication = new { type = "bearer" } } });

        Assert.Equal(("JSON", "CEF"), ((string)before["outputType"]!, (string)after["outputType"]!));
        Assert.Contains("Authorization: Bearer ***", (string)after["units"]![0]!["head"]!, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cr3t", before.ToJsonString() + after.ToJsonString(), StringComparison.Ordinal);
        Assert.Equal("JSON", (string)(await forwarder.GetAsync($"/api/v1/integrations/{id}"))["outputType"]!);
    }

    private static string? ValueOf(JsonNode message, string field) =>
        (string?)message["fields"]!.AsArray().FirstOrDefault(one => (string)one!["name"]! == field)?["value"];

    private async Task<JsonNode> PreviewAsync(string body)
    {
        var answer = await (await running.GetAsync()).SendAsync(HttpMethod.Post, Path, body);
        Assert.True(answer.Status == HttpStatusCode.OK, answer.Text);
        return answer.Json;
    }
}
