using System.Net;
using System.Text.Json.Nodes;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.EndToEnd.Service;

/// <summary>Integrations over the API: every field, defaults, versions, secrets, lists.</summary>
public sealed class IntegrationApiTests(RunningForwarder running) : IClassFixture<RunningForwarder>
{
    private const string Path = "/api/v1/integrations";

    [Fact]
    public async Task EveryFieldOfASyslogIntegrationIsStoredAndShownAsGiven()
    {
        var forwarder = await running.GetAsync();
        var source = await SeededLog.AddSourceAsync(forwarder, Unique("source"));
        using var authority = new CertificateAuthority("Corp", TimeProvider.System);
        using var client = authority.IssueClient("forwarder");
        var request = JsonNode.Parse($$$"""
            {"name":"{{{Unique("full")}}}","description":"to the SOC","enabled":false,"enginePool":"default","destination":"syslog",
            "serverUrl":"tls://siem.example.com","protocol":"tls","port":7000,"outputType":"Syslog","schema":"native",
            "syslog":{"format":"rfc3164","framing":"lf","facility":4,"appName":"kc","hostname":"kc-1","maxMessageBytes":2048,"enterpriseNumber":64512,"invisibleCharacters":"keep"},
            "tls":{"serverName":"siem.internal"},"sources":[{{{source}}}],
            "filter":{"include":{"types":["LOGIN*"],"categories":["authentication"],"outcomes":["failure"],"minimumSeverity":3,"clients":["app"],"users":["zoë"]},
            "exclude":{"types":["REFRESH_TOKEN"],"categories":[],"outcomes":[],"minimumSeverity":null,"clients":[],"users":[]} } }
            """)!;
        request["tls"]!["caCertificate"] = authority.Pem;
        request["tls"]!["clientCertificate"] = client.ExportCertificatePem();

        var secretRequest = request.DeepClone();
        secretRequest["tls"]!["clientKey"] = System.Security.Cryptography.X509Certificates.ECDsaCertificateExtensions.GetECDsaPrivateKey(client)!.ExportPkcs8PrivateKeyPem();
        var created = await forwarder.SendAsync(HttpMethod.Post, Path, secretRequest.ToJsonString());

        Assert.True(created.Status == HttpStatusCode.Created, created.Text);
        AssertHolds(request, created.Json, "");
        Assert.True(created.Json["tls"]!["clientKeySet"]!.GetValue<bool>());
        var read = await forwarder.SendAsync(HttpMethod.Get, $"{Path}/{created.Json["id"]}");
        Assert.Equal(created.Text, read.Text);
        Assert.Equal(created.ETag, read.ETag);
    }

