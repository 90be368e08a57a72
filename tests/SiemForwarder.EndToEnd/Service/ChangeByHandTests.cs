using System.Net;
using System.Text.Json.Nodes;
using SiemForwarder.EndToEnd.Support;

namespace SiemForwarder.EndToEnd.Service;

/// <summary>Changes as somebody makes them by hand or in Swagger UI: what was read is sent back, one field is changed, a condition is left to the version.</summary>
public sealed class ChangeByHandTests(RunningForwarder running) : IClassFixture<RunningForwarder>
{
    private static readonly object[] Integrations =
    [
        new { serverUrl = "tcp://127.0.0.1:9", outputType = "CEF" },
        new { serverUrl = "udp://siem.example.com", outputType = "LEEF", filter = new { exclude = new { types = new[] { "REFRESH_TOKEN*" }, minimumSeverity = 3 } } },
        new { serverUrl = "https://siem.example.com/in", authentication = new { type = "basic", username = "u", password = "secret-of-basic" } },
        new { serverUrl = "https://siem.example.com/in", authentication = new { type = "bearer", token = "secret-token" }, batch = new { maxEvents = 10 } },
        new { preset = "splunk", serverUrl = "https://splunk.example.com:8088", authentication = new { type = "header", header = "Authorization: Splunk 11111111-2222" } },
        new
        {
            serverUrl = "tls://siem.example.com", privacy = new[] { new { field = "ip_address", action = "truncate-ip" }, new { field = "subject", action = "hash" } },
            privacyKey = "0123456789abcdef0123", privacyKeyId = "k1", description = "of the night",
        },
    ];

    [Fact]
    public async Task WhatGetGaveCanBePutBackAndChangesNothing()
    {
        var forwarder = await running.GetAsync();
        foreach (var (i, integration) in Integrations.Index())
        {
            var created = await CreateAsync(forwarder, "/api/v1/integrations", integration, $"put back {i}");
            var path = $"/api/v1/integrations/{created["id"]}";

            await AssertPutBackAsync(forwarder, path);
        }

        var realm = await CreateAsync(forwarder, "/api/v1/sources", new
        {
            keycloak = new { baseUrl = "http://127.0.0.1:9", realm = "put-back", clientId = "c", clientSecret = "s" },
            inbox = new { key = "0123456789abcdef" },
        }, "put back realm");
        await AssertPutBackAsync(forwarder, $"/api/v1/sources/{realm["id"]}");
    }

    [Fact]
    public async Task APatchChangesOneFieldAndLeavesTheOthers()
    {
        var forwarder = await running.GetAsync();
        foreach (var (i, integration) in Integrations.Index())
        {
            var created = await CreateAsync(forwarder, "/api/v1/integrations", integration, $"patched {i}");
            var path = $"/api/v1/integrations/{created["id"]}";
            var answer = await PatchAsync(forwarder, path, """{"filter":{"include":{"types":["LOGIN*"]}}}""");

            Assert.True(answer.Status == HttpStatusCode.OK, answer.Text);
            var expected = Settings(created);
            expected["filter"]!["include"] = answer.Json["filter"]!["include"]!.DeepClone();
            Assert.Equal("LOGIN*", (string?)answer.Json["filter"]!["include"]!["types"]![0]);
            Assert.Equal(expected.ToJsonString(), Settings(answer.Json).ToJsonString());
        }
    }

    [Fact]
    public async Task APatchOfTheAddressMovesProtocolAndPort()
    {
        var forwarder = await running.GetAsync();
        var created = await CreateAsync(forwarder, "/api/v1/integrations", new { serverUrl = "tcp://127.0.0.1:1514", outputType = "CEF" }, "moved");
        var path = $"/api/v1/integrations/{created["id"]}";

        var moved = await PatchAsync(forwarder, path, """{"serverUrl":"https://siem.example.com/in","description":null}""");

        Assert.True(moved.Status == HttpStatusCode.OK, moved.Text);
        Assert.Equal("https", (string?)moved.Json["protocol"]);
        Assert.Equal(443, (int?)moved.Json["port"]);
        Assert.Equal("CEF", (string?)moved.Json["outputType"]);
        Assert.Equal("", (string?)moved.Json["description"]);
    }

