using System.Text;
using System.Text.Json.Nodes;
using SiemForwarder.EndToEnd.Configuration;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.EndToEnd.Commands;

/// <summary>A rehearsal goes the way of real events to the SIEM, marked, recorded, and into no log.</summary>
public sealed class RehearseCommandTests(TestPostgres postgres)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ABruteForceIsSentInTheFormatOfTheIntegrationAndMarked()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        await using var siem = TcpSyslogReceiver.Start();
        var source = await SeededLog.AddSourceAsync(forwarder, "realm");
        var id = (int)(await forwarder.PostAsync("/api/v1/integrations", new { name = "siem", serverUrl = $"tcp://127.0.0.1:{siem.Port}", outputType = "CEF" }))["id"]!;

        var (code, output, error) = await ForwarderProgram.CallAsync(forwarder, "rehearse", "brute-force", "--integration", "siem", "--bytes");

        await siem.WaitForMessagesAsync(20, Token);
        Assert.Equal((0, ""), (code, error));
        Assert.Contains("20 of 20 events of source 'realm' are accepted by the destination of 'siem' (", output, StringComparison.Ordinal);
        var messages = siem.Messages.Select(message => Encoding.UTF8.GetString(message)).ToList();
        var rehearsal = output.Split("Look for rehearsal_id ")[1][..36];
        Assert.All(messages, message =>
        {
            Assert.Contains("|LOGIN_ERROR|", message, StringComparison.Ordinal);
            Assert.Contains(" suser=rehearsal-alice ", message, StringComparison.Ordinal);
            Assert.Contains(" src=192.0.2.66 ", message, StringComparison.Ordinal);
            Assert.Contains($"SiemForwarderKeycloakRehearsal=true SiemForwarderKeycloakRehearsalId={rehearsal}", message, StringComparison.Ordinal);
            Assert.Contains(message, output, StringComparison.Ordinal);
        });
        Assert.Equal(0, (int)(await forwarder.GetAsync($"/api/v1/sources/{source}/status"))["storedEvents"]!);
        Assert.Equal(0, (int)(await forwarder.GetAsync("/api/v1/events?type=LOGIN_ERROR"))["total"]!);
        Assert.Equal(0, (int)(await forwarder.GetAsync($"/api/v1/integrations/{id}/deliveries"))["total"]!);
        var row = Assert.Single((await forwarder.GetAsync("/api/v1/audit?pageSize=100"))["items"]!.AsArray(), row => (string)row!["action"]! == "rehearsal.create");
        Assert.Equal(($"integration:{id}", """{"request":{"scenario":"brute-force"}}"""), ((string?)row!["target"], row["detail"]!.ToJsonString()));
    }

    [Fact]
    public async Task WhatTheFilterKeepsBackOrTheDestinationRefusesIsToldAndEndsWithOne()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        await using var siem = HttpReceiver.Start(request => new HttpReply(Encoding.UTF8.GetString(request.PlainBody).Contains("ROLE", StringComparison.Ordinal) ? 400 : 200));
        await using var closed = HttpReceiver.Start(new HttpReply(401, "who are you"));
        await forwarder.PostAsync("/api/v1/integrations", new
        {
            name = "siem", serverUrl = $"http://127.0.0.1:{siem.Port}/", filter = new { exclude = new { types = new[] { "LOGIN" } } },
            privacy = new[] { new { field = "context.*", action = "drop" }, new { field = "subject", action = "mask" } },
        });
        await forwarder.PostAsync("/api/v1/integrations", new { name = "closed", serverUrl = $"http://127.0.0.1:{closed.Port}/" });

        var (code, output, _) = await ForwarderProgram.CallAsync(forwarder, "rehearse", "new-admin", "-i", "siem");
        var (refused, told, _) = await ForwarderProgram.CallAsync(forwarder, "rehearse", "new-admin", "-i", "closed");

        Assert.Equal((1, 1), (code, refused));
        Assert.Matches("(?m)^.* CREATE-USER .* accepted$", output);
        Assert.Matches("(?m)^.* CREATE-REALM_ROLE_MAPPING .* rejected +.*400", output);
        Assert.Matches(@"(?m)^.* LOGIN .* filtered out +type LOGIN is in exclude\.types$", output);
        var first = JsonNode.Parse(siem.Requests[0].PlainBody)!;
        Assert.Equal("true", (string?)first["context"]!["rehearsal"]);
        Assert.Contains("0 of 3 events", told, StringComparison.Ordinal);
        Assert.Matches("(?m)^! .*401", told);
        Assert.Single(closed.Requests);
    }

    [Fact]
    public async Task AnEngineOfThePoolSendsAndNoOther()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres, "--Forwarder:Engine:Name=office");
        await using var siem = TcpSyslogReceiver.Start();
        await forwarder.SendAsync(HttpMethod.Post, "/api/v1/engine-pools", new { name = "dmz" });
        await forwarder.PostAsync("/api/v1/integrations", new { name = "far", serverUrl = $"tcp://127.0.0.1:{siem.Port}", enginePool = "dmz" });

        var (nobody, _, error) = await ForwarderProgram.CallAsync(forwarder, "rehearse", "role-granted", "-i", "far");
        await using var far = await ForwarderApplication.StartOnAsync(forwarder.ConnectionString, "--Forwarder:Engine:Name=far", "--Forwarder:Engine:Pools:0=dmz");
        await forwarder.WaitForAsync("/api/v1/engines", node => node["items"]!.AsArray().Any(engine => (string?)engine!["name"] == "far"));
        var rehearsal = await ForwarderProgram.AskAsync(forwarder, "rehearse", "role-granted", "-i", "far");

        Assert.Equal(4, nobody);
        Assert.Contains("No engine of the pool 'dmz' is alive", error, StringComparison.Ordinal);
        Assert.Equal(("far", true), ((string?)rehearsal["engine"], (bool)rehearsal["succeeded"]!));
        await siem.WaitForMessagesAsync(1, Token);
    }

    [Fact]
    public async Task TheScenariosAreListedAndWhatIsMissingIsAskedFor()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        await forwarder.PostAsync("/api/v1/integrations", new { name = "siem", serverUrl = "tcp://127.0.0.1:6514" });

        var (listed, list, _) = await ForwarderProgram.CallAsync(forwarder, "rehearse");
        var (mute, _, asked) = await ForwarderProgram.CallAsync(forwarder, "rehearse", "brute-force");
        var (unknown, _, names) = await ForwarderProgram.CallAsync(forwarder, "rehearse", "brute-fource", "-i", "siem");

        Assert.Equal((0, 2, 2), (listed, mute, unknown));
        Assert.Matches("(?m)^password-spray +20 +LOGIN_ERROR +", list);
        Assert.Contains("--integration", asked, StringComparison.Ordinal);
        Assert.Contains("'brute-fource' is no scenario. Name one of: brute-force, ", names, StringComparison.Ordinal);
    }
}