    [Fact]
    public async Task EveryFieldOfAWebhookIntegrationIsStoredAndShownAsGiven()
    {
        var forwarder = await running.GetAsync();
        var request = JsonNode.Parse($$$"""
            {"name":"{{{Unique("hook")}}}","destination":"webhook","serverUrl":"https://siem.example.com:8443/in?x=1","outputType":"JSON","schema":"native",
            "http":{"body":"ndjson","gzip":true,"timeoutSeconds":7},"authentication":{"type":"basic","username":"kc"}}
            """)!;
        var secretRequest = request.DeepClone();
        secretRequest["authentication"]!["password"] = "pass:word";

        var created = await forwarder.SendAsync(HttpMethod.Post, Path, secretRequest.ToJsonString());

        Assert.True(created.Status == HttpStatusCode.Created, created.Text);
        AssertHolds(request, created.Json, "");
        Assert.Equal(8443, created.Json["port"]!.GetValue<int>());
        Assert.True(created.Json["authentication"]!["passwordSet"]!.GetValue<bool>());
        Assert.DoesNotContain("pass:word", created.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("udp://h", null, "syslog", 514, "Syslog", "lf", "siemforwarder", 1472)]
    [InlineData("tcp://h", null, "syslog", 514, "Syslog", "lf", "siemforwarder", 8192)]
    [InlineData("tcp://h:1514", "CEF", "syslog", 1514, "CEF", "lf", "CEF", 8192)]
    [InlineData("tls://h", null, "syslog", 6514, "Syslog", "octet-counting", "siemforwarder", 8192)]
    [InlineData("tls://h", "JSON", "syslog", 6514, "JSON", "octet-counting", "siemforwarder", 8192)]
    [InlineData("https://h/in", null, "webhook", 443, "JSON", "lf", "siemforwarder", 262144)]
    [InlineData("http://h/in", null, "webhook", 80, "JSON", "lf", "siemforwarder", 262144)]
    [InlineData("https://h/in", "Syslog", "webhook", 443, "Syslog", "lf", "siemforwarder", 262144)]
    public async Task DefaultsFollowTheSchemeAndTheOutputType(
        string url, string? outputType, string destination, int port, string expectedOutput, string framing, string appName, int maxMessageBytes)
    {
        var forwarder = await running.GetAsync();

        var shown = await forwarder.PostAsync(Path, new { name = Unique("default"), serverUrl = url, outputType });

        Assert.Equal(
            (destination, port, expectedOutput, framing, appName, maxMessageBytes),
            (Text(shown["destination"]), shown["port"]!.GetValue<int>(), Text(shown["outputType"]), Text(shown["syslog"]!["framing"]),
                Text(shown["syslog"]!["appName"]), shown["syslog"]!["maxMessageBytes"]!.GetValue<int>()));
        Assert.Equal(url[..url.IndexOf(':')], Text(shown["protocol"]));
        Assert.Equal(("native", "rfc5424", 10), (Text(shown["schema"]), Text(shown["syslog"]!["format"]), shown["syslog"]!["facility"]!.GetValue<int>()));
        Assert.Equal(("default", "none", "single"), (Text(shown["enginePool"]), Text(shown["authentication"]!["type"]), Text(shown["http"]!["body"])));
        Assert.False(shown["enabled"]!.GetValue<bool>());
        Assert.False(shown["http"]!["gzip"]!.GetValue<bool>());
        Assert.Equal(30, shown["http"]!["timeoutSeconds"]!.GetValue<int>());
        Assert.Empty(shown["sources"]!.AsArray());
        Assert.Equal("Disabled", Text(shown["status"]!["status"]));
    }

    [Fact]
    public async Task EnumerationsAreReadInAnyCaseAndShownAsWrittenInTheContract()
    {
        var forwarder = await running.GetAsync();

        var shown = await forwarder.PostAsync(Path, new
        {
            name = Unique("case"),
            serverUrl = "HTTPS://H/in",
            protocol = "Https",
            outputType = "json",
            schema = "NATIVE",
            syslog = new { format = "RFC3164", framing = "Octet-Counting" },
            http = new { body = "NDJSON" },
            authentication = new { type = "Bearer", token = "t" },
            filter = new { include = new { outcomes = new[] { "Failure" } } },
        });

        Assert.Equal(
            ["https", "JSON", "native", "rfc3164", "octet-counting", "ndjson", "bearer"],
            new[]
            {
                shown["protocol"], shown["outputType"], shown["schema"], shown["syslog"]!["format"], shown["syslog"]!["framing"], shown["http"]!["body"],
                shown["authentication"]!["type"],
            }.Select(Text));
    }

    [Fact]
    public async Task ANameIsGivenOnce()
    {
        var forwarder = await running.GetAsync();
        var (first, second) = (Unique("twin"), Unique("other"));
        await forwarder.PostAsync(Path, new { name = first, serverUrl = "tcp://h" });
        var other = await forwarder.SendAsync(HttpMethod.Post, Path, new { name = second, serverUrl = "tcp://h" });

        var again = await forwarder.SendAsync(HttpMethod.Post, Path, new { name = $" {first} ", serverUrl = "udp://h" });
        var renamed = await forwarder.SendAsync(HttpMethod.Put, $"{Path}/{other.Json["id"]}", new { name = first, serverUrl = "tcp://h" }, other.ETag);

        Assert.All([again, renamed], answer =>
        {
            Assert.Equal(HttpStatusCode.Conflict, answer.Status);
            Assert.Contains(first, answer.ErrorOf("name"), StringComparison.Ordinal);
        });
    }

    [Fact]
    public async Task UnknownIdsAreNotFoundByAnyOperation()
    {
        var forwarder = await running.GetAsync();
        var body = new { name = Unique("nobody"), serverUrl = "tcp://h" };
        (HttpMethod Method, string Path, object? Body)[] operations =
        [
            (HttpMethod.Get, "", null), (HttpMethod.Put, "", body), (HttpMethod.Delete, "", null), (HttpMethod.Post, "/enable", null),
            (HttpMethod.Post, "/disable", null), (HttpMethod.Post, "/test", null), (HttpMethod.Get, "/status", null), (HttpMethod.Get, "/deliveries", null),
            (HttpMethod.Get, "/set-aside", null),
        ];

        foreach (var operation in operations)
        {
            var answer = await forwarder.SendAsync(operation.Method, $"{Path}/999999{operation.Path}", operation.Body, "\"1\"");

            Assert.True(answer.Status == HttpStatusCode.NotFound, $"{operation.Method} {operation.Path}: {answer.Status}");
            Assert.Contains("999999", Text(answer.Json["detail"]), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task AChangeNeedsTheVersionThatWasRead()
    {
        var forwarder = await running.GetAsync();
        var name = Unique("versions");
        var created = await forwarder.SendAsync(HttpMethod.Post, Path, new { name, serverUrl = "tcp://h" });
        var path = $"{Path}/{created.Json["id"]}";
        var body = new { name, serverUrl = "tcp://other" };

        var without = await forwarder.SendAsync(HttpMethod.Put, path, body);
        var done = await forwarder.SendAsync(HttpMethod.Put, path, body, created.ETag);
        var stale = await forwarder.SendAsync(HttpMethod.Put, path, body, created.ETag);
        var deleteWithout = await forwarder.SendAsync(HttpMethod.Delete, path);
        var deleteStale = await forwarder.SendAsync(HttpMethod.Delete, path, null, created.ETag);
        var deleted = await forwarder.SendAsync(HttpMethod.Delete, path, null, done.ETag);

        Assert.Equal(
            [428, 200, 412, 428, 412, 204],
            new[] { without, done, stale, deleteWithout, deleteStale, deleted }.Select(answer => (int)answer.Status));
        Assert.Equal("tcp://other", Text(done.Json["serverUrl"]));
        Assert.NotEqual(created.ETag, done.ETag);
        Assert.Contains("If-Match", Text(without.Json["detail"]), StringComparison.Ordinal);
        Assert.Contains("Read it again", Text(stale.Json["detail"]), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, (await forwarder.SendAsync(HttpMethod.Get, path)).Status);
    }

    [Fact]
    public async Task ASecretIsNeverShownIsKeptWhereLeftOutAndRemovedByAnEmptyText()
    {
        var forwarder = await running.GetAsync();
        await using var receiver = HttpReceiver.Start(new HttpReply(200));
        var name = Unique("secret");
        object With(object? authentication) => new { name, serverUrl = $"http://127.0.0.1:{receiver.Port}/", authentication };
        var created = await forwarder.SendAsync(HttpMethod.Post, Path, With(new { type = "bearer", token = "s3cr3t-token", password = "s3cr3t-word", header = "X-Key: s3cr3t" }));
        var path = $"{Path}/{created.Json["id"]}";

        var kept = await forwarder.SendAsync(HttpMethod.Put, path, With(new { type = "bearer" }), created.ETag);
        await forwarder.PostAsync($"{path}/test");
        var removed = await forwarder.SendAsync(HttpMethod.Put, path, With(new { type = "none", token = "" }), kept.ETag);
        var needed = await forwarder.SendAsync(HttpMethod.Put, path, With(new { type = "bearer" }), removed.ETag);

        Assert.Equal("Bearer s3cr3t-token", receiver.Requests.Single().FindHeader("Authorization"));
        Assert.True(kept.Json["authentication"]!["tokenSet"]!.GetValue<bool>());
        Assert.False(removed.Json["authentication"]!["tokenSet"]!.GetValue<bool>());
        Assert.True(removed.Json["authentication"]!["passwordSet"]!.GetValue<bool>());
        Assert.True(removed.Json["authentication"]!["headerSet"]!.GetValue<bool>());
        Assert.Equal(["authentication.token"], needed.Fields);
        var answers = new[]
        {
            created, kept, removed, needed, await forwarder.SendAsync(HttpMethod.Get, path), await forwarder.SendAsync(HttpMethod.Get, $"{Path}?search={name}"),
            await forwarder.SendAsync(HttpMethod.Get, $"{path}/status"), await forwarder.SendAsync(HttpMethod.Post, $"{path}/enable"),
        };
        Assert.All(answers, answer => Assert.DoesNotContain("s3cr3t", answer.Text, StringComparison.Ordinal));
    }

    [Fact]
    public async Task AListIsSearchedByNameAndUrlAndTakesPatternCharactersLiterally()
    {
        var forwarder = await running.GetAsync();
        var mark = Unique("find");
        foreach (var (name, url) in new[] { ($"{mark} 100% SIEM", "tcp://alpha"), ($"{mark} a_b", "tcp://beta"), ($"{mark} axb", $"https://h/{mark}-in") })
        {
            await forwarder.PostAsync(Path, new { name, serverUrl = url });
        }

        async Task<string[]> FindAsync(string search) =>
            [.. (await forwarder.GetAsync($"{Path}?search={Uri.EscapeDataString(search)}"))["items"]!.AsArray().Select(item => Text(item!["name"]))];

        Assert.Equal([$"{mark} 100% SIEM", $"{mark} a_b", $"{mark} axb"], await FindAsync(mark.ToUpperInvariant()));
        Assert.Equal([$"{mark} 100% SIEM"], await FindAsync($"{mark} 100%"));
        Assert.Empty(await FindAsync($"{mark}%SIEM"));
        Assert.Equal([$"{mark} a_b"], await FindAsync($"{mark} a_b"));
        Assert.Equal([$"{mark} axb"], await FindAsync($"/{mark}-IN"));
    }

    [Fact]
    public async Task AListIsPagedInOrderAndFilteredByEnabled()
    {
        var forwarder = await running.GetAsync();
        var mark = Unique("page");
        for (var i = 0; i < 5; i++)
        {
            await forwarder.PostAsync(Path, new { name = $"{mark}-{i}", serverUrl = "tcp://127.0.0.1:9", enabled = i % 2 == 0 });
        }

        var second = await forwarder.GetAsync($"{Path}?search={mark}&page=2&pageSize=2");
        var beyond = await forwarder.GetAsync($"{Path}?search={mark}&page=9&pageSize=2");
        var enabled = await forwarder.GetAsync($"{Path}?search={mark}&enabled=true");
        var disabled = await forwarder.GetAsync($"{Path}?search={mark}&enabled=FALSE");
        var all = await forwarder.GetAsync($"{Path}?search={mark}&enabled=all");

        Assert.Equal([$"{mark}-2", $"{mark}-3"], second["items"]!.AsArray().Select(item => Text(item!["name"])));
        Assert.Equal((5, 2, 2), (second["total"]!.GetValue<int>(), second["page"]!.GetValue<int>(), second["pageSize"]!.GetValue<int>()));
        Assert.Empty(beyond["items"]!.AsArray());
        Assert.Equal((3, 2, 5), (enabled["total"]!.GetValue<int>(), disabled["total"]!.GetValue<int>(), all["total"]!.GetValue<int>()));
        Assert.All(enabled["items"]!.AsArray(), item => Assert.True(item!["enabled"]!.GetValue<bool>()));
        Assert.Equal(50, all["pageSize"]!.GetValue<int>());
    }

    [Fact]
    public async Task EnablingAndDisablingAreRepeatableAndAChangeKeepsThemUnlessItSaysOtherwise()
    {
        var forwarder = await running.GetAsync();
        var name = Unique("switch");
        var created = await forwarder.PostAsync(Path, new { name, serverUrl = "tcp://127.0.0.1:9" });
        var path = $"{Path}/{created["id"]}";

        var on = await forwarder.PostAsync($"{path}/enable");
        var again = await forwarder.PostAsync($"{path}/enable");
        var changed = await forwarder.PutAsync(path, new { name, serverUrl = "tcp://127.0.0.1:10" });
        var off = await forwarder.PostAsync($"{path}/disable");
        var put = await forwarder.PutAsync(path, new { name, serverUrl = "tcp://127.0.0.1:10", enabled = true });

        Assert.Equal([true, true, true, false, true], new[] { on, again, changed, off, put }.Select(answer => answer["enabled"]!.GetValue<bool>()));
        Assert.Equal(on["version"]!.GetValue<int>(), again["version"]!.GetValue<int>());
    }

    private static void AssertHolds(JsonNode expected, JsonNode? actual, string path)
    {
        foreach (var (name, value) in expected.AsObject())
        {
            var here = $"{path}.{name}";
            var found = actual?[name];
            if (value is JsonObject)
            {
                AssertHolds(value, found, here);
            }
            else
            {
                Assert.True(JsonNode.DeepEquals(value, found), $"{here}: expected {value?.ToJsonString()}, shown {found?.ToJsonString()}");
            }
        }
    }

    private static string Unique(string name) => $"{name}-{Guid.NewGuid():N}"[..(name.Length + 9)];

    private static string Text(JsonNode? node) => node!.GetValue<string>();
}
