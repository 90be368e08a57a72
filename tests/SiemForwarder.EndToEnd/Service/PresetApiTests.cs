using System.Net;
using System.Text.Json.Nodes;
using SiemForwarder.Connections;
using SiemForwarder.Destinations;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.EndToEnd.Service;

/// <summary>Presets: the little that an administrator gives makes a whole integration, and stays editable.</summary>
public sealed class PresetApiTests(TestPostgres postgres) : IAsyncLifetime
{
    private const string Path = "/api/v1/integrations";
    private readonly string folder = Directory.CreateTempSubdirectory("siemforwarder-presets-").FullName;
    private ForwarderApplication? running;

    // What may stand in an example: where it goes, and what only the administrator can know.
    private static readonly string[] Credentials = ["authentication.username", "settings.tenantId", "settings.clientId", "authentication.password", "authentication.header", "authentication.token"];

    private ForwarderApplication Forwarder => running!;

    public async ValueTask InitializeAsync() => running = await ForwarderApplication.StartAsync(postgres, $"--Forwarder:FileDestination:Folder={folder}");

    [Fact]
    public async Task NamePresetHostAndCredentialMakeAWholeIntegrationOfEveryPreset()
    {
        var presets = (await Forwarder.GetAsync("/api/v1/presets"))["items"]!.AsArray();
        Assert.Equal(
            ["splunk", "elastic", "opensearch", "sentinel", "sentinel_cef", "qradar", "sumo_logic", "google_secops", "logscale", "wazuh", "datadog", "otlp", "webhook", "rsyslog", "relp", "rabbitmq", "file"],
            presets.Select(preset => preset!["id"]!.GetValue<string>()));
        foreach (var preset in presets)
        {
            var id = preset!["id"]!.GetValue<string>();
            var created = await Forwarder.SendAsync(HttpMethod.Post, Path, preset["example"]!.ToJsonString());

            Assert.True(created.Status == HttpStatusCode.Created, $"{id}: {created.Text}");
            var shown = created.Json;
            Assert.Equal(id, shown["preset"]!.GetValue<string>());
            AssertHolds(preset["fills"]!, shown, id);
            AssertOnlyTheLeast(preset, DestinationCatalog.Find(shown["destination"]!.GetValue<string>())!);
            Assert.StartsWith("https://", preset["documentation"]!.GetValue<string>());
            Assert.InRange(preset["steps"]!.AsArray().Count, 3, 6);
            Assert.Equal(id, (await Forwarder.GetAsync($"{Path}/{shown["id"]}"))["preset"]!.GetValue<string>());
        }
    }

    [Theory]
    [InlineData("splunk", "splunk.example.com", "https://splunk.example.com", 8088)]
    [InlineData("splunk", "splunk.example.com:443", "https://splunk.example.com:443", 443)]
    [InlineData("splunk", "http://splunk.example.com", "http://splunk.example.com", 80)]
    [InlineData("qradar", "tcp://qradar.example.com", "tcp://qradar.example.com", 514)]
    [InlineData("relp", "relp.example.com", "tls://relp.example.com", 2514)]
    [InlineData("rabbitmq", "amqps://broker.example.com/audit", "amqps://broker.example.com/audit", 5671)]
    [InlineData("datadog", null, "https://http-intake.logs.datadoghq.com", 443)]
    public async Task AHostIsEnoughAndAWholeUrlWins(string preset, string? serverUrl, string expected, int port)
    {
        var shown = await Forwarder.PostAsync(Path, new
        {
            name = Guid.NewGuid().ToString(),
            preset,
            serverUrl,
            authentication = preset == "rabbitmq" ? new { username = "u", password = "p" } : null,
            settings = preset switch { "splunk" => JsonNode.Parse("""{"token":"t"}"""), "datadog" => JsonNode.Parse("""{"apiKey":"t"}"""), _ => null },
        });

        Assert.Equal((expected, port), (shown["serverUrl"]!.GetValue<string>(), shown["port"]!.GetValue<int>()));
    }

    [Fact]
    public async Task WhatAPresetFilledCanBeEdited()
    {
        var created = await Forwarder.PostAsync(Path, new { name = "mine", preset = "splunk", serverUrl = "splunk.example.com", settings = new { token = "t" } });
        var path = $"{Path}/{created["id"]}";

        var edited = await Forwarder.PutAsync(path, new
        {
            name = "mine",
            preset = "splunk",
            serverUrl = "splunk.example.com",
            port = 9088,
            outputType = "CEF",
            http = new { gzip = false },
            settings = new { sourceType = "my:type", token = "t" },
        });

        Assert.Equal(9088, edited["port"]!.GetValue<int>());
        Assert.Equal("CEF", edited["outputType"]!.GetValue<string>());
        Assert.False(edited["http"]!["gzip"]!.GetValue<bool>());
        Assert.Equal("my:type", edited["settings"]!["sourceType"]!.GetValue<string>());
        Assert.Equal("event", edited["settings"]!["endpoint"]!.GetValue<string>());
        Assert.True(edited["settings"]!["tokenSet"]!.GetValue<bool>());
    }

