using System.Text.Json.Nodes;
using SiemForwarder.EndToEnd.Configuration;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Simulator;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.EndToEnd.Commands;

/// <summary>The commands <c>test</c> and <c>check</c>: each stage and each finding, with what to do.</summary>
public sealed class TestCommandTests(TestPostgres postgres)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ATestShowsEachStageAndTheEventToLookFor()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        await using var siem = TcpSyslogReceiver.Start();
        await forwarder.PostAsync("/api/v1/integrations", new { name = "siem", serverUrl = $"tcp://127.0.0.1:{siem.Port}", outputType = "CEF" });

        var (code, output, error) = await ForwarderProgram.CallAsync(forwarder, "test", "siem", "--bytes");

        await siem.WaitForMessagesAsync(1, Token);
        Assert.Equal((0, ""), (code, error));
        Assert.Matches("(?m)^passed +name resolution +127.0.0.1", output);
        Assert.Matches("(?m)^skipped +TLS +", output);
        Assert.Matches("(?m)^passed +acceptance +", output);
        Assert.Matches("(?m)^The test of 'siem' passed: engine [^ ]+ sent the event [0-9a-f-]{36}. Look for it in the SIEM.$", output);
        Assert.Contains("CEF:0|SiemForwarder|", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AFailedTestNamesTheStageAndWhatToDoAndEndsWithOne()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        await using var siem = HttpReceiver.Start(new HttpReply(401, "\u001B]0;owned\u0007who are you"));
        var id = (int)(await forwarder.PostAsync("/api/v1/integrations", new { name = "siem", serverUrl = $"http://127.0.0.1:{siem.Port}/" }))["id"]!;

        var (code, output, _) = await ForwarderProgram.CallAsync(forwarder, "test", $"{id}", "--bytes");
        var (sameCode, json, _) = await ForwarderProgram.CallAsync(forwarder, "test", "siem", "--output", "json");

        Assert.Equal((1, 1), (code, sameCode));
        Assert.Matches("(?m)^failed +authentication +.*401", output);
        Assert.Matches("(?m)^ +-> ", output);
        Assert.Contains("who are you", output, StringComparison.Ordinal);
        Assert.DoesNotContain(output + json, character => character is '\u001B' or '\u0007');
        Assert.False((bool)JsonNode.Parse(json)!["succeeded"]!);
    }

    [Fact]
    public async Task ACheckShowsEachFindingWithItsFix()
    {
        await using var keycloak = await KeycloakSimulator.StartAsync(new SimulatorOptions(), Token);
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        foreach (var (name, secret) in new[] { ("right", keycloak.Realm.Client.Secret), ("wrong", "not-the-secret") })
        {
            await forwarder.PostAsync("/api/v1/sources", new
            {
                name, enabled = false,
                keycloak = new { baseUrl = keycloak.BaseUrl, realm = keycloak.Realm.Name, clientId = keycloak.Realm.Client.ClientId, clientSecret = secret, allowDuplicate = true },
            });
        }

        var (right, found, _) = await ForwarderProgram.CallAsync(forwarder, "check", "right");
        var (wrong, refused, _) = await ForwarderProgram.CallAsync(forwarder, "check", "wrong");

        Assert.True(right == 0, found);
        Assert.Matches("(?m)^ok +access token +", found);
        Assert.True(wrong == 1, refused);
        Assert.Matches("(?m)^failed +access token +", refused);
        Assert.Matches("(?m)^ +-> ", refused);
        Assert.Contains("The check of 'wrong' found 1 fault", refused, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WhatDoesNotExistIsNamedBesideWhatDoes()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        await forwarder.PostAsync("/api/v1/integrations", new { name = "siem", serverUrl = "tcp://127.0.0.1:6514" });

        var (code, output, error) = await ForwarderProgram.CallAsync(forwarder, "test", "seim");

        Assert.Equal((4, ""), (code, output));
        Assert.Equal("There is no integration with the name or id 'seim'; there are: 'siem'.\n", error);
    }
}
