using System.Text;
using System.Text.Json.Nodes;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.EndToEnd.Service;

/// <summary>What an integration promises: everything arrives, in order, whatever the SIEM does.</summary>
public sealed class DeliveryTests(TestPostgres postgres)
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task EventsArriveAsCefOverTcpInOrderAndOnce()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        await using var receiver = TcpSyslogReceiver.Start();
        var source = await SeededLog.AddSourceAsync(forwarder);
        var integration = await forwarder.AddIntegrationAsync(new { name = "cef", serverUrl = $"tcp://127.0.0.1:{receiver.Port}", outputType = "CEF" });

        var ids = await SeededLog.AppendAsync(forwarder, source, Enumerable.Range(0, 3000).Select(i => $"user-{i}"));

        await receiver.WaitForMessagesAsync(3000, Token());
        Assert.Equal(ids, receiver.Messages.Select(message => CefField(Encoding.UTF8.GetString(message), "externalId")));
        var status = await forwarder.WaitForAsync($"/api/v1/integrations/{integration}/status", node => node["backlog"]!.GetValue<long>() == 0);
        Assert.Equal("Success", status["status"]!.GetValue<string>());
        Assert.Equal("handed over", status["acceptance"]!.GetValue<string>());
    }

    [Fact]
    public async Task AReceiverThatIsDownForLongerThanARoundMakesAnErrorAndLosesNothing()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        var source = await SeededLog.AddSourceAsync(forwarder);
        int port;
        await using (var first = TcpSyslogReceiver.Start())
        {
            port = first.Port;
        }

        var integration = await forwarder.AddIntegrationAsync(new { name = "down", serverUrl = $"tcp://127.0.0.1:{port}", outputType = "JSON" });
        var before = await forwarder.GetAsync($"/api/v1/integrations/{integration}/status");
        Assert.Equal("Not yet invoked", before["status"]!.GetValue<string>());
        var ids = await SeededLog.AppendAsync(forwarder, source, Enumerable.Range(0, 200).Select(i => $"user-{i}"));

        var error = await forwarder.WaitForAsync($"/api/v1/integrations/{integration}/status", node => node["status"]!.GetValue<string>() == "Error");
        Assert.Equal("Connection", error["lastError"]!["category"]!.GetValue<string>());
        Assert.Equal(200, error["backlog"]!.GetValue<long>());
        Assert.NotNull(error["oldestUndeliveredAt"]);
        await using var receiver = TcpSyslogReceiver.Start(port: port);
        await receiver.WaitForMessagesAsync(200, Token());

        Assert.Equal(ids, receiver.Messages.Select(EventId));
        var status = await forwarder.WaitForAsync($"/api/v1/integrations/{integration}/status", node => node["backlog"]!.GetValue<long>() == 0);
        Assert.Equal("Success", status["status"]!.GetValue<string>());
        Assert.Null(status["nextAttemptAt"]);
    }

    [Fact]
    public async Task ARejectedEventIsSetAsideWithItsBytesAndTheRestIsDelivered()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        await using var receiver = HttpReceiver.Start(request =>
            Encoding.UTF8.GetString(request.PlainBody).Contains("poison", StringComparison.Ordinal) ? new HttpReply(400, "cannot parse") : new HttpReply(200));
        var source = await SeededLog.AddSourceAsync(forwarder);
        var integration = await forwarder.AddIntegrationAsync(new
        {
            name = "poisoned",
            serverUrl = $"http://127.0.0.1:{receiver.Port}/in",
            http = new { body = "ndjson", gzip = true },
        });

        var ids = await SeededLog.AppendAsync(forwarder, source, Enumerable.Range(0, 64).Select(i => i is 17 or 40 ? $"poison-{i}" : $"user-{i}"));

        var status = await forwarder.WaitForAsync($"/api/v1/integrations/{integration}/status", node => node["backlog"]!.GetValue<long>() == 0);
        Assert.Equal(2, status["setAside"]!.GetValue<long>());
        var accepted = receiver.Requests
            .Select(request => Encoding.UTF8.GetString(request.PlainBody))
            .Where(body => !body.Contains("poison", StringComparison.Ordinal))
            .SelectMany(body => body.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            .Select(line => JsonNode.Parse(line)!["event_id"]!.GetValue<string>());
        Assert.Equal(ids.Where((_, i) => i is not (17 or 40)), accepted);
        var aside = await forwarder.GetAsync($"/api/v1/integrations/{integration}/set-aside");
        Assert.Equal(new[] { ids[40], ids[17] }, aside["items"]!.AsArray().Select(item => item!["eventId"]!.GetValue<string>()));
        Assert.Contains("poison-40", aside["items"]![0]!["text"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Contains("400", aside["items"]![0]!["reason"]!.GetValue<string>(), StringComparison.Ordinal);
        var journey = await forwarder.GetAsync($"/api/v1/events/{ids[17]}");
        Assert.Equal("set aside", journey["integrations"]![0]!["state"]!.GetValue<string>());
    }

    [Theory]
    [InlineData("array")]
    [InlineData("single")]
    public async Task ADestinationThatRefusesEverythingIsHeldAndNotEmptiedIntoTheSetAside(string body)
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres, "--Forwarder:Dispatch:MaxRefusalsInARow=5");
        var accepts = false;
        await using var receiver = HttpReceiver.Start(_ => new HttpReply(Volatile.Read(ref accepts) ? 200 : 400, "no"));
        var source = await SeededLog.AddSourceAsync(forwarder);
        var integration = await forwarder.AddIntegrationAsync(new
        {
            name = "refusing",
            serverUrl = $"http://127.0.0.1:{receiver.Port}/",
            http = new { body },
        });
        await SeededLog.AppendAsync(forwarder, source, Enumerable.Range(0, 100).Select(i => $"user-{i}"));

        // Held, after the first refusals were errors already.
        var status = await forwarder.WaitForAsync($"/api/v1/integrations/{integration}/status", node => node["nextAttemptAt"] is not null);
        Assert.Equal("Error", status["status"]!.GetValue<string>());
        Assert.Equal(5, status["setAside"]!.GetValue<long>());
        Assert.Equal(95, status["backlog"]!.GetValue<long>());
        Volatile.Write(ref accepts, true);

        status = await forwarder.WaitForAsync($"/api/v1/integrations/{integration}/status", node => node["backlog"]!.GetValue<long>() == 0);
        Assert.Equal("Success", status["status"]!.GetValue<string>());
        Assert.Equal(5, status["setAside"]!.GetValue<long>());
    }

    [Fact]
    public async Task ARefusedTokenHoldsTheIntegrationUntilItIsMended()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        await using var receiver = HttpReceiver.Start(request => request.FindHeader("Authorization") == "Bearer right" ? new HttpReply(200) : new HttpReply(401));
        var source = await SeededLog.AddSourceAsync(forwarder);
        object Request(string token) => new { name = "token", serverUrl = $"http://127.0.0.1:{receiver.Port}/", enabled = true, authentication = new { type = "bearer", token } };
        var integration = await forwarder.AddIntegrationAsync(Request("wrong-secret"));
        await SeededLog.AppendAsync(forwarder, source, ["zoë"]);
        var status = await forwarder.WaitForAsync($"/api/v1/integrations/{integration}/status", node => node["status"]!.GetValue<string>() == "Error");
        Assert.Equal("Authentication", status["lastError"]!["category"]!.GetValue<string>());
        Assert.DoesNotContain("wrong-secret", status.ToJsonString(), StringComparison.Ordinal);

        await forwarder.PutAsync($"/api/v1/integrations/{integration}", Request("right"));

        await forwarder.WaitForAsync($"/api/v1/integrations/{integration}/status", node => node["status"]!.GetValue<string>() == "Success");
    }

    [Fact]
    public async Task ADeadSiemDoesNotDelayAnother()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        await using var stuck = TcpSyslogReceiver.Start(new TcpReceiverOptions { Conduct = TcpReceiverConduct.ReadNothing, ReceiveBufferBytes = 4096 });
        await using var receiver = TcpSyslogReceiver.Start();
        var source = await SeededLog.AddSourceAsync(forwarder);
        await forwarder.AddIntegrationAsync(new { name = "stuck", serverUrl = $"tcp://127.0.0.1:{stuck.Port}", outputType = "JSON" });
        await forwarder.AddIntegrationAsync(new { name = "well", serverUrl = $"tcp://127.0.0.1:{receiver.Port}", outputType = "JSON" });

        await SeededLog.AppendAsync(forwarder, source, Enumerable.Range(0, 20_000).Select(i => $"user-{i}"));

        await receiver.WaitForMessagesAsync(20_000, Token());
    }

    [Fact]
    public async Task DisablingStopsAtOnceAndEnablingContinuesWhereItStopped()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        await using var receiver = TcpSyslogReceiver.Start();
        var source = await SeededLog.AddSourceAsync(forwarder);
        var integration = await forwarder.AddIntegrationAsync(new { name = "paused", serverUrl = $"tcp://127.0.0.1:{receiver.Port}", outputType = "JSON" });
        var first = await SeededLog.AppendAsync(forwarder, source, ["one"]);
        await forwarder.WaitForAsync($"/api/v1/integrations/{integration}/status", node => node["backlog"]!.GetValue<long>() == 0);

        await forwarder.PostAsync($"/api/v1/integrations/{integration}/disable");
        // The engine gives the lease back once the loop has ended.
        await forwarder.WaitForAsync("/api/v1/engines", node => node["items"]![0]!["integrations"]!.AsArray().Count == 0);
        var second = await SeededLog.AppendAsync(forwarder, source, ["two"], 1_789_041_700_000);
        // Another integration proves that the second event had its chance.
        var other = await forwarder.AddIntegrationAsync(new { name = "other", serverUrl = $"udp://127.0.0.1:{receiver.Port}" });
        await SeededLog.AppendAsync(forwarder, source, ["three"], 1_789_041_800_000);
        await forwarder.WaitForAsync($"/api/v1/integrations/{other}/status", node => node["lastSuccessAt"] is not null);
        // The second message is the last event, which tells that the integration was disabled.
        Assert.Equal(first, receiver.Messages.Take(1).Select(EventId));
        Assert.Equal("CONFIGURATION_CHANGED", (string?)JsonNode.Parse(Assert.Single(receiver.Messages.Skip(1)))!["event_type"]);
        await forwarder.PostAsync($"/api/v1/integrations/{integration}/enable");

        await receiver.WaitForMessagesAsync(4, Token());
        Assert.Equal(second, receiver.Messages.Skip(2).Take(1).Select(EventId));
    }

    [Fact]
    public async Task AFilterLeavesEventsOutAndTheJourneySaysWhy()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        await using var receiver = TcpSyslogReceiver.Start();
        var source = await SeededLog.AddSourceAsync(forwarder);
        var integration = await forwarder.AddIntegrationAsync(new
        {
            name = "filtered",
            serverUrl = $"tcp://127.0.0.1:{receiver.Port}",
            outputType = "JSON",
            filter = new { exclude = new { users = new[] { "robot" } } },
        });

        var ids = await SeededLog.AppendAsync(forwarder, source, ["alice", "robot", "bob", "robot"]);

        await receiver.WaitForMessagesAsync(2, Token());
        await forwarder.WaitForAsync($"/api/v1/integrations/{integration}/status", node => node["backlog"]!.GetValue<long>() == 0);
        Assert.Equal([ids[0], ids[2]], receiver.Messages.Select(EventId));
        var left = await forwarder.GetAsync($"/api/v1/events/{ids[1]}");
        Assert.Equal("filtered out", left["integrations"]![0]!["state"]!.GetValue<string>());
        Assert.Contains("robot", left["integrations"]![0]!["explanation"]!.GetValue<string>(), StringComparison.Ordinal);
        var delivered = await forwarder.GetAsync($"/api/v1/events/{ids[2]}");
        Assert.Equal("delivered", delivered["integrations"]![0]!["state"]!.GetValue<string>());
        Assert.Equal("2", delivered["integrations"]![0]!["delivery"]!["filtered"]![0]!.GetValue<string>());
        Assert.Equal("bob", delivered["normalized"]!["subject"]!.GetValue<string>());
    }

    [Fact]
    public async Task AfterARestartEverythingGoesOnWhereItWas()
    {
        await using var receiver = TcpSyslogReceiver.Start();
        var database = await postgres.CreateDatabaseAsync();
        List<string> ids;
        await using (var forwarder = await ForwarderApplication.StartOnAsync(database))
        {
            var source = await SeededLog.AddSourceAsync(forwarder);
            await forwarder.AddIntegrationAsync(new
            {
                name = "restarted",
                serverUrl = $"tcp://127.0.0.1:{receiver.Port}",
                outputType = "JSON",
                authentication = new { type = "none" },
            });
            ids = await SeededLog.AppendAsync(forwarder, source, Enumerable.Range(0, 5000).Select(i => $"user-{i}"));
        }

        await using (var forwarder = await ForwarderApplication.StartOnAsync(database))
        {
            await forwarder.WaitForAsync("/api/v1/integrations/1/status", node => node["backlog"]!.GetValue<long>() == 0);
        }

        await receiver.WaitForMessagesAsync(5000, Token());
        var received = receiver.Messages.Select(EventId).ToList();
        Assert.Equal(ids.Order(), received.Distinct().Order());
        // A stop between acceptance and checkpoint may repeat one batch, not more.
        Assert.InRange(received.Count, 5000, 5000 + 2000);
    }

    private static string EventId(byte[] message) => JsonNode.Parse(message)!["event_id"]!.GetValue<string>();

    private static string CefField(string message, string key)
    {
        var start = message.IndexOf($"{key}=", StringComparison.Ordinal) + key.Length + 1;
        var end = message.IndexOf(' ', start);
        return end < 0 ? message[start..] : message[start..end];
    }

    private static CancellationToken Token()
    {
        var bound = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        bound.CancelAfter(Bound);
        return bound.Token;
    }
}
