using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.EndToEnd.Service;

/// <summary>Stored events can be sent again, or history for the first time, beside live traffic.</summary>
public sealed class ReplayTests(TestPostgres postgres)
{
    private const long T0 = 1_789_041_600_000;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AReplaySendsASpanAgainMarkedAndSaysBeforehandWhatItWillSend()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        await using var receiver = TcpSyslogReceiver.Start();
        var source = await SeededLog.AddSourceAsync(forwarder);
        var id = await forwarder.AddIntegrationAsync(new { name = "siem", serverUrl = $"tcp://127.0.0.1:{receiver.Port}", outputType = "JSON", filter = new { exclude = new { users = new[] { "user4" } } } });
        var ids = await SeededLog.AppendAsync(forwarder, source, Enumerable.Range(0, 10).Select(i => $"user{i}"), T0);
        await receiver.WaitForMessagesAsync(9, Token);
        await forwarder.WaitForAsync($"/api/v1/integrations/{id}/status", node => node["backlog"]!.GetValue<long>() == 0);
        var request = new { from = DateTimeOffset.FromUnixTimeMilliseconds(T0 + 2), to = DateTimeOffset.FromUnixTimeMilliseconds(T0 + 7), eventsPerSecond = 2, by = "carol" };

        var estimate = await forwarder.PostAsync($"/api/v1/integrations/{id}/replays", new { request.from, request.to, request.eventsPerSecond, dryRun = true });
        Assert.Equal((4, 4, 2, true), (
            estimate["events"]!.GetValue<int>(), estimate["duplicatesExpected"]!.GetValue<int>(), estimate["estimatedSeconds"]!.GetValue<int>(), estimate["isExact"]!.GetValue<bool>()));
        var bytes = receiver.Messages.Skip(2).Take(4).Sum(message => message.Length + 1);
        Assert.InRange(estimate["bytes"]!.GetValue<int>(), bytes - 4, bytes);
        Assert.Equal(9, receiver.Messages.Count);

        var ordered = await forwarder.PostAsync($"/api/v1/integrations/{id}/replays", request);
        var done = await forwarder.WaitForAsync($"/api/v1/integrations/{id}/replays/{ordered["id"]}", node => (string?)node["state"] == "done");

