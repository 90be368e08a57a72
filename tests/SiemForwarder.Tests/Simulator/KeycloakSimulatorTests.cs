using System.Net;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using SiemForwarder.Simulator;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Simulator;

/// <summary>The simulated server answers what the real ones answered when they were recorded.</summary>
public sealed class KeycloakSimulatorTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<SimulatedTier, string> Recorded()
    {
        var data = new TheoryData<SimulatedTier, string>();
        string[] names =
        [
            "tier_probe_direction", "tier_probe_direction_admin", "tier_probe_epoch", "date_bad", "date_bad_to_admin", "max_not_a_number", "unknown_type",
            "no_token", "bad_token", "role_missing", "unknown_realm", "wrong_secret", "unknown_client", "disabled_client", "service_accounts_off",
            "public_client", "unknown_realm_token", "disabled_realm_token",
        ];
        foreach (var name in names)
        {
            data.Add(SimulatedTier.WithIds, name);
            data.Add(SimulatedTier.WithoutIds, name);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Recorded))]
    public async Task ItAnswersAsTheRealServerDid(SimulatedTier tier, string name)
    {
        var file = RepositoryFiles.Shared("fixtures", tier == SimulatedTier.WithIds ? "recorded-26.7.4.json" : "recorded-24.0.5.json");
        var recorded = JsonNode.Parse(await File.ReadAllTextAsync(file, Token))!["errors"]!.AsArray().Single(entry => (string)entry!["name"]! == name)!;
        await using var server = await KeycloakSimulator.StartAsync(new SimulatorOptions { Tier = tier, Realms = ["lab"] }, Token);
        server.Realm.AddLogin("alice");
        server.Realm.AddAdminEvent("CREATE", "USER", "users/1");
        using var http = new HttpClient { BaseAddress = server.BaseUrl };

        using var response = await SendAsync(http, server, name, (string)recorded["request"]!);

        Assert.Equal((int)recorded["status"]!, (int)response.StatusCode);
        Assert.False(response.Headers.Contains("Date") && response.Headers.Date is not null);
        if (recorded["body"] is JsonObject body)
        {
            Assert.Equal(body.ToJsonString(), JsonNode.Parse(await response.Content.ReadAsStringAsync(Token))!.ToJsonString());
            Assert.Equal("application/json", response.Content.Headers.ContentType!.MediaType);
        }
    }

    [Theory]
    [InlineData(SimulatedTier.WithIds)]
    [InlineData(SimulatedTier.WithoutIds)]
    public async Task ARowItCannotReadIsGluedToWhatWasSentBefore(SimulatedTier tier)
    {
        await using var server = await KeycloakSimulator.StartAsync(new SimulatorOptions { Tier = tier }, Token);
        for (var i = 0; i < 100; i++)
        {
            server.Realm.AddLogin("alice", 1000 + i);
        }

        server.Realm.UserEvents.AddPoison(500);
        using var http = new HttpClient { BaseAddress = server.BaseUrl };
        await AuthorizeAsync(http);

        using var deep = await http.GetAsync(new Uri("/admin/realms/siem-demo/events?max=1000", UriKind.Relative), Token);
        using var near = await http.GetAsync(new Uri("/admin/realms/siem-demo/events?max=1000&first=95", UriKind.Relative), Token);

        var text = await deep.Content.ReadAsStringAsync(Token);
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.BadRequest), (deep.StatusCode, near.StatusCode));
        Assert.EndsWith("}", text, StringComparison.Ordinal);
        Assert.Contains("{\"error\":\"unknown_error\"", text, StringComparison.Ordinal);
        Assert.True(deep.Headers.TransferEncodingChunked);
    }

    [Fact]
    public async Task DaysAreReadInTheZoneOfTheServer()
    {
        var zone = TimeZoneInfo.CreateCustomTimeZone("west", TimeSpan.FromHours(-5), "west", "west");
        await using var server = await KeycloakSimulator.StartAsync(new SimulatorOptions { Tier = SimulatedTier.WithoutIds, ServerTimeZone = zone }, Token);
        var midnight = new DateTimeOffset(2026, 11, 20, 0, 0, 0, TimeSpan.FromHours(-5)).ToUnixTimeMilliseconds();
        server.Realm.RecordsTokens = false;
        server.Realm.AddLogin("before", midnight - 1);
        server.Realm.AddLogin("at", midnight);
        using var http = new HttpClient { BaseAddress = server.BaseUrl };
        await AuthorizeAsync(http);

        var from = await http.GetStringAsync(new Uri("/admin/realms/siem-demo/events?dateFrom=2026-11-20", UriKind.Relative), Token);
        var to = await http.GetStringAsync(new Uri("/admin/realms/siem-demo/events?dateTo=2026-11-20", UriKind.Relative), Token);

        Assert.Single(JsonNode.Parse(from)!.AsArray());
        Assert.Equal(2, JsonNode.Parse(to)!.AsArray().Count);
    }

    private static async Task<HttpResponseMessage> SendAsync(HttpClient http, KeycloakSimulator server, string name, string request)
    {
        var client = server.Realm.Client;
        switch (name)
        {
            case "role_missing": client.Roles = ["query-realms"]; break;
            case "disabled_client": client.Enabled = false; client.ClientId = "disabled-sa"; client.Secret = "s"; break;
            case "service_accounts_off": client.ServiceAccountEnabled = false; client.ClientId = "no-sa"; client.Secret = "s"; break;
            case "public_client": client.IsPublic = true; client.ClientId = "direct-app"; break;
        }

        var parts = request.Split(' ');
        if (parts[0] == "POST")
        {
            var realm = parts[1].Contains("offrealm", StringComparison.Ordinal) ? "lab" : null;
            server.Realm.Enabled = realm is null;
            using var content = new StringContent(parts[2], new MediaTypeHeaderValue("application/x-www-form-urlencoded"));
            return await http.PostAsync(new Uri(realm is null ? parts[1] : parts[1].Replace("offrealm", realm, StringComparison.Ordinal), UriKind.Relative), content, Token);
        }

        if (name is not ("no_token" or "bad_token"))
        {
            await AuthorizeAsync(http, "lab");
        }

        return await http.GetAsync(new Uri(parts[1], UriKind.Relative), Token);
    }

    private static async Task AuthorizeAsync(HttpClient http, string realm = "siem-demo")
    {
        using var form = new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["grant_type"] = "client_credentials", ["client_id"] = "siem-forwarder", ["client_secret"] = "siem-forwarder-secret",
        });
        using var response = await http.PostAsync(new Uri($"/realms/{realm}/protocol/openid-connect/token", UriKind.Relative), form, Token);
        var token = (string)JsonNode.Parse(await response.Content.ReadAsStringAsync(Token))!["access_token"]!;
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
    }
}
