using System.Text.Json.Nodes;
using SiemForwarder.EndToEnd.Support;

namespace SiemForwarder.EndToEnd.Configuration;

/// <summary>A file declares pools, sources and integrations, and the service becomes as it says: no more, no less, and only once.</summary>
public sealed class ApplyTests(TestPostgres postgres) : IAsyncLifetime
{
    private const string Whole = """
        name: acme
        enginePools:
          - name: dmz
            description: reaches the SIEM
        sources:
          - name: apps
            kind: http
            inbox:
              key: FILE
        integrations:
          - name: siem
            serverUrl: tcp://127.0.0.1:6514
            enginePool: dmz
            outputType: CEF
            sources: [apps]
            syslog: { appName: keycloak }
            filter: { include: { types: [LOGIN, LOGIN_ERROR] } }
          - name: hook
            enabled: false
            serverUrl: http://127.0.0.1:9000/events
            authentication: { type: bearer, token: FILE }
            privacy:
              - { field: email, action: mask }
        """;

    private readonly TemporaryFolder folder = new();

    private string Key => Path.Combine(folder.Path, "key");

    public async ValueTask InitializeAsync() => await File.WriteAllTextAsync(Key, "planted-0123456789-abcdef");

    public ValueTask DisposeAsync() => folder.DisposeAsync();

    [Fact]
    public async Task ApplyingTwiceChangesNothingAndADryRunNever()
    {
        await using var forwarder = await StartAsync();
        var file = await WriteAsync(Whole);

        var (plan, planned) = await ForwarderProgram.RunAsync(forwarder, "apply", "-f", file, "--dry-run", "--exit-code");
        Assert.Equal(0, (int)(await forwarder.GetAsync("/api/v1/integrations"))["total"]!);
        var (first, created) = await ForwarderProgram.RunAsync(forwarder, "apply", "-f", file);
        var (second, same) = await ForwarderProgram.RunAsync(forwarder, "apply", "-f", file);
        var (third, none) = await ForwarderProgram.RunAsync(forwarder, "apply", "-f", file, "--dry-run", "--exit-code");

        Assert.Equal((3, 0, 0, 0), (plan, first, second, third));
        Assert.Contains("+ engine pool 'dmz'", planned, StringComparison.Ordinal);
        Assert.Contains("+ source 'apps'", planned, StringComparison.Ordinal);
        Assert.Contains("4 to create, 0 to change, 0 to delete.", planned, StringComparison.Ordinal);
        Assert.Contains("Applied: 4 of 4 changes are made.", created, StringComparison.Ordinal);
        Assert.Equal("Nothing to change: 4 resources are as acme says.", same);
        Assert.Equal(same, none);
        var siem = await FindAsync(forwarder, "integrations", "siem");
        Assert.Equal(("acme", "dmz", 1), ((string?)siem["managedBy"], (string?)siem["enginePool"], (int)siem["version"]!));
        Assert.Equal((int)(await FindAsync(forwarder, "sources", "apps"))["id"]!, (int)siem["sources"]![0]!);
        Assert.Equal($"file:{Key}", (string?)(await FindAsync(forwarder, "integrations", "hook"))["secretReferences"]!["authentication.token"]);
    }

    [Fact]
    public async Task OnlyWhatIsNamedIsTouchedAndPruningDeletesOnlyWhatTheFileManages()
    {
        await using var forwarder = await StartAsync();
        await forwarder.PostAsync("/api/v1/integrations", new { name = "by hand", serverUrl = "tcp://127.0.0.1:6515" });
        await ForwarderProgram.RunAsync(forwarder, "apply", "-f", await WriteAsync(Whole));
        var less = await WriteAsync("""
            name: acme
            integrations:
              - name: siem
                serverUrl: tcp://127.0.0.1:6516
            """);

        var (code, changed) = await ForwarderProgram.RunAsync(forwarder, "apply", "-f", less);

        Assert.Equal(0, code);
        Assert.Contains("~ integration 'siem'", changed, StringComparison.Ordinal);
        Assert.Contains("    serverUrl: \"tcp://127.0.0.1:6514\" -> \"tcp://127.0.0.1:6516\"", changed, StringComparison.Ordinal);
        Assert.Contains("    enginePool: \"dmz\" -> \"default\"", changed, StringComparison.Ordinal);
        Assert.Contains("0 to create, 1 to change, 0 to delete.", changed, StringComparison.Ordinal);
        Assert.Equal(3, (int)(await forwarder.GetAsync("/api/v1/integrations"))["total"]!);

        var (pruned, output) = await ForwarderProgram.RunAsync(forwarder, "apply", "-f", less, "--prune");

        Assert.Equal(0, pruned);
        Assert.Contains("- integration 'hook'\n- source 'apps'\n- engine pool 'dmz'\n0 to create, 0 to change, 3 to delete.", output, StringComparison.Ordinal);
        Assert.Equal(["by hand", "siem"], (await forwarder.GetAsync("/api/v1/integrations"))["items"]!.AsArray().Select(one => (string)one!["name"]!));
        Assert.Equal(0, (int)(await forwarder.GetAsync("/api/v1/sources"))["total"]!);
        Assert.Equal(["default"], (await forwarder.GetAsync("/api/v1/engine-pools"))["items"]!.AsArray().Select(one => (string)one!["name"]!));
    }

