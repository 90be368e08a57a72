using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using SiemForwarder.EndToEnd.Keycloak;
using SiemForwarder.EndToEnd.Support;

namespace SiemForwarder.EndToEnd.Access;

/// <summary>People who sign in at a real realm: by its login form, into a session that ends everywhere at once.</summary>
public sealed class SignInTests(TestPostgres postgres, RealKeycloaks keycloaks)
{
    private const string Version = "26.7.4";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task APersonSignsInReadsAndChangesWithProofAndSignsOutHereAndAtTheRealm()
    {
        var keycloak = await keycloaks.GetAsync(Version, Token);
        await using var forwarder = await ForwarderApplication.StartAsync(postgres, SettingsOf(keycloak));
        using var alice = new Browser(forwarder.Address);
        using var landing = await alice.SignInAsync("alice", "/swagger/index.html");

        Assert.Equal("/swagger/index.html", landing.RequestMessage!.RequestUri!.AbsolutePath);
        var me = JsonNode.Parse(await alice.Client.GetStringAsync("/api/v1/me", Token))!;
        Assert.Equal(("session", "alice", "siem-admin"), ((string?)me["kind"], (string?)me["name"], (string?)me["roles"]![0]));
        Assert.Contains("; httponly", alice.Cookies["siemforwarder"].Attributes, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("; samesite=lax", alice.Cookies["siemforwarder"].Attributes, StringComparison.OrdinalIgnoreCase);
        // On the machine itself a browser speaks http.
        Assert.DoesNotContain("; secure", alice.Cookies["siemforwarder"].Attributes, StringComparison.OrdinalIgnoreCase);

        using var unproven = await alice.Client.PostAsJsonAsync("/api/v1/engine-pools", new { name = "dmz" }, Token);
        alice.Client.DefaultRequestHeaders.Add("X-Siem-Csrf", "1");
        using var proven = await alice.Client.PostAsJsonAsync("/api/v1/engine-pools", new { name = "dmz" }, Token);
        Assert.Equal((HttpStatusCode.Forbidden, HttpStatusCode.Created), (unproven.StatusCode, proven.StatusCode));

        using var gone = await alice.Client.PostAsync("/signout", null, Token);
        Assert.Equal(HttpStatusCode.OK, gone.StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, await alice.StatusAsync("/api/v1/me"));
        // The realm forgot as well: it asks for the password again.
        using var again = await alice.Client.GetAsync("/signin", Token);
        Assert.Contains("kc-form-login", await again.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
    }

    [Fact]
    public async Task TheRealmEndsASessionInEveryEngine()
    {
        var keycloak = await keycloaks.GetAsync(Version, Token);
        await using var forwarder = await ForwarderApplication.StartAsync(postgres, SettingsOf(keycloak));
        await using var other = await ForwarderApplication.StartOnAsync(forwarder.ConnectionString, SettingsOf(keycloak));
        await keycloak.ChangeClientAsync("siem-console", client =>
        {
            client["attributes"]!["backchannel.logout.url"] = new Uri(forwarder.Address, "/signout/backchannel").ToString();
            client["attributes"]!["backchannel.logout.session.required"] = "true";
        }, Token);
        using var bob = new Browser(forwarder.Address);
        (await bob.SignInAsync("bob", "/health/live")).Dispose();
        using var there = new HttpClient { BaseAddress = other.Address };
        there.DefaultRequestHeaders.Add("Cookie", $"siemforwarder={bob.Cookies["siemforwarder"].Value}");
        Assert.Equal(HttpStatusCode.OK, await bob.StatusAsync("/api/v1/me"));
        using (var same = await there.GetAsync("/api/v1/me", Token))
        {
            Assert.Equal(HttpStatusCode.OK, same.StatusCode);
        }

        await keycloak.LogoutAsync("bob", Token);

        await ApiKeyTests.Until(async () => await bob.StatusAsync("/api/v1/me") == HttpStatusCode.Unauthorized);
        using var ended = await there.GetAsync("/api/v1/me", Token);
        Assert.Equal(HttpStatusCode.Unauthorized, ended.StatusCode);
    }

    [Theory]
    [InlineData("")]
    [InlineData("logout_token=eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.")]
    [InlineData("logout_token=no-token")]
    public async Task AnybodyElsesWordThatASessionHasEndedCountsForNothing(string form)
    {
        var keycloak = await keycloaks.GetAsync(Version, Token);
        await using var forwarder = await ForwarderApplication.StartAsync(postgres, SettingsOf(keycloak));
        using var http = new HttpClient { BaseAddress = forwarder.Address };
        using var content = new StringContent(form, System.Text.Encoding.ASCII, "application/x-www-form-urlencoded");

        using var answer = await http.PostAsync("/signout/backchannel", content, Token);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
    }

    [Theory]
    [InlineData("https://evil.example/")]
    [InlineData("//evil.example/")]
    [InlineData("/\\evil.example/")]
    public async Task ASignInLeadsBackToThisAddressAlone(string target)
    {
        var keycloak = await keycloaks.GetAsync(Version, Token);
        await using var forwarder = await ForwarderApplication.StartAsync(postgres, SettingsOf(keycloak));
        using var alice = new Browser(forwarder.Address);

        using var landing = await alice.SignInAsync("alice", target);

        Assert.Equal(forwarder.Address.Authority, landing.RequestMessage!.RequestUri!.Authority);
    }

    internal static string[] SettingsOf(RealKeycloak keycloak) =>
    [
        $"--Forwarder:Access:Oidc:Authority={keycloak.BaseUrl.ToString().TrimEnd('/')}/realms/{RealKeycloak.Realm}",
        "--Forwarder:Access:Oidc:RequireHttps=false", "--Forwarder:Access:Oidc:Audience=siem-forwarder",
        "--Forwarder:Access:Oidc:ClientId=siem-console", "--Forwarder:Access:Oidc:ClientSecret=siem-console-secret",
    ];
}
