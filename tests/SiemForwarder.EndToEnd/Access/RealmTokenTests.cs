using System.Net;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using SiemForwarder.EndToEnd.Keycloak;
using SiemForwarder.EndToEnd.Support;

namespace SiemForwarder.EndToEnd.Access;

/// <summary>Tokens of a real realm as callers of the API.</summary>
public sealed class RealmTokenTests(TestPostgres postgres, RealKeycloaks keycloaks)
{
    private const string Version = "26.7.4";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ATokenCallsWithTheRolesThatItHoldsAndNoOthers()
    {
        var keycloak = await keycloaks.GetAsync(Version, Token);
        await using var forwarder = await ForwarderApplication.StartAsync(postgres, SettingsOf(keycloak));

        var alice = await MeAsync(forwarder, await keycloak.AccessTokenAsync("alice", Token));
        var bob = await keycloak.AccessTokenAsync("bob", Token);
        var carol = await keycloak.AccessTokenAsync("carol", Token);

        Assert.Equal(("token", "alice", "siem-admin"), ((string?)alice["kind"], (string?)alice["name"], (string?)Assert.Single(alice["roles"]!.AsArray())));
        Assert.Equal((200, 403), ((await SendAsync(forwarder, bob)).Status, (await SendAsync(forwarder, bob, HttpMethod.Post)).Status));
        var (status, text) = await SendAsync(forwarder, carol);
        Assert.Equal(403, status);
        Assert.Contains("'carol' has no role", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ATokenForAnotherServiceIsRefusedAndTheAnswerNamesTheAudience()
    {
        var keycloak = await keycloaks.GetAsync(Version, Token);
        await using var forwarder = await ForwarderApplication.StartAsync(postgres, SettingsOf(keycloak, "--Forwarder:Access:Oidc:Audience=another"));

        var (status, text) = await SendAsync(forwarder, await keycloak.AccessTokenAsync("alice", Token));

        Assert.Equal(401, status);
        Assert.Contains("its aud must contain 'another'", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnIdTokenIsNoTokenToCallWith()
    {
        var keycloak = await keycloaks.GetAsync(Version, Token);
        await using var forwarder = await ForwarderApplication.StartAsync(postgres, SettingsOf(keycloak, "--Forwarder:Access:Oidc:Audience=demo-app"));

        var (status, text) = await SendAsync(forwarder, await keycloak.AccessTokenAsync("alice", Token, "id_token"));

        Assert.Equal(401, status);
        Assert.Contains("not an access token", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnExpiredTokenAndOneThatWasChangedAreRefused()
    {
        var keycloak = await keycloaks.GetAsync(Version, Token);
        var clock = new MovedClock();
        await using var forwarder = await ForwarderApplication.StartAsync(postgres, clock, SettingsOf(keycloak));
        var token = await keycloak.AccessTokenAsync("alice", Token);
        var parts = token.Split('.');
        Assert.Equal(200, (await SendAsync(forwarder, token)).Status);

        var changed = await SendAsync(forwarder, $"{parts[0]}.{parts[1]}.{parts[2][..10]}{(parts[2][10] == 'A' ? 'B' : 'A')}{parts[2][11..]}");
        var unsigned = await SendAsync(forwarder, $"eyJhbGciOiJub25lIn0.{parts[1]}.");
        clock.Move(TimeSpan.FromHours(1));
        var expired = await SendAsync(forwarder, token);

        Assert.Equal((401, 401, 401), (changed.Status, unsigned.Status, expired.Status));
        Assert.Contains("has expired", expired.Text, StringComparison.Ordinal);
        Assert.Contains("not signed by the realm", changed.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WhereTheRealmIsAskedARevokedTokenEndsWithinSeconds()
    {
        var keycloak = await keycloaks.GetAsync(Version, Token);
        await using var forwarder = await ForwarderApplication.StartAsync(postgres, SettingsOf(
            keycloak, "--Forwarder:Access:Oidc:ClientId=siem-forwarder", "--Forwarder:Access:Oidc:ClientSecret=siem-forwarder-secret",
            "--Forwarder:Access:Oidc:Introspection=true", "--Forwarder:Access:Oidc:IntrospectionCache=00:00:01"));
        var token = await keycloak.AccessTokenAsync("bob", Token);
        Assert.Equal("siem-viewer", (string?)(await MeAsync(forwarder, token))["roles"]![0]);

        await keycloak.LogoutAsync("bob", Token);

        await ApiKeyTests.Until(async () => (await SendAsync(forwarder, token)).Status == 401);
        Assert.Contains("not active", (await SendAsync(forwarder, token)).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ARealmThatRotatesItsKeysIsFollowed()
    {
        var keycloak = await keycloaks.GetAsync(Version, Token);
        await using var forwarder = await ForwarderApplication.StartAsync(postgres, SettingsOf(keycloak));
        var before = await keycloak.AccessTokenAsync("alice", Token);
        Assert.Equal(200, (await SendAsync(forwarder, before)).Status);

        using var made = await keycloak.AdminAsync(HttpMethod.Post, "components", new JsonObject
        {
            ["name"] = "newer", ["providerId"] = "rsa-generated", ["providerType"] = "org.keycloak.keys.KeyProvider",
            ["config"] = new JsonObject { ["priority"] = new JsonArray("500"), ["algorithm"] = new JsonArray("RS256"), ["keySize"] = new JsonArray("2048") },
        }, Token);
        try
        {
            var after = await keycloak.AccessTokenAsync("alice", Token);
            Assert.NotEqual(before.Split('.')[0], after.Split('.')[0]);

            await ApiKeyTests.Until(async () => (await SendAsync(forwarder, after)).Status == 200);
            Assert.Equal(200, (await SendAsync(forwarder, before)).Status);
        }
        finally
        {
            (await keycloak.AdminAsync(HttpMethod.Delete, $"components/{made.Headers.Location!.Segments[^1]}", null, Token)).Dispose();
        }
    }

    [Fact]
    public async Task WhereTheRealmIsDownTokensAreToldSoAndKeysGoOnWorking()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(
            postgres, "--Forwarder:Access:Oidc:Authority=http://127.0.0.1:1/realms/gone", "--Forwarder:Access:Oidc:RequireHttps=false",
            "--Forwarder:Access:Oidc:ClientId=console", "--Forwarder:Access:Oidc:ClientSecret=secret");

        var (status, text) = await SendAsync(forwarder, "eyJhbGciOiJSUzI1NiIsImtpZCI6ImEifQ.eyJzdWIiOiJhIiwiZXhwIjo0MTAyNDQ0ODAwfQ.c2lnbmF0dXJl");
        using var caller = new Caller(forwarder.Address);

        Assert.Equal(503, status);
        Assert.Contains("API keys still work", text, StringComparison.Ordinal);
        Assert.Equal(503, await caller.GetAsync(null, "/signin"));
        Assert.Equal(200, await caller.GetAsync(AdminKey.Value));
    }

    private static string[] SettingsOf(RealKeycloak keycloak, params string[] others) =>
    [
        $"--Forwarder:Access:Oidc:Authority={keycloak.BaseUrl.ToString().TrimEnd('/')}/realms/{RealKeycloak.Realm}",
        "--Forwarder:Access:Oidc:RequireHttps=false", "--Forwarder:Access:Oidc:Audience=siem-forwarder", .. others,
    ];

    private static async Task<JsonNode> MeAsync(ForwarderApplication forwarder, string token) =>
        JsonNode.Parse((await SendAsync(forwarder, token, path: "/api/v1/me")).Text)!;

    private static async Task<(int Status, string Text)> SendAsync(
        ForwarderApplication forwarder, string token, HttpMethod? method = null, string path = "/api/v1/integrations")
    {
        using var request = new HttpRequestMessage(method ?? HttpMethod.Get, path);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using var answer = await forwarder.Api.SendAsync(request, Token);
        return ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync(Token));
    }
}
