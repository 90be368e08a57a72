using System.Net;
using System.Text.Json.Nodes;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Simulator;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.EndToEnd.Service;

/// <summary>Sources over the API: every field, defaults, versions, secrets, lists, check and status.</summary>
public sealed class SourceApiTests(RunningForwarder running) : IClassFixture<RunningForwarder>
{
    private const string Path = "/api/v1/sources";

    [Fact]
    public async Task EveryFieldIsStoredAndShownAsGivenButTheSecret()
    {
        var forwarder = await running.GetAsync();
        using var authority = new CertificateAuthority("Corp", TimeProvider.System);
        var name = Unique("full");

        var fingerprint = $"SHA-256:{new string('A', 64)}";
        var created = await forwarder.SendAsync(HttpMethod.Post, Path, new
        {
            name,
            kind = "Keycloak",
            enabled = false,
            keycloak = new
            {
                baseUrl = "https://sso.example.com/auth/",
                realm = "prod",
                clientId = "siem",
                clientSecret = "s3cr3t",
                streams = new[] { "ADMIN" },
                pollIntervalSeconds = 60,
                start = "2026-01-31T01:00:00+01:00",
                caCertificate = authority.Pem,
                proxy = "http://proxy.example.com:3128",
                fingerprint,
            },
        });

        Assert.True(created.Status == HttpStatusCode.Created, created.Text);
        var keycloak = created.Json["keycloak"]!;
        Assert.Equal((name, "keycloak", false), (Text(created.Json["name"]), Text(created.Json["kind"]), created.Json["enabled"]!.GetValue<bool>()));
        Assert.Equal(("https://sso.example.com/auth", "prod", "siem"), (Text(keycloak["baseUrl"]), Text(keycloak["realm"]), Text(keycloak["clientId"])));
        Assert.Equal(["admin"], keycloak["streams"]!.AsArray().Select(Text));
        Assert.Equal(60, keycloak["pollIntervalSeconds"]!.GetValue<int>());
        Assert.Equal(new DateTimeOffset(2026, 1, 31, 0, 0, 0, TimeSpan.Zero), DateTimeOffset.Parse(Text(keycloak["start"]), System.Globalization.CultureInfo.InvariantCulture));
        Assert.Equal(authority.Pem, Text(keycloak["caCertificate"]));
        Assert.Equal(("http://proxy.example.com:3128", fingerprint), (Text(keycloak["proxy"]), Text(keycloak["fingerprint"])));
        Assert.True(keycloak["clientSecretSet"]!.GetValue<bool>());
        var read = await forwarder.SendAsync(HttpMethod.Get, $"{Path}/{created.Json["id"]}");
        Assert.Equal((created.Text, created.ETag), (read.Text, read.ETag));
        var list = await forwarder.SendAsync(HttpMethod.Get, $"{Path}?search={name}");
        Assert.All([created, read, list], answer => Assert.DoesNotContain("s3cr3t", answer.Text, StringComparison.Ordinal));
    }

    [Fact]
    public async Task LeftOutFieldsTakeTheirDefaults()
    {
        var forwarder = await running.GetAsync();
        await using var keycloak = await KeycloakSimulator.StartAsync(new SimulatorOptions(), TestContext.Current.CancellationToken);

        var shown = await forwarder.PostAsync(Path, Request(Unique("default"), keycloak.BaseUrl.ToString(), "siem-forwarder-secret"));

        Assert.True(shown["enabled"]!.GetValue<bool>());
        Assert.Equal(["user", "admin"], shown["keycloak"]!["streams"]!.AsArray().Select(Text));
        Assert.Equal((5, "now"), (shown["keycloak"]!["pollIntervalSeconds"]!.GetValue<int>(), Text(shown["keycloak"]!["start"])));
        var status = await forwarder.WaitForAsync($"{Path}/{shown["id"]}/status", node => node["running"]!.GetValue<bool>());
        Assert.NotNull(status["poll"]);
        var check = await forwarder.PostAsync($"{Path}/{shown["id"]}/check");
        Assert.True(check["succeeded"]!.GetValue<bool>(), check.ToJsonString());
        var current = await forwarder.SendAsync(HttpMethod.Get, $"{Path}/{shown["id"]}");
        Assert.Equal(HttpStatusCode.NoContent, (await forwarder.SendAsync(HttpMethod.Delete, $"{Path}/{shown["id"]}", null, current.ETag)).Status);
    }

