using System.Text.Json.Nodes;
using SiemForwarder.EndToEnd.Configuration;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.EndToEnd.Commands;

/// <summary>The command <c>status</c>: what it shows, and what it says needs somebody.</summary>
public sealed class StatusCommandTests(TestPostgres postgres)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task WhereAllIsWellEverythingIsListedAndTheExitCodeIsZero()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        await using var siem = HttpReceiver.Start(new HttpReply(200));
        var source = await SeededLog.AddSourceAsync(forwarder, "realm");
        var id = await forwarder.AddIntegrationAsync(new { name = "siem", serverUrl = $"http://127.0.0.1:{siem.Port}/" });
        await forwarder.PostAsync("/api/v1/integrations", new { name = "later", serverUrl = "tcp://127.0.0.1:6514" });
        await SeededLog.AppendAsync(forwarder, source, ["alice", "bob"]);
        await forwarder.WaitForAsync($"/api/v1/integrations/{id}/status", status => (string?)status["status"] == "Success" && (long)status["backlog"]! == 0);

        var (code, output, error) = await ForwarderProgram.CallAsync(forwarder, "status");
        var state = await ForwarderProgram.AskAsync(forwarder, "status");

        Assert.Equal((0, ""), (code, error));
        Assert.Matches(@"(?m)^siem +Success +\d+ s +0 ", output);
        Assert.Matches("(?m)^later +Disabled ", output);
        Assert.Matches(@"(?m)^realm +keycloak +Disabled +2 ", output);
        Assert.Matches("(?m)^[^ ]+ +[0-9.]+ +api, poll, dispatch +default .* alive$", output);
        Assert.EndsWith("All is well.\n", output, StringComparison.Ordinal);
        Assert.Equal((true, false), ((bool)state["ready"]!, (bool)state["needsAttention"]!));
        Assert.Equal(2, (long)Assert.Single(state["sources"]!.AsArray())!["storedEvents"]!);
    }

    [Fact]
    public async Task WhatNeedsAttentionIsToldWithItsReasonAndTheExitCodeIsOne()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        await using var refusing = HttpReceiver.Start(new HttpReply(400, "\u001B[31mno\u0007 such\u009B field"));
        await using var strict = HttpReceiver.Start(new HttpReply(401, "who are you"));
        var source = await SeededLog.AddSourceAsync(forwarder);
        var aside = await forwarder.AddIntegrationAsync(new { name = "refused", serverUrl = $"http://127.0.0.1:{refusing.Port}/" });
        var holding = await forwarder.AddIntegrationAsync(new { name = "holding", serverUrl = $"http://127.0.0.1:{strict.Port}/" });
        await SeededLog.AppendAsync(forwarder, source, ["alice"]);
        await forwarder.WaitForAsync($"/api/v1/integrations/{aside}/status", status => (long)status["setAside"]! == 1);
        await forwarder.WaitForAsync($"/api/v1/integrations/{holding}/status", status => (string?)status["status"] == "Error");

        var (code, output, _) = await ForwarderProgram.CallAsync(forwarder, "status");
        var (sameCode, json, _) = await ForwarderProgram.CallAsync(forwarder, "status", "-o", "json");

        Assert.Equal((1, 1), (code, sameCode));
        Assert.Matches(@"(?m)^holding +Error +\d+ s +1 ", output);
        Assert.Matches("(?m)^! integration 'holding': .*401", output);
        Assert.Contains("! integration 'refused': 1 event set aside: see siemforwarder redrive --help.", output, StringComparison.Ordinal);
        Assert.DoesNotContain(output + json, character => character is '\u001B' or '\u0007' or '\u009B');
        var attention = JsonNode.Parse(json)!["attention"]!.AsArray();
        Assert.Contains(attention, one => (string)one!["subject"]! == "integration 'holding'" && ((string)one["message"]!).Contains("401", StringComparison.Ordinal));
    }

    [Fact]
    public async Task WatchingGoesOnUntilItIsEnded()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(Token);
        bound.CancelAfter(TimeSpan.FromSeconds(60));
        using var program = ForwarderProgram.Start(forwarder, "status", "--watch", "--output", "json");

        var first = JsonNode.Parse((await program.StandardOutput.ReadLineAsync(bound.Token))!)!;
        await forwarder.PostAsync("/api/v1/integrations", new { name = "new", serverUrl = "tcp://127.0.0.1:6514" });
        JsonNode next;
        do
        {
            next = JsonNode.Parse((await program.StandardOutput.ReadLineAsync(bound.Token))!)!;
        }
        while (next["integrations"]!.AsArray().Count == 0);

        program.Kill();
        Assert.Empty(first["integrations"]!.AsArray());
        Assert.Equal("new", (string?)Assert.Single(next["integrations"]!.AsArray())!["name"]);
    }

    [Fact]
    public async Task AnotherServerIsNotTakenForTheService()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        await using var other = HttpReceiver.Start(new HttpReply(200, "<html>It works!</html>"));

        var (code, output, error) = await ForwarderProgram.CallAsync(forwarder, "status", "--url", $"http://127.0.0.1:{other.Port}");

        Assert.Equal((5, ""), (code, output));
        Assert.Contains("what answers there is no SiemForwarder.", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AServiceThatIsNotThereIsOneSentence()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);

        var (code, output, error) = await ForwarderProgram.CallAsync(forwarder, "status", "--url", "http://127.0.0.1:1");

        Assert.Equal((5, ""), (code, output));
        Assert.Contains("Say where it is by --url", error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
    }
}