    [Fact]
    public async Task APatchThatNamesNothingKnownIsRefusedByName()
    {
        var forwarder = await running.GetAsync();
        var created = await CreateAsync(forwarder, "/api/v1/integrations", new { serverUrl = "tcp://127.0.0.1:1514" }, "mistyped");

        var answer = await PatchAsync(forwarder, $"/api/v1/integrations/{created["id"]}", """{"outputTyp":"CEF"}""");

        Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
        Assert.Contains("outputTyp", string.Join(' ', answer.Fields), StringComparison.Ordinal);
    }

    [Fact]
    public async Task APutThatLeavesTheOutputTypeOutKeepsIt()
    {
        var forwarder = await running.GetAsync();
        var created = await CreateAsync(forwarder, "/api/v1/integrations", new { serverUrl = "tcp://127.0.0.1:1514", outputType = "CEF" }, "kept");

        var answer = await forwarder.PutAsync($"/api/v1/integrations/{created["id"]}", new { name = "kept", serverUrl = "tcp://127.0.0.1:1515" });

        Assert.Equal("CEF", (string?)answer["outputType"]);
    }

    [Theory]
    [InlineData("integrations", new byte[] { 0xf8 })]
    [InlineData("integrations", new byte[] { 0x5c, 0x75, 0x64, 0x38, 0x30, 0x30 })]
    [InlineData("sources", new byte[] { 0xf8 })]
    public async Task AChangeWhoseTextIsNoTextIsRefused(string kind, byte[] text)
    {
        var forwarder = await running.GetAsync();
        var created = await CreateAsync(
            forwarder, $"/api/v1/{kind}",
            kind == "sources" ? new { kind = "http", inbox = new { key = "0123456789abcdef-key" } } : new { serverUrl = "tcp://127.0.0.1:1514" }, $"text {Guid.NewGuid()}");
        using var request = new HttpRequestMessage(HttpMethod.Patch, $"/api/v1/{kind}/{created["id"]}")
        {
            Content = new ByteArrayContent([.. "{\"name\":\"x"u8, .. text, .. "\"}"u8]),
        };
        request.Content.Headers.ContentType = new("application/merge-patch+json");
        request.Headers.Add("If-Match", "*");

        using var answer = await forwarder.Api.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(400, (int)answer.StatusCode);
        var problem = JsonNode.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!;
        Assert.StartsWith("The body contains invalid UTF-8", (string?)problem["errors"]!["body"]![0], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"{0}\"", 200)]
    [InlineData("*", 200)]
    [InlineData("\"999\", \"{0}\"", 200)]
    [InlineData("W/\"{0}\"", 412)]
    [InlineData("\"999\"", 412)]
    [InlineData(null, 428)]
    public async Task AConditionIsReadByRfc9110(string? ifMatch, int status)
    {
        var forwarder = await running.GetAsync();
        var created = await CreateAsync(forwarder, "/api/v1/integrations", new { serverUrl = "tcp://127.0.0.1:1514" }, $"condition {Guid.NewGuid()}");
        var path = $"/api/v1/integrations/{created["id"]}";
        var condition = ifMatch is null ? null : string.Format(System.Globalization.CultureInfo.InvariantCulture, ifMatch, created["version"]);

        var answer = await forwarder.SendAsync(HttpMethod.Patch, path, """{"description":"changed"}""", condition);

        Assert.Equal(status, (int)answer.Status);
    }

