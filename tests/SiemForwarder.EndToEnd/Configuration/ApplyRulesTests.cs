using System.Net;
using System.Text.Json.Nodes;
using SiemForwarder.EndToEnd.Support;

namespace SiemForwarder.EndToEnd.Configuration;

/// <summary>A configuration declares detection rules and their lists, in it or in files beside it.</summary>
public sealed class ApplyRulesTests(TestPostgres postgres) : IAsyncLifetime
{
    private const string Whole = """
        name: acme
        ruleLists:
          - name: break_glass
            values: [root, emergency]
        rules:
          - name: a-counts-logins
            enabled: true
            yaml: |
              title: Three logins
              correlation: { type: event_count, rules: [glass_login], group-by: [username], timespan: 5m, condition: { gte: 3 } }
              level: high
          - name: b-glass
            file: rules/glass.yml
            fixturesFile: rules/glass.fixtures.yml
            enabled: true
            expectedAlertsPerDay: 2
          - name: 08-brute-force-address
            enabled: true
        """;

    private const string Glass = """
        title: Break glass login
        name: glass_login
        logsource: {product: keycloak, service: user}
        detection:
          glass: {type: LOGIN, username|expand: '%break_glass%'}
          condition: glass
        level: high
        """;

    private readonly TemporaryFolder folder = new();

    public async ValueTask InitializeAsync()
    {
        Directory.CreateDirectory(Path.Combine(folder.Path, "rules"));
        await File.WriteAllTextAsync(PathOf("rules/glass.yml"), Glass);
        await File.WriteAllTextAsync(PathOf("rules/glass.fixtures.yml"), Fixtures("root"));
    }

    public ValueTask DisposeAsync() => folder.DisposeAsync();

    [Fact]
    public async Task RulesListsAndDecisionsAboutThePackBecomeAsDeclaredAndOnlyOnce()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        var file = await WriteAsync(Whole);

        var (first, created) = await ForwarderProgram.RunAsync(forwarder, "apply", "-f", file);
        var (second, same) = await ForwarderProgram.RunAsync(forwarder, "apply", "-f", file, "--dry-run", "--exit-code");

