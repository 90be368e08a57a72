using System.Diagnostics;
using System.Text;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.EndToEnd.Service;

/// <summary>What becomes of a batch that a destination takes in part, or takes while it asks for fewer.</summary>
public sealed class PartialDeliveryTests(TestPostgres postgres)
{
    [Fact]
    public async Task ADestinationThatAsksForFewerGetsThemMoreSlowlyAndTheStatusSaysSo()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres, "--Forwarder:Dispatch:SlowDownPause=00:00:00.5");
        await using var receiver = HttpReceiver.Start(new HttpReply(200, "{\"text\":\"HEC queue is approaching its capacity limit\",\"code\":24}"));
        var source = await SeededLog.AddSourceAsync(forwarder);
        var integration = await AddCollectorAsync(forwarder, receiver, acknowledge: false);
        var started = Stopwatch.GetTimestamp();

        await SeededLog.AppendAsync(forwarder, source, Enumerable.Range(0, 30).Select(i => $"user-{i}"));

        var status = await forwarder.WaitForAsync($"/api/v1/integrations/{integration}/status", node => node["lastError"] is not null);
        Assert.Equal("Success", status["status"]!.GetValue<string>());
        Assert.Equal("RateLimited", status["lastError"]!["category"]!.GetValue<string>());
        Assert.Contains("close to capacity", status["lastError"]!["message"]!.GetValue<string>(), StringComparison.Ordinal);
        await forwarder.WaitForAsync($"/api/v1/integrations/{integration}/status", node => node["backlog"]!.GetValue<long>() == 0);
        Assert.Equal(3, receiver.Requests.Count);
        Assert.InRange(Stopwatch.GetElapsedTime(started), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(60));
    }

    [Theory]
    [InlineData(false, "the indexing cannot be confirmed")]
    [InlineData(true, "before the rejected one, 3 events indexed")]
    public async Task WhatACollectorTookBeforeItsRefusalIsNotCalledIndexedUnlessItSaysSo(bool hasAckId, string said)
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        await using var receiver = HttpReceiver.Start(request =>
        {
            var body = Encoding.UTF8.GetString(request.PlainBody);
            return request.RequestLine.Contains("/ack?", StringComparison.Ordinal) ? new HttpReply(200, "{\"acks\":{\"1\":true}}")
                : body.Contains("poison", StringComparison.Ordinal)
                    ? new HttpReply(400, $"{{\"text\":\"Event field cannot be blank\",\"code\":13,\"invalid-event-number\":3{(hasAckId ? ",\"ackId\":1" : "")}}}")
                : new HttpReply(200, "{\"text\":\"Success\",\"code\":0,\"ackId\":1}");
        });
        var source = await SeededLog.AddSourceAsync(forwarder);
        var integration = await AddCollectorAsync(forwarder, receiver, acknowledge: true);

        await SeededLog.AppendAsync(forwarder, source, Enumerable.Range(0, 10).Select(i => i == 3 ? "poison" : $"user-{i}"));

        var status = await forwarder.WaitForAsync($"/api/v1/integrations/{integration}/status", node => node["backlog"]!.GetValue<long>() == 0);
        Assert.Equal(1, status["setAside"]!.GetValue<long>());
        var sent = receiver.Requests.Where(request => !request.RequestLine.Contains("/ack?", StringComparison.Ordinal)).ToList();
        Assert.Equal(2, sent.Count);
        Assert.DoesNotContain("user-2", Encoding.UTF8.GetString(sent[1].PlainBody), StringComparison.Ordinal);
        var delivery = Assert.Single((await forwarder.GetAsync($"/api/v1/integrations/{integration}/deliveries"))["items"]!.AsArray())!;
        Assert.Contains(said, delivery["answer"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.EndsWith("indexed", delivery["answer"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Equal(9, delivery["events"]!.GetValue<int>());
    }

    [Fact]
    public async Task AMessageThatARelpReceiverNeverTakesIsSetAsideAndTheRestArrives()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        var last = "";
        await using var receiver = RelpReceiver.Start(
            _ => last.Contains("poison", StringComparison.Ordinal) ? "500 cannot parse" : "200 OK", message => last = message);
        var source = await SeededLog.AddSourceAsync(forwarder);
        var integration = await AddRelpAsync(forwarder, receiver);

        await SeededLog.AppendAsync(forwarder, source, Enumerable.Range(0, 50).Select(i => i == 20 ? "poison" : $"user-{i}"));

        var status = await forwarder.WaitForAsync($"/api/v1/integrations/{integration}/status", node => node["backlog"]!.GetValue<long>() == 0);
        Assert.Equal("Success", status["status"]!.GetValue<string>());
        var aside = Assert.Single((await forwarder.GetAsync($"/api/v1/integrations/{integration}/set-aside"))["items"]!.AsArray())!;
        Assert.Contains("poison", aside["text"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Equal("500 cannot parse", aside["answer"]!.GetValue<string>());
        // Only the refused message came more than once.
        Assert.Equal(49, receiver.Messages.Count(message => !message.Contains("poison", StringComparison.Ordinal)));
        Assert.Equal(4, receiver.Messages.Count(message => message.Contains("poison", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(30)]
    public async Task ARelpReceiverThatRefusesEverythingIsHeldAndNotEmptiedIntoTheSetAside(int takenBefore)
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres, "--Forwarder:Dispatch:MaxRefusalsInARow=3");
        var accepts = false;
        await using var receiver = RelpReceiver.Start(count => count <= takenBefore || Volatile.Read(ref accepts) ? "200 OK" : "500 disk full");
        var source = await SeededLog.AddSourceAsync(forwarder);
        var integration = await AddRelpAsync(forwarder, receiver);
        await SeededLog.AppendAsync(forwarder, source, Enumerable.Range(0, 100).Select(i => $"user-{i}"));

        var held = await forwarder.WaitForAsync(
            $"/api/v1/integrations/{integration}/status",
            node => node["lastError"]?["message"]?.GetValue<string>().Contains("rejects every event", StringComparison.Ordinal) == true);
        Assert.Equal("Error", held["status"]!.GetValue<string>());
        Volatile.Write(ref accepts, true);

        var status = await forwarder.WaitForAsync($"/api/v1/integrations/{integration}/status", node => node["backlog"]!.GetValue<long>() == 0);
        Assert.Equal("Success", status["status"]!.GetValue<string>());
        Assert.Equal(3, status["setAside"]!.GetValue<long>());
    }

    private static Task<int> AddRelpAsync(ForwarderApplication forwarder, RelpReceiver receiver) =>
        forwarder.AddIntegrationAsync(new { name = "relp", destination = "relp", serverUrl = $"tcp://127.0.0.1:{receiver.Port}" });

    private static Task<int> AddCollectorAsync(ForwarderApplication forwarder, HttpReceiver receiver, bool acknowledge) => forwarder.AddIntegrationAsync(new
    {
        name = "collector",
        destination = "splunk_hec",
        serverUrl = $"http://127.0.0.1:{receiver.Port}",
        batch = new { maxEvents = 10 },
        settings = new { token = "a-token", acknowledge },
    });
}
