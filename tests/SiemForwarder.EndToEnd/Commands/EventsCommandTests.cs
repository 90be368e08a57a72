using System.Text.Json.Nodes;
using SiemForwarder.EndToEnd.Configuration;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.EndToEnd.Commands;

/// <summary>The command <c>events</c>: search, live tail, the journey of one event, and nothing that an attacker typed acts on the terminal.</summary>
public sealed class EventsCommandTests(TestPostgres postgres)
{
    private const string Day = "2026-09-10";
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task EventsAreFoundNewestFirstAndCutWhereTheLimitSays()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        var source = await SeededLog.AddSourceAsync(forwarder, "realm");
        await SeededLog.AppendAsync(forwarder, source, Enumerable.Range(0, 1200).Select(i => i == 7 ? "alice" : $"user{i}"));
        await forwarder.WaitForAsync("/api/v1/events", node => node["indexLag"]!.GetValue<long>() == 0);

        var (code, output, error) = await ForwarderProgram.CallAsync(forwarder, "events", "--from", Day, "-n", "3");
        var all = await ForwarderProgram.AskAsync(forwarder, "events", "--from", Day, "--limit", "2000");
        var alice = await ForwarderProgram.AskAsync(
            forwarder, "events", "--from", Day, "--to", "2026-09-11", "--user", "ALICE", "--type", "LOG*", "--client", "app", "--address", "192.0.2.0/24", "--source", "realm",
            "--category", "authentication", "--outcome", "success");
        var (none, nothing, told) = await ForwarderProgram.CallAsync(forwarder, "events", "--from", Day, "--user", "nobody");

        Assert.Equal(0, code);
        var lines = output.TrimEnd('\n').Split('\n');
        Assert.StartsWith("TIME (UTC) ", lines[0], StringComparison.Ordinal);
        Assert.Equal(["user1199", "user1198", "user1197"], lines.Skip(1).Select(line => line.Split("  ", StringSplitOptions.RemoveEmptyEntries)[3].Trim()));
        Assert.Equal("3 of 1,200; --limit shows more.\n", error);
        Assert.Equal(1200, all.AsArray().Select(one => (long)one!["position"]!).Distinct().Count());
        Assert.Equal("alice", (string?)Assert.Single(alice.AsArray())!["userName"]);
        Assert.Equal((0, ""), (none, nothing));
        Assert.StartsWith("No stored event since 2026-09-10 00:00:00 UTC matches", told, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WhatAnAttackerTypedNeitherControlsTheTerminalNorLooksLikeAColumn()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        var source = await SeededLog.AddSourceAsync(forwarder);
        const string Typed = "mal\u001B[2J\u001B]0;owned\u0007\r\n\u009B31m\u202Elory        LOGIN   success";
        var ids = await SeededLog.AppendAsync(forwarder, source, [Typed]);
        await forwarder.WaitForAsync("/api/v1/events", node => node["indexLag"]!.GetValue<long>() == 0);

        var (_, table, _) = await ForwarderProgram.CallAsync(forwarder, "events", "--from", Day);
        var (_, json, _) = await ForwarderProgram.CallAsync(forwarder, "events", "--from", Day, "--output", "json");
        var (_, journey, _) = await ForwarderProgram.CallAsync(forwarder, "events", ids[0]);
        var (_, whole, _) = await ForwarderProgram.CallAsync(forwarder, "events", ids[0], "--output", "json");

        Assert.DoesNotContain(table + json + journey + whole, character => character is not '\n' && (char.IsControl(character) || character == '\u202E'));
        Assert.Equal(2, table.TrimEnd('\n').Split('\n').Length);
        Assert.Contains("  mal [2J ]0;owned 31m lory LOGIN success  ", table, StringComparison.Ordinal);
        Assert.Contains("u202E", whole, StringComparison.OrdinalIgnoreCase);
        Assert.Equal((string?)(await forwarder.GetAsync($"/api/v1/events?from={Day}"))["items"]![0]!["userName"], (string?)JsonNode.Parse(json)![0]!["userName"]);
    }