        Assert.True((first, second) == (0, 0), created + same);
        Assert.Contains("+ rule list 'break_glass'\n+ rule file 'b-glass'\n", created.ReplaceLineEndings("\n"), StringComparison.Ordinal);
        Assert.True(created.IndexOf("b-glass", StringComparison.Ordinal) < created.IndexOf("a-counts-logins", StringComparison.Ordinal));
        Assert.Contains("    enabled: false -> true", created, StringComparison.Ordinal);
        Assert.Equal("Nothing to change: 4 resources are as acme says.", same);
        var glass = await forwarder.GetAsync("/api/v1/rules/b-glass");
        Assert.Equal((true, 2, Glass), ((bool)glass["enabled"]!, (int)glass["expectedAlertsPerDay"]!, (string)glass["yaml"]!));
        Assert.True((bool)(await forwarder.GetAsync("/api/v1/rules/a-counts-logins"))["enabled"]!);
        Assert.True((bool)(await forwarder.GetAsync("/api/v1/rules/08-brute-force-address"))["enabled"]!);
        Assert.Equal(["root", "emergency"], (await forwarder.GetAsync("/api/v1/rule-lists/break_glass"))["values"]!.AsArray().Select(one => (string)one!));
    }

    [Fact]
    public async Task PruningDeletesWhatTheFileManagesSwitchesOffThePackAndLeavesTheRest()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        await forwarder.PostAsync("/api/v1/rules", new { name = "by-hand", yaml = Glass.Replace("glass_login", "other", StringComparison.Ordinal).Replace("|expand: '%break_glass%'", ": root", StringComparison.Ordinal) });
        await ForwarderProgram.RunAsync(forwarder, "apply", "-f", await WriteAsync(Whole));
        var less = await WriteAsync("name: acme\nrules:\n  - name: b-glass\n    file: rules/glass.yml\nruleLists:\n  - name: break_glass\n    values: [root]\n");

        var (kept, changed) = await ForwarderProgram.RunAsync(forwarder, "apply", "-f", less);
        var (pruned, output) = await ForwarderProgram.RunAsync(forwarder, "apply", "-f", less, "--prune");
        var (again, nothing) = await ForwarderProgram.RunAsync(forwarder, "apply", "-f", less, "--prune");

        Assert.True((kept, pruned, again) == (0, 0, 0), changed + output + nothing);
        Assert.Contains("    values: [\"root\",\"emergency\"] -> [\"root\"]", changed, StringComparison.Ordinal);
        Assert.Contains("    expectedAlertsPerDay: 2 -> ", changed, StringComparison.Ordinal);
        Assert.Contains("~ rule file '08-brute-force-address'\n    enabled: true -> false\n- rule file 'a-counts-logins'\n", output.ReplaceLineEndings("\n"), StringComparison.Ordinal);
        Assert.Contains("Nothing to change", nothing, StringComparison.Ordinal);
        Assert.False((bool)(await forwarder.GetAsync("/api/v1/rules/08-brute-force-address"))["enabled"]!);
        Assert.True((bool)(await forwarder.GetAsync("/api/v1/rules/b-glass"))["enabled"]!);
        Assert.Equal("by-hand", (string)(await forwarder.GetAsync("/api/v1/rules/by-hand"))["name"]!);
        Assert.Equal(HttpStatusCode.NotFound, (await forwarder.SendAsync(HttpMethod.Get, "/api/v1/rules/a-counts-logins", null)).Status);
    }

    [Fact]
    public async Task EveryFaultIsToldWithFileLineAndFieldAndNothingIsChanged()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        await File.WriteAllTextAsync(PathOf("rules/glass.fixtures.yml"), Fixtures("alice"));
        var file = await WriteAsync("""
            name: acme
            ruleLists:
              - name: Break Glass
                values: [root]
              - name: break_glass
                values: [root]
            rules:
              - name: absent
                file: rules/absent.yml
              - name: glass
                file: rules/glass.yml
                fixturesFile: rules/glass.fixtures.yml
              - name: broken
                yaml: "title: Nothing to detect"
              - name: 08-brute-force-address
                yaml: "title: Mine"
              - name: both
                file: rules/glass.yml
                yaml: "title: Mine"
                colour: red
            """);

        var (code, output) = await ForwarderProgram.RunAsync(forwarder, "apply", "-f", file);

        Assert.Equal(2, code);
        Assert.Contains($"{file}:3: rule list 'Break Glass', name: Give the list a name", output, StringComparison.Ordinal);
        Assert.Contains($"{file}:9: rule file 'absent', file: The file cannot be read", output, StringComparison.Ordinal);
        Assert.DoesNotContain("'absent', yaml", output, StringComparison.Ordinal);
        Assert.Contains($"{file}:12: rule file 'glass', fixtures: 'Somebody' is to fire", output, StringComparison.Ordinal);
        Assert.Contains($"{file}:14: rule file 'broken', yaml: ", output, StringComparison.Ordinal);
        Assert.Contains($"{file}:16: rule file '08-brute-force-address', yaml: The rules that come with the forwarder", output, StringComparison.Ordinal);
        Assert.Contains($"{file}:18: rule file 'both', file: Stands beside yaml", output, StringComparison.Ordinal);
        Assert.Contains($"{file}:20: rule file 'both', colour: There is no such setting", output, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, (await forwarder.SendAsync(HttpMethod.Get, "/api/v1/rule-lists/break_glass", null)).Status);
    }

    [Fact]
    public async Task AnExportAppliedAgainChangesNothingAndAChangeElsewhereIsWarnedOf()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        await ForwarderProgram.RunAsync(forwarder, "apply", "-f", await WriteAsync(Whole));
        var exported = PathOf("acme.yaml");

        await ForwarderProgram.RunAsync(forwarder, "export", "-f", exported, "--name", "acme");
        var (code, plan) = await ForwarderProgram.RunAsync(forwarder, "apply", "-f", exported);
        using var change = new HttpRequestMessage(HttpMethod.Put, "/api/v1/rules/08-brute-force-address")
        {
            Content = new StringContent("""{"enabled":false}""", System.Text.Encoding.UTF8, "application/json"),
        };
        change.Headers.TryAddWithoutValidation("If-Match", "*");
        using var answer = await forwarder.Api.SendAsync(change, TestContext.Current.CancellationToken);
        var (undone, back) = await ForwarderProgram.RunAsync(forwarder, "apply", "-f", exported);

        Assert.Equal(["08-brute-force-address", "a-counts-logins", "b-glass"], Managed(await forwarder.GetAsync("/api/v1/rules?pageSize=500")));
        Assert.Equal(["break_glass"], Managed(await forwarder.GetAsync("/api/v1/rule-lists?pageSize=500")));
        Assert.Equal(("acme", "acme"), (
            (string?)(await forwarder.GetAsync("/api/v1/rules/b-glass"))["managedBy"], (string?)(await forwarder.GetAsync("/api/v1/rule-lists/break_glass"))["managedBy"]));
        Assert.Equal("acme", (string?)JsonNode.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!["managedBy"]);
        Assert.Equal(0, code);
        Assert.True(plan == "Nothing to change: 4 resources are as acme says.", $"{plan}\n{await File.ReadAllTextAsync(exported)}");
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Contains("rule file is managed by acme", Assert.Single(answer.Headers.GetValues("Warning")), StringComparison.Ordinal);
        Assert.Equal(0, undone);
        Assert.Contains("    enabled: false -> true", back, StringComparison.Ordinal);

        static IEnumerable<string> Managed(JsonNode page) =>
            page["items"]!.AsArray().Where(one => (string?)one!["managedBy"] == "acme").Select(one => (string)one!["name"]!);
    }

    [Fact]
    public async Task AWatchedConfigurationFollowsTheRuleFilesThatItNames()
    {
        var file = await WriteAsync("rules:\n  - name: b-glass\n    file: rules/glass.yml\nruleLists:\n  - name: break_glass\n    values: [root]\n");
        await using var forwarder = await ForwarderApplication.StartAsync(
            postgres, $"--Forwarder:ConfigurationFile={file}", "--Forwarder:ConfigurationInterval=00:00:00.050");
        await forwarder.WaitForAsync("/api/v1/audit", trail => IsSaved(trail, "rule.create"));

        await File.WriteAllTextAsync(PathOf("rules/glass.new"), Glass.Replace("level: high", "level: critical", StringComparison.Ordinal), TestContext.Current.CancellationToken);
        File.Move(PathOf("rules/glass.new"), PathOf("rules/glass.yml"), overwrite: true);
        await forwarder.WaitForAsync("/api/v1/audit", trail => IsSaved(trail, "rule.update"));

        Assert.Equal("critical", (string)(await forwarder.GetAsync("/api/v1/rules/b-glass"))["rules"]![0]!["level"]!);

        static bool IsSaved(JsonNode trail, string action) =>
            trail["items"]!.AsArray().Any(row => (string)row!["action"]! == action && (string)row["outcome"]! == "success");
    }

    private string PathOf(string name) => Path.Combine(folder.Path, name);

    private static string Fixtures(string user) => """
        fires:
          - title: Somebody
            events:
              - {"type": "LOGIN", "userId": "u1", "details": {"username": "USER"}}
        """.Replace("USER", user, StringComparison.Ordinal);

    private async Task<string> WriteAsync(string text)
    {
        await File.WriteAllTextAsync(PathOf("forwarder.yaml"), text);
        return PathOf("forwarder.yaml");
    }
}