    [Fact]
    public async Task WhoHasTheVersionIsAnswered304()
    {
        var forwarder = await running.GetAsync();
        var created = await CreateAsync(forwarder, "/api/v1/integrations", new { serverUrl = "tcp://127.0.0.1:1514" }, "known");
        foreach (var (header, status) in new[] { ($"\"{created["version"]}\"", 304), ($"W/\"{created["version"]}\"", 304), ("*", 304), ("\"999\"", 200) })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/v1/integrations/{created["id"]}");
            request.Headers.TryAddWithoutValidation("If-None-Match", header);
            using var answer = await forwarder.Api.SendAsync(request, TestContext.Current.CancellationToken);

            Assert.Equal(status, (int)answer.StatusCode);
            Assert.Equal($"\"{created["version"]}\"", answer.Headers.ETag?.ToString());
        }
    }

    [Fact]
    public async Task EveryListHasTheSameEnvelopeAndIsPaged()
    {
        var forwarder = await running.GetAsync();
        var source = (await CreateAsync(forwarder, "/api/v1/sources", new { kind = "http", inbox = new { key = "0123456789abcdef" } }, "listed"))["id"];
        var integration = (await CreateAsync(forwarder, "/api/v1/integrations", new { serverUrl = "tcp://127.0.0.1:9" }, "listed"))["id"];
        var document = await forwarder.GetAsync("/openapi/v1.json");
        var lists = document["paths"]!.AsObject()
            .Where(path => path.Value!["get"]?["operationId"]?.ToString() is { } id && (id.StartsWith("List", StringComparison.Ordinal) || id == "SearchEvents"))
            .Select(path => path.Key).ToList();

        Assert.True(lists.Count >= 14, string.Join(' ', lists));
        foreach (var path in lists)
        {
            var of = path.Contains("/sources/", StringComparison.Ordinal) ? source : integration;
            var list = await forwarder.GetAsync($"{path.Replace("{id}", of!.ToString(), StringComparison.Ordinal)}?page=1&pageSize=1");

            Assert.True(list["items"] is JsonArray { Count: <= 1 } && list["total"] is not null, $"{path}: {list.ToJsonString()}");
            Assert.Equal((1, 1), ((int)list["page"]!, (int)list["pageSize"]!));
        }
    }

    [Theory]
    [InlineData("/api/v1/integrations?serch=x", "serch")]
    [InlineData("/api/v1/events?usr=alice", "usr")]
    [InlineData("/api/v1/alarms?All=true&open=1", "open")]
    [InlineData("/api/v1/me?x=1", "x")]
    public async Task AQueryParameterThatThereIsNotIsRefusedByName(string path, string name)
    {
        var answer = await (await running.GetAsync()).SendAsync(HttpMethod.Get, path);

        Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
        Assert.Equal([name], answer.Fields);
    }

    [Fact]
    public async Task TheDocumentHasTheConditionAndTheStatusOfEveryChange()
    {
        var document = await (await running.GetAsync()).GetAsync("/openapi/v1.json");
        foreach (var (path, operations) in document["paths"]!.AsObject())
        {
            foreach (var (method, operation) in operations!.AsObject().Where(_ => path.StartsWith("/api/", StringComparison.Ordinal)))
            {
                var statuses = operation!["responses"]!.AsObject().Select(one => one.Key).ToList();
                Assert.Contains("503", statuses);
                Assert.True(!path.Contains('{') || statuses.Contains("404"), $"{method} {path}: {string.Join(' ', statuses)}");
                if (path.EndsWith("{id}", StringComparison.Ordinal) && method is "put" or "patch" or "delete" && !path.Contains("keys", StringComparison.Ordinal)
                    && !path.Contains("pools", StringComparison.Ordinal) && !path.Contains("backtests", StringComparison.Ordinal))
                {
                    Assert.Contains(operation["parameters"]!.AsArray(), parameter => (string?)parameter!["name"] == "If-Match");
                    Assert.Subset(statuses.ToHashSet(), new HashSet<string> { "412", "428" });
                }

                if (operation["requestBody"]?["content"]?["application/json"] is { } body)
                {
                    Assert.True(body["example"] is not null || body["examples"] is not null, $"{method} {path} has no example.");
                }
            }
        }
    }

    private static async Task AssertPutBackAsync(ForwarderApplication forwarder, string path)
    {
        var shown = await forwarder.GetAsync(path);
        var answer = await forwarder.SendAsync(HttpMethod.Put, path, shown.ToJsonString(), $"\"{shown["version"]}\"");

        Assert.True(answer.Status == HttpStatusCode.OK, answer.Text);
        Assert.Equal(Settings(shown).ToJsonString(), Settings(answer.Json).ToJsonString());
    }

    private static Task<ApiAnswer> PatchAsync(ForwarderApplication forwarder, string path, string patch) =>
        forwarder.SendAsync(HttpMethod.Patch, path, patch, "*");

    private static async Task<JsonNode> CreateAsync(ForwarderApplication forwarder, string path, object body, string name)
    {
        var request = System.Text.Json.JsonSerializer.SerializeToNode(body)!.AsObject();
        request["name"] = name;
        var answer = await forwarder.SendAsync(HttpMethod.Post, path, request.ToJsonString());
        Assert.True(answer.Status == HttpStatusCode.Created, answer.Text);
        return answer.Json;
    }

    /// <summary>What somebody set; what changes by itself left out.</summary>
    private static JsonObject Settings(JsonNode shown)
    {
        var settings = shown.DeepClone().AsObject();
        foreach (var name in (string[])["version", "updatedAt", "status", "warnings"])
        {
            settings.Remove(name);
        }

        return settings;
    }
}