        await receiver.WaitForMessagesAsync(13, Token);
        Assert.Equal((4, 100.0, "admin key file"), (done["delivered"]!.GetValue<int>(), done["percent"]!.GetValue<double>(), (string?)done["by"]));
        var again = receiver.Messages.Skip(9).Select(message => JsonNode.Parse(message)!).ToList();
        Assert.Equal([ids[2], ids[3], ids[5], ids[6]], again.Select(one => (string)one["event_id"]!));
        Assert.All(again, one => Assert.Equal(ordered["id"]!.ToString(), (string?)one["context"]!["redelivered_by_replay"]));
        Assert.All(Texts(receiver).Take(9), message => Assert.DoesNotContain("redelivered", message, StringComparison.Ordinal));
        var deliveries = (await forwarder.GetAsync($"/api/v1/integrations/{id}/deliveries"))["items"]!.AsArray();
        Assert.Contains(deliveries, one => one!["replay"]?.GetValue<long>() == ordered["id"]!.GetValue<long>());
    }

    [Fact]
    public async Task LiveEventsDoNotWaitForAReplayAndItCanBeCancelledAndResumed()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        await using var receiver = TcpSyslogReceiver.Start();
        var source = await SeededLog.AddSourceAsync(forwarder);
        var id = await forwarder.AddIntegrationAsync(new { name = "siem", serverUrl = $"tcp://127.0.0.1:{receiver.Port}", outputType = "JSON" });
        await SeededLog.AppendAsync(forwarder, source, Enumerable.Range(0, 20).Select(i => $"user{i}"));
        await receiver.WaitForMessagesAsync(20, Token);
        await forwarder.WaitForAsync($"/api/v1/integrations/{id}/status", node => node["backlog"]!.GetValue<long>() == 0);

        var ordered = await forwarder.PostAsync($"/api/v1/integrations/{id}/replays", new { everything = true, eventsPerSecond = 1 });
        var path = $"/api/v1/integrations/{id}/replays/{ordered["id"]}";
        await receiver.WaitForMessagesAsync(21, Token);
        await SeededLog.AppendAsync(forwarder, source, ["live"], T0 + 1000);
        await forwarder.WaitForAsync($"/api/v1/integrations/{id}/status", node => node["backlog"]!.GetValue<long>() == 0);
        Assert.Equal("running", (string?)(await forwarder.WaitForAsync(path, node => node["delivered"]!.GetValue<int>() > 0))["state"]);
        Assert.Contains(Texts(receiver), message => message.Contains("\"live\"", StringComparison.Ordinal));

        var cancelled = await forwarder.PostAsync($"{path}/cancel");
        Assert.Equal("cancelled", (string?)cancelled["state"]);
        await forwarder.PostAsync($"{path}/resume");
        await forwarder.PostAsync($"{path}/cancel");
        var last = await forwarder.GetAsync(path);
        Assert.InRange(last["percent"]!.GetValue<double>(), 1, 99);
    }

    [Fact]
    public async Task AReplayGoesOnWhereItStoppedAfterARestart()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var receiver = TcpSyslogReceiver.Start();
        int id;
        long replay;
        await using (var forwarder = await ForwarderApplication.StartOnAsync(database))
        {
            var source = await SeededLog.AddSourceAsync(forwarder);
            id = await forwarder.AddIntegrationAsync(new { name = "siem", serverUrl = $"tcp://127.0.0.1:{receiver.Port}", outputType = "JSON" });
            await SeededLog.AppendAsync(forwarder, source, Enumerable.Range(0, 12).Select(i => $"user{i}"));
            await receiver.WaitForMessagesAsync(12, Token);
            await forwarder.WaitForAsync($"/api/v1/integrations/{id}/status", node => node["backlog"]!.GetValue<long>() == 0);
            replay = (await forwarder.PostAsync($"/api/v1/integrations/{id}/replays", new { everything = true, eventsPerSecond = 3 }))["id"]!.GetValue<long>();
            await forwarder.WaitForAsync($"/api/v1/integrations/{id}/replays/{replay}", node => node["delivered"]!.GetValue<int>() >= 3);
        }

        await using (var forwarder = await ForwarderApplication.StartOnAsync(database))
        {
            await forwarder.WaitForAsync($"/api/v1/integrations/{id}/replays/{replay}", node => (string?)node["state"] == "done");
            await receiver.WaitForMessagesAsync(24, Token);
            Assert.Equal(24, receiver.Messages.Count);
        }
    }

    [Fact]
    public async Task ANewIntegrationMayBeginWithHistoryWhichIsNotMarked()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        await using var receiver = HttpReceiver.Start(new HttpReply(200));
        var source = await SeededLog.AddSourceAsync(forwarder);
        var ids = await SeededLog.AppendAsync(forwarder, source, ["a", "b", "c"], T0);

        var id = await forwarder.AddIntegrationAsync(new
        {
            name = "late",
            serverUrl = $"http://127.0.0.1:{receiver.Port}/",
            start = DateTimeOffset.FromUnixTimeMilliseconds(T0 + 1).ToString("O"),
        });
        await forwarder.WaitForAsync($"/api/v1/integrations/{id}/replays", node => (string?)node["items"]![0]!["state"] == "done");

        var bodies = receiver.Requests.Select(request => Encoding.UTF8.GetString(request.PlainBody)).ToList();
        Assert.Equal(2, bodies.Count);
        Assert.All(bodies, body => Assert.DoesNotContain("redelivered", body, StringComparison.Ordinal));
        var journey = await forwarder.GetAsync($"/api/v1/events/{ids[1]}");
        Assert.Equal("delivered", (string?)journey["integrations"]![0]!["state"]);
        Assert.Equal("before start", (string?)(await forwarder.GetAsync($"/api/v1/events/{ids[0]}"))["integrations"]![0]!["state"]);
        using var update = await forwarder.Api.PostAsJsonAsync("/api/v1/integrations", new { name = "bad", serverUrl = "http://127.0.0.1:9/", start = "yesterday" }, Token);
        Assert.Equal(400, (int)update.StatusCode);
    }

    [Fact]
    public async Task AReplayOfPositionsNeedsOneSourceAndSaysSo()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        var source = await SeededLog.AddSourceAsync(forwarder);
        var id = await forwarder.AddIntegrationAsync(new { name = "siem", serverUrl = "tcp://127.0.0.1:9", sources = new[] { source } });

        foreach (var (field, body) in new (string, object)[]
        {
            ("from", new { }),
            ("from", new { sources = new[] { source } }),
            ("everything", new { everything = true, from = "2026-01-01T00:00:00Z" }),
            ("sources", new { firstPosition = 1 }),
            ("lastPosition", new { sources = new[] { source }, firstPosition = 2, lastPosition = 1 }),
            ("to", new { from = "2026-01-02T00:00:00Z", to = "2026-01-01T00:00:00Z" }),
            ("sources", new { sources = new[] { source + 1000 } }),
            ("eventsPerSecond", new { eventsPerSecond = 0 }),
        })
        {
            var answer = await forwarder.SendAsync(HttpMethod.Post, $"/api/v1/integrations/{id}/replays", body);
            Assert.Equal(400, (int)answer.Status);
            Assert.Contains($"\"{field}\"", answer.Text, StringComparison.Ordinal);
        }
    }

    private static IEnumerable<string> Texts(TcpSyslogReceiver receiver) => receiver.Messages.Select(message => Encoding.UTF8.GetString(message));
}