    [Fact]
    public async Task TheBatchLimitOfAnIntegrationBoundsItsRequests()
    {
        await using var receiver = HttpReceiver.Start(new HttpReply(200, """{"text":"Success","code":0}"""));
        var source = await SeededLog.AddSourceAsync(Forwarder);
        var id = await Forwarder.AddIntegrationAsync(new
        {
            name = "small batches",
            preset = "splunk",
            serverUrl = $"http://127.0.0.1:{receiver.Port}",
            settings = new { token = "t" },
            batch = new { maxEvents = 7 },
        });
        var shown = await Forwarder.GetAsync($"{Path}/{id}");
        Assert.Equal((7, 900_000), (shown["batch"]!["maxEvents"]!.GetValue<int>(), shown["batch"]!["maxBytes"]!.GetValue<int>()));

        await SeededLog.AppendAsync(Forwarder, source, Enumerable.Range(0, 50).Select(number => $"user-{number}"));

        await Forwarder.WaitForAsync($"{Path}/{id}/status", node => node["status"]!.GetValue<string>() == "Success" && node["backlog"]!.GetValue<long>() == 0);
        var sizes = receiver.Requests.Select(request => System.Text.Encoding.UTF8.GetString(request.PlainBody).Split("\"sourcetype\"").Length - 1).ToList();
        Assert.Equal(50, sizes.Sum());
        Assert.Equal(7, sizes.Max());
        Assert.Equal(["batch.maxBytes", "batch.maxEvents"], (await Forwarder.SendAsync(
            HttpMethod.Post, Path, new { name = "n", serverUrl = "tcp://h", batch = new { maxEvents = 0, maxBytes = 1 } })).Fields.Order());
    }

    [Theory]
    [InlineData("""{"header":"s3cret"}""", "header")]
    [InlineData("""{"header":"X-Other: s3cret"}""", "header")]
    [InlineData("""{"token":"s3cret"}""", "bearer")]
    [InlineData("""{"username":"u","password":"s3cret"}""", "basic")]
    public async Task ACredentialSaysItself(string authentication, string type)
    {
        var shown = await Forwarder.PostAsync(
            Path, new { name = Guid.NewGuid().ToString(), preset = "webhook", serverUrl = "hook.example.com/in", authentication = JsonNode.Parse(authentication) });

        Assert.Equal(type, shown["authentication"]!["type"]!.GetValue<string>());
        Assert.DoesNotContain("s3cret", shown.ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnUnknownPresetIsRefusedWithTheKnownOnes()
    {
        var answer = await Forwarder.SendAsync(HttpMethod.Post, Path, new { name = "n", preset = "arcsight", serverUrl = "tcp://h" });

        Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
        Assert.Equal(["preset"], answer.Fields);
        Assert.Contains("sentinel_cef", answer.ErrorOf("preset"), StringComparison.Ordinal);
    }

    public async ValueTask DisposeAsync()
    {
        await (running?.DisposeAsync() ?? ValueTask.CompletedTask);
        Directory.Delete(folder, recursive: true);
    }

    private static void AssertOnlyTheLeast(JsonNode preset, DestinationKind kind)
    {
        foreach (var (name, value) in preset["example"]!.AsObject())
        {
            var fields = value is JsonObject members ? members.Select(member => $"{name}.{member.Key}") : [name];
            Assert.All(fields, field => Assert.True(
                field is "name" or "preset" or "serverUrl" || Credentials.Contains(field) || kind.Fields.Any(known => known.Name == field && (known.Secret || known.Required)), $"{preset["id"]}: {field}"));
        }
    }

    private static void AssertHolds(JsonNode expected, JsonNode shown, string at)
    {
        foreach (var (name, value) in expected.AsObject())
        {
            if (name == "serverUrl")
            {
                continue;
            }

            Assert.True(shown[name] is not null, $"{at}.{name} is missing");
            if (value is JsonObject)
            {
                AssertHolds(value, shown[name]!, $"{at}.{name}");
            }
            else
            {
                Assert.True(JsonNode.DeepEquals(value, shown[name]) || value!.ToJsonString() == "\"\"", $"{at}.{name}: {shown[name]} instead of {value}");
            }
        }
    }
}