    [Fact]
    public async Task EveryFaultOfFileAndServiceIsToldAtOnceAndNothingIsChanged()
    {
        await using var forwarder = await StartAsync();
        var file = await WriteAsync("""
            sources:
              - name: apps
                kind: http
                inbox: { key: not-a-reference-0123456789 }
            integrations:
              - name: siem
                serverUrl: carrier-pigeon://siem
                outputType: XML
                sources: [elsewhere]
              - name: siem
                serverUrl: tcp://127.0.0.1:6514
            """);

        var (code, output) = await ForwarderProgram.RunAsync(forwarder, "apply", "-f", file);

        Assert.Equal(2, code);
        Assert.Contains($"{file}:4: source 'apps', inbox.key: Is a secret", output, StringComparison.Ordinal);
        Assert.Contains($"{file}:7: integration 'siem', serverUrl: ", output, StringComparison.Ordinal);
        Assert.Contains($"{file}:8: integration 'siem', outputType: 'XML' is not a known value", output, StringComparison.Ordinal);
        Assert.Contains($"{file}:9: integration 'siem', sources: There is no source named 'elsewhere'", output, StringComparison.Ordinal);
        Assert.Contains($"{file}:10: integration 'siem', name: 'siem' is declared twice", output, StringComparison.Ordinal);
        Assert.Contains("nothing is changed.", output, StringComparison.Ordinal);
        Assert.DoesNotContain("not-a-reference", output, StringComparison.Ordinal);
        Assert.Equal(0, (int)(await forwarder.GetAsync("/api/v1/integrations"))["total"]!);
    }

