using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using SiemForwarder.EndToEnd.Keycloak;
using SiemForwarder.EndToEnd.Support;

namespace SiemForwarder.EndToEnd.Access;

/// <summary>People who sign in at a real realm: by its login form, into a session that ends everywhere at once.</summary>
public sealed partial class SignInTests(TestPostgres postgres, RealKeycloaks keycloaks)
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
        var me = JsonNode.Parse(await alice.Http.GetStringAsync("/api/v1/me", Token))!;
        Assert.Equal(("session", "alice", "siem-admin"), ((string?)me["kind"], (string?)me["name"], (string?)me["roles"]![0]));
        var cookie = Assert.Single(alice.Cookies.GetCookies(forwarder.Address), cookie => cookie.Name == "siemforwarder");
        Assert.True(cookie.HttpOnly);

        using var unproven = await alice.Http.PostAsJsonAsync("/api/v1/engine-pools", new { name = "dmz" }, Token);
        alice.Http.DefaultRequestHeaders.Add("X-Siem-Csrf", "1");
        using var proven = await alice.Http.PostAsJsonAsync("/api/v1/engine-pools", new { name = "dmz" }, Token);
        Assert.Equal((HttpStatusCode.Forbidden, HttpStatusCode.Created), (unproven.StatusCode, proven.StatusCode));

        using var gone = await alice.Http.PostAsync("/signout", null, Token);
        Assert.Equal(HttpStatusCode.OK, gone.StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, await alice.StatusAsync("/api/v1/me"));
        // The realm forgot as well: it asks for the password again.
        using var again = await alice.Http.GetAsync("/signin", Token);
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
        using var there = new HttpClient(new SocketsHttpHandler { CookieContainer = bob.Cookies }) { BaseAddress = other.Address };
        Assert.Equal(HttpStatusCode.OK, await bob.StatusAsync("/api/v1/me"));
        // Cookies of a host do not know ports, so the other engine is sent the same one.
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

    /// <summary>A browser as far as a login form needs one: cookies and redirects.</summary>
    private sealed partial class Browser : IDisposable
    {
        public Browser(Uri address) => Http = new HttpClient(new SocketsHttpHandler { CookieContainer = Cookies }) { BaseAddress = address };

        public CookieContainer Cookies { get; } = new();

        public HttpClient Http { get; }

        /// <summary>Signs in by the realm's form; where that led in the end.</summary>
        public async Task<HttpResponseMessage> SignInAsync(string user, string returnUrl)
        {
            using var form = await Http.GetAsync($"/signin?returnUrl={Uri.EscapeDataString(returnUrl)}", Token);
            var html = await form.Content.ReadAsStringAsync(Token);
            Assert.True(form.IsSuccessStatusCode, html);
            var action = WebUtility.HtmlDecode(Action().Match(html).Groups["url"].Value);
            using var fields = new FormUrlEncodedContent([new("username", user), new("password", $"{user}-password"), new("credentialId", "")]);
            return await Http.PostAsync(action, fields, Token);
        }

        public async Task<HttpStatusCode> StatusAsync(string path)
        {
            using var answer = await Http.GetAsync(path, Token);
            return answer.StatusCode;
        }

        public void Dispose() => Http.Dispose();

        [GeneratedRegex("<form id=\"kc-form-login\"[^>]*action=\"(?<url>[^\"]+)\"")]
        private static partial Regex Action();
    }
}
