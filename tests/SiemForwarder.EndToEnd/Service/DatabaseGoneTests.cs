using System.Net;
using System.Text.Json.Nodes;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Service.Storage.Private;
using SiemForwarder.Simulator;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.EndToEnd.Service;

/// <summary>A database that goes away while the service runs.</summary>
public sealed class DatabaseGoneTests
{
    private const int Before = 300;
    private const int Meanwhile = 200;

    [Fact]
    public async Task TheServiceWaitsSaysSoAndGoesOnByItselfWithNothingLost()
    {
        Assert.SkipWhen(PostgresPrograms.FindFolder() is null, "no PostgreSQL programs on this machine");
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        bound.CancelAfter(TimeSpan.FromMinutes(6));
        var token = bound.Token;
        await using var keycloak = await KeycloakSimulator.StartAsync(new SimulatorOptions(), token);
        keycloak.Realm.RecordsTokens = false;
        using var traffic = new SimulatedTraffic(7);
        traffic.Fill(keycloak.Realm, Before, keycloak.NowMs() - 3_600_000, keycloak.NowMs() - 60_000);
        await using var receiver = TcpSyslogReceiver.Start();
        await using var forwarder = new ForwarderProcess(
            ForwarderProcess.NewFolder(), new Dictionary<string, string> { ["Forwarder__Operations__Interval"] = "1.00:00:00" });
        await forwarder.StartAsync(token);
        await forwarder.PostAsync("/api/v1/integrations", new { name = "tcp", serverUrl = $"tcp://127.0.0.1:{receiver.Port}", outputType = "JSON", enabled = true }, token);
        await forwarder.PostAsync("/api/v1/sources", new
        {
            name = "simulated",
            keycloak = new { baseUrl = keycloak.BaseUrl, realm = "siem-demo", clientId = "siem-forwarder", clientSecret = "siem-forwarder-secret", start = "everything", pollIntervalSeconds = 1 },
        }, token);
        await receiver.WaitForMessagesAsync(Before, token);

        await forwarder.HoldDatabaseAsync(token);
        traffic.Fill(keycloak.Realm, Meanwhile, keycloak.NowMs() - 1000, keycloak.NowMs());
        using var ready = await forwarder.Api.GetAsync("/health/ready", token);
        using var live = await forwarder.Api.GetAsync("/health/live", token);
        using var list = await forwarder.Api.GetAsync("/api/v1/integrations", token);
        var (reason, problem) = (JsonNode.Parse(await ready.Content.ReadAsStringAsync(token))!, JsonNode.Parse(await list.Content.ReadAsStringAsync(token))!);
        forwarder.LetDatabaseStart();

        await receiver.WaitUntilAsync(one => Ids(one).Distinct().Count() >= Before + Meanwhile, token);
        var status = await forwarder.WaitForAsync("/api/v1/integrations/1/status", node => node["backlog"]!.GetValue<long>() == 0, token);
        await using var log = LogBench.Open(forwarder.ConnectionString);
        var stored = await log.ReadAllAsync(1);

        Assert.Equal(
            [HttpStatusCode.ServiceUnavailable, HttpStatusCode.OK, HttpStatusCode.ServiceUnavailable], new[] { ready.StatusCode, live.StatusCode, list.StatusCode });
        Assert.Equal("not ready", reason["status"]!.GetValue<string>());
        Assert.NotEmpty(reason["database"]!.GetValue<string>());
        Assert.Contains("Nothing is lost", problem["detail"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.False(forwarder.Process!.HasExited);
        Assert.Equal("Success", status["status"]!.GetValue<string>());
        Assert.Equal(Enumerable.Range(1, Before + Meanwhile).Select(number => (long)number), stored.Select(entry => entry.Position));
        Assert.Equal(stored.Select(entry => JsonNode.Parse(entry.Body)!["id"]!.GetValue<string>()), Ids(receiver).Distinct());
    }

    private static IEnumerable<string> Ids(TcpSyslogReceiver receiver) => receiver.Messages.Select(message => JsonNode.Parse(message)!["event_id"]!.GetValue<string>());
}
