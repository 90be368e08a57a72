using System.Diagnostics;
using System.Text;
using SiemForwarder.EndToEnd.Configuration;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.EndToEnd.Commands;

/// <summary>The commands <c>replay</c> and <c>redrive</c>: sent again, with how far it is and what became of it.</summary>
public sealed class ReplayCommandTests(TestPostgres postgres)
{
    private const string Day = "2026-09-10";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AReplayIsEstimatedThenSentWithPlainLinesOfProgress()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        await using var receiver = TcpSyslogReceiver.Start();
        var source = await SeededLog.AddSourceAsync(forwarder, "realm");
        var id = await forwarder.AddIntegrationAsync(new { name = "siem", serverUrl = $"tcp://127.0.0.1:{receiver.Port}" });
        await SeededLog.AppendAsync(forwarder, source, Enumerable.Range(0, 40).Select(i => $"user{i}"));
        await receiver.WaitForMessagesAsync(40, Token);
        await forwarder.WaitForAsync($"/api/v1/integrations/{id}/status", status => (long)status["backlog"]! == 0);

        var (estimated, estimate, _) = await ForwarderProgram.CallAsync(forwarder, "replay", "siem", "--from", Day, "--to", "2026-09-11", "--rate", "20", "--dry-run");
        Assert.Equal(40, receiver.Messages.Count);
        var (replayed, output, error) = await ForwarderProgram.CallAsync(forwarder, "replay", "siem", "--from", Day, "--source", "realm", "--rate", "20");

        Assert.Equal((0, 0), (estimated, replayed));
        Assert.Matches("^A replay would send 40 events \\([0-9,]+ bytes\\) to 'siem' in 2 s; it has got 40 of them already.\n$", estimate);
        Assert.Matches("^Replay [0-9]+ of 'siem' is done: 40 events sent, 100 %.\n$", output);
        var lines = error.TrimEnd('\n').Split('\n');
        Assert.InRange(lines.Length, 2, 12);
        Assert.StartsWith("'siem': 0.0 %, 0 sent", lines[0], StringComparison.Ordinal);
        Assert.StartsWith("'siem': 100.0 %, 40 sent", lines[^1], StringComparison.Ordinal);
        await receiver.WaitForMessagesAsync(80, Token);
        Assert.DoesNotContain(error, character => character is '\r' or '\u001B');
    }

    [Fact]
    public async Task AReplayCanBeLeftAloneAndCancelledAndWantsToKnowWhichEvents()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        await using var receiver = TcpSyslogReceiver.Start();
        var source = await SeededLog.AddSourceAsync(forwarder);
        var id = await forwarder.AddIntegrationAsync(new { name = "siem", serverUrl = $"tcp://127.0.0.1:{receiver.Port}" });
        await SeededLog.AppendAsync(forwarder, source, Enumerable.Range(0, 40).Select(i => $"user{i}"));
        await forwarder.WaitForAsync($"/api/v1/integrations/{id}/status", status => (long)status["backlog"]! == 0);

        var (mute, _, asked) = await ForwarderProgram.CallAsync(forwarder, "replay", "siem");
        var begun = await ForwarderProgram.AskAsync(forwarder, "replay", "siem", "--everything", "--rate", "1", "--no-wait");
        var (cancelled, output, _) = await ForwarderProgram.CallAsync(forwarder, "replay", "siem", "--cancel", $"{begun["id"]}");

        Assert.Equal((2, "Say which events: --from and --to, or --everything.\n"), (mute, asked));
        Assert.Equal("running", (string?)begun["state"]);
        Assert.Equal(0, cancelled);
        Assert.StartsWith($"Replay {begun["id"]} of 'siem' is cancelled: ", output, StringComparison.Ordinal);
        Assert.Equal("cancelled", (string?)(await forwarder.GetAsync($"/api/v1/integrations/{id}/replays/{begun["id"]}"))["state"]);
    }

    [Fact]
    public async Task AnInterruptedCommandSaysThatTheReplayGoesOn()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Signals are sent with kill");
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        await using var receiver = TcpSyslogReceiver.Start();
        var source = await SeededLog.AddSourceAsync(forwarder);
        var id = await forwarder.AddIntegrationAsync(new { name = "siem", serverUrl = $"tcp://127.0.0.1:{receiver.Port}" });
        await SeededLog.AppendAsync(forwarder, source, Enumerable.Range(0, 300).Select(i => $"user{i}"));
        await forwarder.WaitForAsync($"/api/v1/integrations/{id}/status", status => (long)status["backlog"]! == 0);
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(Token);
        bound.CancelAfter(TimeSpan.FromSeconds(60));
        using var program = ForwarderProgram.Start(forwarder, "replay", "siem", "--everything", "--rate", "1");

        Assert.StartsWith("'siem': ", await program.StandardError.ReadLineAsync(bound.Token), StringComparison.Ordinal);
        using (var signal = Process.Start("kill", ["-TERM", $"{program.Id}"]))
        {
            await program.WaitForExitAsync(bound.Token);
        }

        var replay = (await forwarder.GetAsync($"/api/v1/integrations/{id}/replays"))["items"]![0]!;
        Assert.Equal((130, "running"), (program.ExitCode, (string?)replay["state"]));
        Assert.EndsWith(
            $"The replay goes on at the service: siemforwarder replay {id} --cancel {replay["id"]} ends it.\n", await program.StandardError.ReadToEndAsync(bound.Token),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task WhatIsSetAsideIsListedSentAgainAndWhatIsRefusedAgainIsTold()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        var mended = false;
        await using var receiver = HttpReceiver.Start(request => Encoding.UTF8.GetString(request.PlainBody) switch
        {
            var body when body.Contains("poison", StringComparison.Ordinal) => new HttpReply(400, "\u001B[5mnever"),
            var body when body.Contains("sick", StringComparison.Ordinal) && !Volatile.Read(ref mended) => new HttpReply(422, "not yet"),
            _ => new HttpReply(200),
        });
        var source = await SeededLog.AddSourceAsync(forwarder);
        var id = await forwarder.AddIntegrationAsync(new { name = "siem", serverUrl = $"http://127.0.0.1:{receiver.Port}/" });
        var ids = await SeededLog.AppendAsync(forwarder, source, ["alice", "poison", "sick"]);
        await forwarder.WaitForAsync($"/api/v1/integrations/{id}/status", status => (long)status["setAside"]! == 2);
        Volatile.Write(ref mended, true);

        var (listed, list, _) = await ForwarderProgram.CallAsync(forwarder, "redrive", "siem", "--list");
        var (sent, output, _) = await ForwarderProgram.CallAsync(forwarder, "redrive", "siem");
        var (none, nothing, _) = await ForwarderProgram.CallAsync(forwarder, "redrive", "siem", "--reason", "no such reason");

        Assert.Equal((0, 1, 0), (listed, sent, none));
        Assert.Matches($"(?m)^[0-9]+ .* open +LOGIN +{ids[1]} .*400", list);
        Assert.Matches($"(?m)^[0-9]+ .* open +LOGIN +{ids[2]} .*422", list);
        Assert.StartsWith("2 events of 'siem' to be sent again: 1 delivered, 1 refused again.\n", output, StringComparison.Ordinal);
        Assert.Matches($@"(?m)^! [0-9]+ \(LOGIN {ids[1]}\): .*400", output);
        Assert.Equal("Nothing of 'siem' that is set aside and open matches.\n", nothing);
        Assert.DoesNotContain('\u001B', list + output);
    }
}
