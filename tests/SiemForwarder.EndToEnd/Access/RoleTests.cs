using System.Net;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using SiemForwarder.EndToEnd.Keycloak;
using SiemForwarder.EndToEnd.Support;

namespace SiemForwarder.EndToEnd.Access;

/// <summary>Who in the realm has which role, changed while the service runs.</summary>
public sealed class RoleTests(TestPostgres postgres, RealKeycloaks keycloaks)
{
    private const string Version = "26.7.4";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AChangedRoleCountsInEveryEngineAndEndsTheSessionsOfTheRealm()
    {
        var keycloak = await keycloaks.GetAsync(Version, Token);
        var settings = SignInTests.SettingsOf(keycloak);
        await using var forwarder = await ForwarderApplication.StartAsync(postgres, settings);
        await using var other = await ForwarderApplication.StartOnAsync(forwarder.ConnectionString, [.. settings, "--Forwarder:ConfigurationInterval=00:00:00.050"]);
        var bob = await keycloak.AccessTokenAsync("bob", Token);
        using var browser = new Browser(forwarder.Address);
        (await browser.SignInAsync("bob", "/health/live")).Dispose();
        Assert.Equal((HttpStatusCode.OK, "siem-viewer"), (await browser.StatusAsync("/api/v1/me"), await RolesAsync(forwarder, bob)));

        // Bob has no realm role but this one.
        var changed = await forwarder.PutAsync("/api/v1/roles/siem-operator", new { grantedTo = new[] { "/siem-viewer", "soc" } });
        await forwarder.PutAsync("/api/v1/roles/siem-viewer", new { grantedTo = Array.Empty<string>() });

        Assert.Equal(["siem-viewer", "soc"], changed["grantedTo"]!.AsArray().Select(one => (string)one!));
        Assert.Equal("siem-operator", await RolesAsync(forwarder, bob));
        await ApiKeyTests.Until(async () => await RolesAsync(other, bob) == "siem-operator");
        Assert.Equal(HttpStatusCode.Unauthorized, await browser.StatusAsync("/api/v1/me"));

        foreach (var role in new[] { "siem-operator", "siem-viewer" })
        {
            Assert.Equal(HttpStatusCode.NoContent, (await forwarder.SendAsync(HttpMethod.Delete, $"/api/v1/roles/{role}", ifMatch: "\"1\"")).Status);
        }

        Assert.Equal("siem-viewer", await RolesAsync(forwarder, bob));
    }

    [Fact]
    public async Task ARoleTellsWhoSaysItAndIsChangedByItsVersion()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(
            postgres, "--Forwarder:Access:Oidc:Authority=http://127.0.0.1:1/realms/gone", "--Forwarder:Access:Oidc:RequireHttps=false",
            "--Forwarder:Access:Oidc:Audience=siem-forwarder", "--Forwarder:Access:Oidc:Roles:siem-admin:0=soc-leads");
        var before = (await forwarder.GetAsync("/api/v1/roles"))["items"]!.AsArray();
        Assert.Equal(["siem-admin", "siem-operator", "siem-viewer", "siem-investigator", "siem-auditor"], before.Select(role => (string)role!["name"]!));
        Assert.Equal(("soc-leads", "setting", "siem-operator", "name"), (
            (string?)before[0]!["grantedTo"]![0], (string?)before[0]!["origin"], (string?)before[1]!["grantedTo"]![0], (string?)before[1]!["origin"]));

        var blind = await forwarder.SendAsync(HttpMethod.Put, "/api/v1/roles/siem-admin", new { grantedTo = Array.Empty<string>() });
        var mine = await forwarder.SendAsync(HttpMethod.Put, "/api/v1/roles/siem-admin", new { grantedTo = Array.Empty<string>() }, "\"0\"");
        var stale = await forwarder.SendAsync(HttpMethod.Put, "/api/v1/roles/siem-admin", new { grantedTo = new[] { "x" } }, "\"0\"");
        var row = (await forwarder.GetAsync("/api/v1/audit?action=role.update"))["items"]!.AsArray()
            .Single(one => (string?)one!["outcome"] == "success")!;

        Assert.Equal((HttpStatusCode.PreconditionRequired, HttpStatusCode.OK, HttpStatusCode.PreconditionFailed), (blind.Status, mine.Status, stale.Status));
        Assert.Equal(("own", 1, "admin key file"), ((string?)mine.Json["origin"], (int)mine.Json["version"]!, (string?)mine.Json["changedBy"]));
        Assert.Contains("only API keys are", (string?)mine.Json["warnings"]![0], StringComparison.Ordinal);
        Assert.Equal("role:siem-admin", (string?)row["target"]);
        Assert.Contains("soc-leads", row.ToJsonString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("siem-viewer", null, "a list of at most 100")]
    [InlineData("siem-viewer", """["soc", " / "]""", "empty entries")]
    [InlineData("siem-viewer", """["soc\nleads"]""", "one line")]
    public async Task ANameThatNoRealmCanGiveIsRefused(string role, string? names, string sentence)
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);

        var answer = await forwarder.SendAsync(HttpMethod.Put, $"/api/v1/roles/{role}", $$"""{"grantedTo":{{names ?? "null"}}}""", "*");

        Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
        Assert.Contains(sentence, (string?)answer.Json["errors"]!["grantedTo"]![0], StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, (await forwarder.SendAsync(HttpMethod.Put, "/api/v1/roles/siem-ingest", new { grantedTo = new[] { "soc" } }, "*")).Status);
    }

    private static async Task<string> RolesAsync(ForwarderApplication forwarder, string token)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/me");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using var answer = await forwarder.Api.SendAsync(request, Token);
        var me = JsonNode.Parse(await answer.Content.ReadAsStringAsync(Token))!;
        return string.Join(' ', me["roles"]!.AsArray().Select(one => (string)one!));
    }
}