    [Fact]
    public async Task AnExportAppliedAgainChangesNothing()
    {
        await using var forwarder = await StartAsync();
        await ForwarderProgram.RunAsync(forwarder, "apply", "-f", await WriteAsync(Whole));
        await forwarder.PostAsync("/api/v1/integrations", new
        {
            name = "splunk", preset = "splunk", serverUrl = "127.0.0.1", settings = new { token = $"file:{Key}", index = "main" },
            batch = new { maxEvents = 7 }, filter = new { exclude = new { types = Array.Empty<string>() } },
        });
        await forwarder.PostAsync("/api/v1/sources", new
        {
            name = "realm", keycloak = new { baseUrl = "http://127.0.0.1:1", realm = "acme", clientId = "siem", clientSecret = $"file:{Key}", streams = new[] { "user" } },
        });
        var file = Path.Combine(folder.Path, "acme");

        var (exported, _) = await ForwarderProgram.RunAsync(forwarder, "export", "-f", file, "--name", "acme");
        var before = await ReadAllAsync(forwarder);
        var (code, plan) = await ForwarderProgram.RunAsync(forwarder, "apply", "-f", file);
        var after = await ReadAllAsync(forwarder);

        Assert.Equal((0, 0), (exported, code));
        Assert.True(plan.Contains("Nothing to change: 6 resources are as acme says.", StringComparison.Ordinal), $"{plan}\n{await File.ReadAllTextAsync(file)}");
        Assert.Equal(before, after);
        Assert.DoesNotContain("planted", await File.ReadAllTextAsync(file), StringComparison.Ordinal);
        Assert.Contains($"key: file:{Key}", await File.ReadAllTextAsync(file), StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnExportedSecretThatOnlyTheDatabaseHoldsIsAPlaceThatApplyRefuses()
    {
        await using var forwarder = await StartAsync();
        await forwarder.PostAsync("/api/v1/sources", new { name = "apps", kind = "http", inbox = new { key = "planted-0123456789-abcdef" } });
        var file = Path.Combine(folder.Path, "forwarder.yaml");

        await ForwarderProgram.RunAsync(forwarder, "export", "-f", file);
        var text = await File.ReadAllTextAsync(file);
        var (refused, output) = await ForwarderProgram.RunAsync(forwarder, "apply", "-f", file);
        await File.WriteAllTextAsync(file, string.Join('\n', text.Split('\n').Where(line => !line.Contains("key:", StringComparison.Ordinal))));
        var (kept, nothing) = await ForwarderProgram.RunAsync(forwarder, "apply", "-f", file);

        Assert.Contains("key: ", text, StringComparison.Ordinal);
        Assert.DoesNotContain("planted", text, StringComparison.Ordinal);
        Assert.Equal((2, 0), (refused, kept));
        Assert.Contains("inbox.key: Is the placeholder for a secret that was not exported: put the secret into a variable or a file", output, StringComparison.Ordinal);
        Assert.Contains("= source 'apps', as it is, is managed by forwarder.yaml from now on", nothing, StringComparison.Ordinal);
        Assert.True((bool)(await FindAsync(forwarder, "sources", "apps"))["inbox"]!["keySet"]!);
    }

    [Fact]
    public async Task WhatAFileManagesIsMarkedAndAChangeElsewhereIsWarnedOf()
    {
        await using var forwarder = await StartAsync();
        await ForwarderProgram.RunAsync(forwarder, "apply", "-f", await WriteAsync(Whole));
        foreach (var (list, name) in new[] { ("sources", "apps"), ("integrations", "siem") })
        {
            var id = (int)(await FindAsync(forwarder, list, name))["id"]!;
            using var patch = new HttpRequestMessage(HttpMethod.Patch, $"/api/v1/{list}/{id}")
            {
                Content = new StringContent("""{ "enabled": false, "managedBy": "nobody" }""", System.Text.Encoding.UTF8, "application/json"),
            };
            patch.Headers.TryAddWithoutValidation("If-Match", "*");
            using var answer = await forwarder.Api.SendAsync(patch, TestContext.Current.CancellationToken);

            Assert.Equal(200, (int)answer.StatusCode);
            Assert.Contains("is managed by acme: change it there", Assert.Single(answer.Headers.GetValues("Warning")), StringComparison.Ordinal);
            Assert.Equal("acme", (string?)(await forwarder.GetAsync($"/api/v1/{list}/{id}"))["managedBy"]);
        }

        Assert.Equal("acme", (string?)(await forwarder.GetAsync("/api/v1/engine-pools"))["items"]!.AsArray().Single(one => (string)one!["name"]! == "dmz")!["managedBy"]);
        var trail = await forwarder.GetAsync("/api/v1/audit?pageSize=100");
        Assert.Contains(trail["items"]!.AsArray(), row => (string)row!["action"]! == "integration.create" && row["after"]!.ToJsonString().Contains("\"managedBy\":\"acme\"", StringComparison.Ordinal));
    }

    [Fact]
    public async Task TheTwoPersonRuleHoldsAndNothingIsAskedForTwice()
    {
        await using var forwarder = await StartAsync("--Forwarder:Access:TwoPersonRule=true");
        await ForwarderProgram.RunAsync(forwarder, "apply", "-f", await WriteAsync("""
            name: acme
            integrations:
              - { name: siem, enabled: true, serverUrl: "tcp://127.0.0.1:6514" }
            """));
        var moved = await WriteAsync("""
            name: acme
            integrations:
              - { name: siem, enabled: true, serverUrl: "tcp://127.0.0.1:6515" }
            """);

        var (first, asked) = await ForwarderProgram.RunAsync(forwarder, "apply", "-f", moved);
        var (second, waits) = await ForwarderProgram.RunAsync(forwarder, "apply", "-f", moved);

        var siem = await FindAsync(forwarder, "integrations", "siem");
        Assert.Equal((6, 6), (first, second));
        Assert.Contains("integration 'siem' waits: Another administrator must approve it.", asked, StringComparison.Ordinal);
        Assert.Contains("~ integration 'siem' waits for another administrator already", waits, StringComparison.Ordinal);
        Assert.Equal("tcp://127.0.0.1:6514", (string?)siem["serverUrl"]);
        Assert.Equal(1, (int)(await forwarder.GetAsync($"/api/v1/integrations/{siem["id"]}/changes"))["total"]!);
    }

    [Fact]
    public async Task AKeyThatMayOnlyReadSeesThePlanAndIsRefusedTheChange()
    {
        await using var forwarder = await StartAsync();
        var made = await forwarder.PostAsync("/api/v1/keys", new { name = "pipeline", role = "siem-viewer" });
        var key = Path.Combine(folder.Path, "viewer");
        await File.WriteAllTextAsync(key, (string)made["key"]!);
        var file = await WriteAsync(Whole);

        var (plan, _) = await ForwarderProgram.RunAsync(forwarder, "apply", "-f", file, "--dry-run", "--key-file", key);
        var (refused, output) = await ForwarderProgram.RunAsync(forwarder, "apply", "-f", file, "--key-file", key);

        Assert.Equal((0, 4), (plan, refused));
        Assert.Contains("source 'apps' is refused: ", output, StringComparison.Ordinal);
        Assert.Equal(0, (int)(await forwarder.GetAsync("/api/v1/sources"))["total"]!);
    }

    private Task<ForwarderApplication> StartAsync(params string[] settings) =>
        ForwarderApplication.StartAsync(postgres, [$"--Forwarder:Secrets:Folders:0={folder.Path}", .. settings]);

    private async Task<string> WriteAsync(string text)
    {
        var file = Path.Combine(folder.Path, "forwarder.yaml");
        await File.WriteAllTextAsync(file, text.Replace("FILE", $"file:{Key}", StringComparison.Ordinal));
        return file;
    }

    private static async Task<JsonNode> FindAsync(ForwarderApplication forwarder, string list, string name) =>
        (await forwarder.GetAsync($"/api/v1/{list}"))["items"]!.AsArray().Single(one => (string)one!["name"]! == name)!;

    // Without versions and instants, since adopting counts as a change.
    private static async Task<string> ReadAllAsync(ForwarderApplication forwarder) => (await forwarder.GetAsync("/api/v1/configuration")).ToJsonString();
}
