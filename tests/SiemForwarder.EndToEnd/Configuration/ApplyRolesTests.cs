using System.Net;
using SiemForwarder.EndToEnd.Access;
using SiemForwarder.EndToEnd.Support;

namespace SiemForwarder.EndToEnd.Configuration;

/// <summary>A configuration declares who in the realm has which role, for those alone who may change that.</summary>
public sealed class ApplyRolesTests(TestPostgres postgres) : IAsyncLifetime
{
    private const string Whole = """
        name: acme
        roles:
          - name: siem-admin
            grantedTo: [soc-leads]
          - name: siem-operator
            grantedTo: [/soc, night shift]
          - name: siem-auditor
            grantedTo: [siem-auditor]
        """;

    private static readonly string[] Realm =
    [
        "--Forwarder:Access:Oidc:Authority=https://sso.example.com/realms/acme", "--Forwarder:Access:Oidc:Audience=siem-forwarder",
        "--Forwarder:Access:Oidc:Roles:siem-admin:0=leads",
    ];

    private readonly TemporaryFolder folder = new();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => folder.DisposeAsync();

    [Fact]
    public async Task DeclaredRolesArePlannedChangedOnceExportedAndTakenBack()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres, Realm);
        var file = await WriteAsync(Whole);

        var (differs, plan) = await ForwarderProgram.RunAsync(forwarder, "apply", "-f", file, "--dry-run", "--exit-code");
        var untouched = await forwarder.GetAsync("/api/v1/roles/siem-admin");
        var (first, made) = await ForwarderProgram.RunAsync(forwarder, "apply", "-f", file);
        var (second, same) = await ForwarderProgram.RunAsync(forwarder, "apply", "-f", file);

        Assert.Equal((3, 0, 0), (differs, first, second));
        Assert.Equal(
            """
            ~ role 'siem-operator'
                grantedTo: ["siem-operator"] -> ["night shift","soc"]
            = role 'siem-auditor', as it is, is managed by acme from now on
            ~ role 'siem-admin'
                grantedTo: ["leads"] -> ["soc-leads"]
            0 to create, 2 to change, 0 to delete.
            """.ReplaceLineEndings("\n"), plan.ReplaceLineEndings("\n"));
        Assert.Equal("setting", (string?)untouched["origin"]);
        Assert.Contains("Applied: 3 of 3 changes are made.", made, StringComparison.Ordinal);
        Assert.Equal("Nothing to change: 3 resources are as acme says.", same);
        var admin = await forwarder.GetAsync("/api/v1/roles/siem-admin");
        Assert.Equal(("own", "soc-leads", "acme", 1), (
            (string?)admin["origin"], (string?)admin["grantedTo"]![0], (string?)admin["managedBy"], (int)admin["version"]!));

        var exported = Path.Combine(folder.Path, "exported.yaml");
        await ForwarderProgram.RunAsync(forwarder, "export", "-f", exported, "--name", "acme");
        var (_, back) = await ForwarderProgram.RunAsync(forwarder, "apply", "-f", exported, "--dry-run");
        Assert.Equal("Nothing to change: 3 resources are as acme says.", back);

        var less = await WriteAsync("name: acme\nroles:\n  - name: siem-operator\n    grantedTo: [soc, night shift]\n");
        var (pruned, output) = await ForwarderProgram.RunAsync(forwarder, "apply", "-f", less, "--prune");
        Assert.Equal(0, pruned);
        Assert.Contains("- role 'siem-admin'\n    grantedTo: [\"soc-leads\"] -> [\"leads\"]\n0 to create, 0 to change, 2 to delete.", output, StringComparison.Ordinal);
        Assert.Equal("setting", (string?)(await forwarder.GetAsync("/api/v1/roles/siem-admin"))["origin"]);
        Assert.Equal("own", (string?)(await forwarder.GetAsync("/api/v1/roles/siem-operator"))["origin"]);
    }

    [Fact]
    public async Task WhoMayNotReadRolesSeesThemInNoPlanAndNoExportAndWhoMayNotChangeThemChangesNone()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres, Realm);
        await ForwarderProgram.RunAsync(forwarder, "apply", "-f", await WriteAsync(Whole));
        var prune = new { name = "acme", prune = true };
        var declared = new { name = "acme", roles = new[] { new { name = "siem-admin", grantedTo = new[] { "everybody" } } } };

        foreach (var role in new[] { "siem-viewer", "siem-operator", "siem-investigator" })
        {
            var key = (string)(await Caller.NewKeyAsync(forwarder, role))["key"]!;
            using var caller = new Caller(forwarder.Address);
            using var pruning = await caller.SendAsync(key, HttpMethod.Post, "/api/v1/configuration/plan", prune);
            using var planning = await caller.SendAsync(key, HttpMethod.Post, "/api/v1/configuration/plan", declared);
            using var export = await caller.SendAsync(key, HttpMethod.Get, "/api/v1/configuration");
            using var empty = await caller.SendAsync(key, HttpMethod.Post, "/api/v1/configuration/plan", new { name = "other", prune = true });
            var refused = await planning.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);

            Assert.Equal((HttpStatusCode.Forbidden, HttpStatusCode.Forbidden, HttpStatusCode.OK), (pruning.StatusCode, planning.StatusCode, empty.StatusCode));
            Assert.Contains("A plan of roles requires siem-admin or siem-auditor", refused, StringComparison.Ordinal);
            Assert.DoesNotContain("soc-leads", refused + await export.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
            Assert.Equal(403, await caller.GetAsync(key, "/api/v1/roles"));
        }

        var auditor = Path.Combine(folder.Path, "auditor");
        await File.WriteAllTextAsync(auditor, (string)(await Caller.NewKeyAsync(forwarder, "siem-auditor"))["key"]!, TestContext.Current.CancellationToken);
        var taking = await WriteAsync("name: acme\nroles:\n  - name: siem-admin\n    grantedTo: [everybody]\n");
        var (code, output) = await ForwarderProgram.RunAsync(forwarder, "apply", "-f", taking, "--key-file", auditor);

        Assert.Equal(4, code);
        Assert.Contains("role 'siem-admin' is refused: This requires siem-admin; 'siem-auditor", output, StringComparison.Ordinal);
        Assert.Equal("soc-leads", (string?)(await forwarder.GetAsync("/api/v1/roles/siem-admin"))["grantedTo"]![0]);
    }

    [Fact]
    public async Task FaultsOfRolesAreToldWithTheirLinesAndNothingIsChanged()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres, Realm);
        var file = await WriteAsync("""
            name: acme
            roles:
              - name: siem-ingest
                grantedTo: [apps]
              - name: siem-viewer
                grantedTo: everybody
              - name: siem-operator
              - name: siem-auditor
                grantedTo: ["", soc]
                permissions: [configure]
              - name: siem-admin
                grantedTo: [soc]
            """);

        var (code, output) = await ForwarderProgram.RunAsync(forwarder, "apply", "-f", file);

        Assert.Equal(2, code);
        Assert.Contains($"{file}:3: role 'siem-ingest', name: Is not a role that a realm can grant", output, StringComparison.Ordinal);
        Assert.Contains($"{file}:6: role 'siem-viewer', grantedTo: ", output, StringComparison.Ordinal);
        Assert.Contains($"{file}:7: role 'siem-operator', grantedTo: Give a list", output, StringComparison.Ordinal);
        Assert.Contains($"{file}:9: role 'siem-auditor', grantedTo: Must not contain empty entries.", output, StringComparison.Ordinal);
        Assert.Contains($"{file}:10: role 'siem-auditor', permissions: There is no such setting", output, StringComparison.Ordinal);
        Assert.Equal("setting", (string?)(await forwarder.GetAsync("/api/v1/roles/siem-admin"))["origin"]);
    }

    [Fact]
    public async Task AChangeElsewhereWarnsAndAWatchedFileAppliesItsRoles()
    {
        var file = await WriteAsync(Whole);
        await using var forwarder = await ForwarderApplication.StartAsync(
            postgres, [.. Realm, $"--Forwarder:ConfigurationFile={file}", "--Forwarder:ConfigurationInterval=00:00:00.050"]);
        await forwarder.WaitForAsync("/api/v1/roles/siem-admin", role => (string?)role["managedBy"] == "acme");

        using var change = new HttpRequestMessage(HttpMethod.Put, "/api/v1/roles/siem-admin") { Content = new StringContent("""{"grantedTo":["elsewhere"]}""", System.Text.Encoding.UTF8, "application/json") };
        change.Headers.TryAddWithoutValidation("If-Match", "\"1\"");
        using var answer = await forwarder.Api.SendAsync(change, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Contains("role is managed by acme", Assert.Single(answer.Headers.GetValues("Warning")), StringComparison.Ordinal);

        await WriteAsync(Whole + "\n  - name: siem-viewer\n    grantedTo: [everybody]\n");
        await forwarder.WaitForAsync("/api/v1/roles/siem-viewer", role => (string?)role["managedBy"] == "acme");
        var admin = await forwarder.WaitForAsync("/api/v1/roles/siem-admin", role => (string?)role["grantedTo"]![0] == "soc-leads");
        Assert.Equal("configuration file", (string?)admin["changedBy"]);
    }

    // The watcher never reads half a file.
    private async Task<string> WriteAsync(string text)
    {
        var path = Path.Combine(folder.Path, "forwarder.yaml");
        await File.WriteAllTextAsync($"{path}.new", text);
        File.Move($"{path}.new", path, overwrite: true);
        return path;
    }
}
