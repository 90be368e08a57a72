using System.Buffers.Text;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Npgsql;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Simulator;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.EndToEnd.Service;

/// <summary>What made the service answer 500: dates at the end of the calendar, names that are none, and a Keycloak that answers nonsense.</summary>
public sealed class ServerErrorTests(RunningForwarder running) : IClassFixture<RunningForwarder>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("to=0001-01-01T00:00:00Z")]
    [InlineData("to=0001-01-01T12:00:00Z")]
    [InlineData("to=0001-01-02T00:00:00Z")]
    [InlineData("from=9999-12-31T23:59:59.9999999Z")]
    [InlineData("from=0001-01-01T00:00:00Z&to=9999-12-31T23:59:59.9999999Z")]
    public async Task ASearchReachesTheEndsOfTheCalendar(string query) =>
        Assert.Equal(HttpStatusCode.OK, (await (await running.GetAsync()).SendAsync(HttpMethod.Get, $"/api/v1/events?{query}")).Status);

    [Theory]
    [InlineData("../../x")]
    [InlineData("a..b")]
    [InlineData("[::1")]
    public async Task AServerNameThatIsNoNameIsRefusedBeforeAnythingIsSent(string name)
    {
        var forwarder = await running.GetAsync();
        await using var receiver = HttpReceiver.Start(new HttpReply(200));
        var request = new { name = $"wrong {Guid.NewGuid():N}", serverUrl = $"https://127.0.0.1:{receiver.Port}/", tls = new { serverName = name } };

        var created = await forwarder.SendAsync(HttpMethod.Post, "/api/v1/integrations", request);

        Assert.Equal((HttpStatusCode.BadRequest, "Must be a host name or an address, such as siem.example.com."), (created.Status, created.ErrorOf("tls.serverName")));
        Assert.Empty(receiver.Requests);
    }

    [Fact]
    public async Task ATestOfOneThatWasStoredBeforeSaysSo()
    {
        var forwarder = await running.GetAsync();
        await using var receiver = HttpReceiver.Start(new HttpReply(200));
        var created = await forwarder.PostAsync("/api/v1/integrations", new
        {
            name = $"before {Guid.NewGuid():N}", serverUrl = $"https://127.0.0.1:{receiver.Port}/", tls = new { serverName = "siem.example.com" },
        });
        await using var database = NpgsqlDataSource.Create(forwarder.ConnectionString);
        await using var command = database.CreateCommand($"UPDATE integration SET definition = jsonb_set(definition, '{{tls,serverName}}', '\"../../x\"') WHERE id = {created["id"]}");
        Assert.Equal(1, await command.ExecuteNonQueryAsync(Stop));

        var test = await forwarder.PostAsync($"/api/v1/integrations/{created["id"]}/test");

        Assert.Contains("is not a host name", test.ToJsonString(), StringComparison.Ordinal);
        Assert.Empty(receiver.Requests);
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("[]")]
    [InlineData("""{"eventsEnabled":{},"enabledEventTypes":"LOGIN"}""")]
    [InlineData("""{"eventsEnabled":true,"enabledEventTypes":[1,null]}""")]
    [InlineData("""{"eventsEnabled":true,"eventsExpiration":9223372036854775807}""")]
    [InlineData("""{"eventsEnabled":true,"eventsExpiration":-9223372036854775808}""")]
    public async Task ACheckTellsThatTheSettingsOfEventsCannotBeRead(string body)
    {
        await using var keycloak = await KeycloakSimulator.StartAsync(new SimulatorOptions(), Stop);
        keycloak.Faults.Always = path => path.EndsWith("/events/config", StringComparison.Ordinal) ? new SimulatedFault.Answer(200, "application/json", body) : null;

        await AssertCheckedAsync(keycloak);
    }

    [Theory]
    [InlineData("a\r\nX-Forged: 1")]
    [InlineData("a b")]
    [InlineData("\u0000")]
    [InlineData("tokén")]
    public async Task ATokenThatCannotStandInAHeaderIsNoToken(string token)
    {
        await using var keycloak = await KeycloakSimulator.StartAsync(new SimulatorOptions(), Stop);
        GiveToken(keycloak, token);

        var checks = await AssertCheckedAsync(keycloak);

        Assert.Equal("failed", (string?)checks.AsArray().Single(item => (string?)item!["name"] == "access token")!["result"]);
    }

    [Theory]
    [InlineData("1e300")]
    [InlineData("9223372036854775807")]
    [InlineData("-9223372036854775808")]
    [InlineData("253402300799")]
    [InlineData("\"soon\"")]
    [InlineData("{}")]
    public async Task ATokenOfAnotherAgeIsReadAndThePollingGoesOn(string issuedAt)
    {
        var forwarder = await running.GetAsync();
        await using var keycloak = await KeycloakSimulator.StartAsync(new SimulatorOptions(), Stop);
        GiveToken(keycloak, $"e30.{Base64Url.EncodeToString(Encoding.UTF8.GetBytes($$"""{"iat":{{issuedAt}},"jti":"1"}"""))}.e30");

        await AssertCheckedAsync(keycloak);
        var source = await forwarder.PostAsync("/api/v1/sources", Source(keycloak));
        var status = await forwarder.WaitForAsync(
            $"/api/v1/sources/{source["id"]}/status", node => node["poll"]?["streams"]?.AsArray() is { Count: > 0 } streams && streams.All(one => one!["lastPollAt"] is not null));

        Assert.DoesNotContain("Starting", status.ToJsonString(), StringComparison.OrdinalIgnoreCase);
    }

    private static void GiveToken(KeycloakSimulator keycloak, string token) => keycloak.Faults.Always = path => path.EndsWith("/token", StringComparison.Ordinal)
        ? new SimulatedFault.Answer(200, "application/json", JsonSerializer.Serialize(new { access_token = token, expires_in = 300, token_type = "Bearer" }))
        : null;

    private static object Source(KeycloakSimulator keycloak) => new
    {
        name = $"hostile {Guid.NewGuid():N}",
        keycloak = new { baseUrl = keycloak.BaseUrl.ToString(), realm = "siem-demo", clientId = "siem-forwarder", clientSecret = "s", pollIntervalSeconds = 1, allowDuplicate = true },
    };

    /// <summary>A check of the source answers 200 with a result for each step; its steps.</summary>
    private async Task<JsonNode> AssertCheckedAsync(KeycloakSimulator keycloak)
    {
        var forwarder = await running.GetAsync();
        var source = await forwarder.PostAsync("/api/v1/sources", Source(keycloak));

        var answer = await forwarder.SendAsync(HttpMethod.Post, $"/api/v1/sources/{source["id"]}/check");

        Assert.True(answer.Status == HttpStatusCode.OK, $"{answer.Status}: {answer.Text}");
        return answer.Json.AsObject().First(member => member.Value is JsonArray).Value!;
    }
}