    [Fact]
    public async Task AChangeNeedsTheVersionThatWasReadAndKeepsASecretThatIsLeftOut()
    {
        var forwarder = await running.GetAsync();
        var name = Unique("versions");
        var created = await forwarder.SendAsync(HttpMethod.Post, Path, Request(name, "http://127.0.0.1:9", "s3cr3t", enabled: false));
        var path = $"{Path}/{created.Json["id"]}";
        var body = Request(name, "http://127.0.0.1:9", null);

        var without = await forwarder.SendAsync(HttpMethod.Put, path, body);
        var done = await forwarder.SendAsync(HttpMethod.Put, path, body, created.ETag);
        var stale = await forwarder.SendAsync(HttpMethod.Put, path, body, created.ETag);
        var emptied = await forwarder.SendAsync(HttpMethod.Put, path, Request(name, "http://127.0.0.1:9", ""), done.ETag);
        var deleteWithout = await forwarder.SendAsync(HttpMethod.Delete, path);
        var deleteStale = await forwarder.SendAsync(HttpMethod.Delete, path, null, created.ETag);
        var deleted = await forwarder.SendAsync(HttpMethod.Delete, path, null, done.ETag);

        Assert.Equal(
            [428, 200, 412, 400, 428, 412, 204],
            new[] { without, done, stale, emptied, deleteWithout, deleteStale, deleted }.Select(answer => (int)answer.Status));
        Assert.True(done.Json["keycloak"]!["clientSecretSet"]!.GetValue<bool>());
        Assert.False(done.Json["enabled"]!.GetValue<bool>());
        Assert.Equal(["keycloak.clientSecret"], emptied.Fields);
        Assert.Equal(HttpStatusCode.NotFound, (await forwarder.SendAsync(HttpMethod.Get, path)).Status);
    }

    [Fact]
    public async Task ANameIsGivenOnce()
    {
        var forwarder = await running.GetAsync();
        var name = Unique("twin");
        await forwarder.PostAsync(Path, Request(name, "http://127.0.0.1:9", "s", enabled: false));
        var other = await forwarder.SendAsync(HttpMethod.Post, Path, Request(Unique("other"), "http://127.0.0.1:9", "s", enabled: false));

        var again = await forwarder.SendAsync(HttpMethod.Post, Path, Request(name, "http://127.0.0.1:9", "s", enabled: false));
        var renamed = await forwarder.SendAsync(HttpMethod.Put, $"{Path}/{other.Json["id"]}", Request(name, "http://127.0.0.1:9", "s"), other.ETag);

        Assert.All([again, renamed], answer =>
        {
            Assert.Equal(HttpStatusCode.Conflict, answer.Status);
            Assert.Equal(["name"], answer.Fields);
        });
    }

    [Fact]
    public async Task UnknownIdsAreNotFoundByAnyOperation()
    {
        var forwarder = await running.GetAsync();
        (HttpMethod Method, string Path, object? Body)[] operations =
        [
            (HttpMethod.Get, "", null), (HttpMethod.Put, "", Request("x", "http://h", "s")), (HttpMethod.Delete, "", null), (HttpMethod.Post, "/check", null),
            (HttpMethod.Get, "/status", null),
        ];

        foreach (var operation in operations)
        {
            var answer = await forwarder.SendAsync(operation.Method, $"{Path}/999999{operation.Path}", operation.Body, "\"1\"");

            Assert.True(answer.Status == HttpStatusCode.NotFound, $"{operation.Method} {operation.Path}: {answer.Status}");
        }
    }

    [Fact]
    public async Task AListIsSearchedFilteredAndPaged()
    {
        var forwarder = await running.GetAsync();
        var mark = Unique("list");
        foreach (var (suffix, enabled) in new[] { ("a_1", false), ("ax1", false), ("b%", true) })
        {
            await forwarder.PostAsync(Path, Request($"{mark} {suffix}", "http://127.0.0.1:9", "s", enabled));
        }

        async Task<string[]> NamesAsync(string query) => [.. (await forwarder.GetAsync($"{Path}?{query}"))["items"]!.AsArray().Select(item => Text(item!["name"]))];

        Assert.Equal([$"{mark} a_1"], await NamesAsync($"search={Uri.EscapeDataString($"{mark} a_1")}"));
        Assert.Equal([$"{mark} b%"], await NamesAsync($"search={Uri.EscapeDataString($"{mark} b%")}"));
        Assert.Equal([$"{mark} b%"], await NamesAsync($"search={mark}&enabled=true"));
        Assert.Equal([$"{mark} ax1"], await NamesAsync($"search={mark}&enabled=false&page=2&pageSize=1"));
    }

    private static object Request(string name, string baseUrl, string? clientSecret, bool? enabled = null) =>
        new { name, enabled, keycloak = new { baseUrl, realm = "siem-demo", clientId = "siem-forwarder", clientSecret, allowDuplicate = true } };

    private static string Unique(string name) => $"{name}-{Guid.NewGuid():N}"[..(name.Length + 9)];

    private static string Text(JsonNode? node) => node!.GetValue<string>();
}