    [Fact]
    public async Task FollowingShowsWhatIsStoredFromThenOnOnceAndInOrder()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        var source = await SeededLog.AddSourceAsync(forwarder, "realm");
        await SeededLog.AppendAsync(forwarder, source, ["old", "before"]);
        await forwarder.WaitForAsync("/api/v1/events", node => node["indexLag"]!.GetValue<long>() == 0);
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        bound.CancelAfter(Bound);
        using var program = ForwarderProgram.Start(forwarder, "events", "--follow", "-n", "1", "--source", "realm", "-o", "json");

        var users = new List<string> { await ReadAsync() };
        await SeededLog.AppendAsync(forwarder, source, ["first", "second"], 1_789_041_700_000);
        users.AddRange([await ReadAsync(), await ReadAsync()]);
        await SeededLog.AppendAsync(forwarder, source, ["third"], 1_789_041_600_500);
        users.Add(await ReadAsync());
        program.Kill();

        Assert.Equal(["before", "first", "second", "third"], users);

        async Task<string> ReadAsync() => (string)JsonNode.Parse((await program.StandardOutput.ReadLineAsync(bound.Token))!)!["userName"]!;
    }

    [Fact]
    public async Task FollowingEndsWhenItsReaderHasGoneEvenIfNothingHappens()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        var source = await SeededLog.AddSourceAsync(forwarder, "realm");
        await SeededLog.AppendAsync(forwarder, source, ["alice"]);
        await forwarder.WaitForAsync("/api/v1/events", node => node["indexLag"]!.GetValue<long>() == 0);
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        bound.CancelAfter(Bound);
        using var program = ForwarderProgram.Start(forwarder, "events", "--follow", "-o", "json");

        try
        {
            var first = await program.StandardOutput.ReadLineAsync(bound.Token);
            program.StandardOutput.Close();
            await program.WaitForExitAsync(bound.Token);

            Assert.Equal("alice", (string)JsonNode.Parse(first!)!["userName"]!);
            Assert.Equal(0, program.ExitCode);
        }
        finally
        {
            program.Kill();
        }
    }

    [Fact]
    public async Task TheJourneyOfAnEventTellsWhatBecameOfItAtEachIntegration()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        await using var siem = HttpReceiver.Start(new HttpReply(200));
        var source = await SeededLog.AddSourceAsync(forwarder, "realm");
        var id = await forwarder.AddIntegrationAsync(new { name = "siem", serverUrl = $"http://127.0.0.1:{siem.Port}/" });
        await forwarder.AddIntegrationAsync(new { name = "admins", serverUrl = $"http://127.0.0.1:{siem.Port}/", filter = new { include = new { types = new[] { "CREATE-*" } } } });
        var ids = await SeededLog.AppendAsync(forwarder, source, ["alice"]);
        await forwarder.WaitForAsync($"/api/v1/integrations/{id}/status", status => (string?)status["status"] == "Success" && (long)status["backlog"]! == 0);
        await forwarder.WaitForAsync($"/api/v1/events/{ids[0]}", journey => journey["integrations"]!.AsArray().Any(one => (string?)one!["state"] == "filtered out"));

        var (code, output, _) = await ForwarderProgram.CallAsync(forwarder, "events", ids[0]);
        var (unknown, _, error) = await ForwarderProgram.CallAsync(forwarder, "events", "nowhere");

        Assert.Equal((0, 4), (code, unknown));
        Assert.StartsWith("LOGIN of source 'realm' at position 1\n", output, StringComparison.Ordinal);
        Assert.Matches("(?m)^siem +delivered +Accepted at ", output);
        Assert.Matches("(?m)^admins +filtered out +", output);
        Assert.Contains("nowhere", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AKeyThatMayNotReadEventsIsTold()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        await using var folder = new TemporaryFolder();
        var key = Path.Combine(folder.Path, "viewer");
        await File.WriteAllTextAsync(key, (string)(await forwarder.PostAsync("/api/v1/keys", new { name = "viewer", role = "siem-viewer" }))["key"]!);

        var (code, output, error) = await ForwarderProgram.CallAsync(forwarder, "events", "--key-file", key);

        Assert.Equal((4, ""), (code, output));
        Assert.Contains("siem-investigator", error, StringComparison.Ordinal);
    }
}
