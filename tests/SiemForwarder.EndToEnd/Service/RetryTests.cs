using System.Net;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.EndToEnd.Service;

/// <summary>Whoever mended a destination need not wait for the end of a pause.</summary>
public sealed class RetryTests(TestPostgres postgres)
{
    [Fact]
    public async Task ARetryEndsAPauseAtOnceWhicheverEngineIsAsked()
    {
        await using var forwarder = await StartAsync();
        await using var other = await ForwarderApplication.StartOnAsync(
            forwarder.ConnectionString, "--Forwarder:Engine:Name=second", "--Forwarder:Engine:Pools:0=elsewhere");
        var answer = 401;
        await using var receiver = HttpReceiver.Start(_ => new HttpReply(Volatile.Read(ref answer)));
        var source = await SeededLog.AddSourceAsync(forwarder);
        var id = await forwarder.AddIntegrationAsync(new { name = "held", serverUrl = $"http://127.0.0.1:{receiver.Port}/" });
        foreach (var (engine, user) in new[] { (forwarder, "alice"), (other, "bob") })
        {
            Volatile.Write(ref answer, 401);
            await SeededLog.AppendAsync(forwarder, source, [user]);
            var held = await forwarder.WaitForAsync($"/api/v1/integrations/{id}/status", node => (string?)node["status"] == "Error");
            Assert.True(held["nextAttemptAt"]!.GetValue<DateTimeOffset>() > DateTimeOffset.UtcNow.AddMinutes(50));
            Volatile.Write(ref answer, 200);

            var asked = await engine.SendAsync(HttpMethod.Post, $"/api/v1/integrations/{id}/retry");

            Assert.Equal(HttpStatusCode.NoContent, asked.Status);
            await forwarder.WaitForAsync($"/api/v1/integrations/{id}/status", node => (string?)node["status"] == "Success" && node["backlog"]!.GetValue<long>() == 0);
        }
    }

    [Fact]
    public async Task ARedriveStartsAtOnceThoughAnEarlierOneWaits()
    {
        await using var forwarder = await StartAsync();
        var answer = 422;
        await using var receiver = HttpReceiver.Start(_ => new HttpReply(Volatile.Read(ref answer)));
        var source = await SeededLog.AddSourceAsync(forwarder);
        var id = await forwarder.AddIntegrationAsync(new { name = "redriven", serverUrl = $"http://127.0.0.1:{receiver.Port}/" });
        await SeededLog.AppendAsync(forwarder, source, ["alice", "bob"]);
        await forwarder.WaitForAsync($"/api/v1/integrations/{id}/status", node => node["setAside"]!.GetValue<long>() == 2);
        Volatile.Write(ref answer, 401);
        var list = (await forwarder.GetAsync($"/api/v1/integrations/{id}/set-aside"))["items"]!.AsArray();
        await forwarder.PostAsync($"/api/v1/integrations/{id}/set-aside/redrive", new { ids = new[] { list[0]!["id"]!.GetValue<long>() } });
        await forwarder.WaitForAsync($"/api/v1/integrations/{id}/status", node => node["nextAttemptAt"] is not null);
        Volatile.Write(ref answer, 200);

        await forwarder.PostAsync($"/api/v1/integrations/{id}/set-aside/redrive");

        await forwarder.WaitForAsync($"/api/v1/integrations/{id}/status", node => node["setAside"]!.GetValue<long>() == 0);
    }

    [Fact]
    public async Task WhatDoesNotSendCannotTryNow()
    {
        await using var forwarder = await StartAsync();
        var id = (await forwarder.PostAsync("/api/v1/integrations", new { name = "off", serverUrl = "http://127.0.0.1:9/" }))["id"];

        var disabled = await forwarder.SendAsync(HttpMethod.Post, $"/api/v1/integrations/{id}/retry");
        await forwarder.PostAsync($"/api/v1/integrations/{id}/enable");
        await forwarder.SendAsync(HttpMethod.Post, $"/api/v1/integrations/{id}/pause", new { reason = "maintenance" });
        var paused = await forwarder.SendAsync(HttpMethod.Post, $"/api/v1/integrations/{id}/retry");
        var unknown = await forwarder.SendAsync(HttpMethod.Post, "/api/v1/integrations/4711/retry");

        Assert.Equal((HttpStatusCode.Conflict, HttpStatusCode.Conflict, HttpStatusCode.NotFound), (disabled.Status, paused.Status, unknown.Status));
        Assert.Contains("enable it", disabled.Text, StringComparison.Ordinal);
        Assert.Contains("resume it", paused.Text, StringComparison.Ordinal);
    }

    // A pause that no test waits for.
    private Task<ForwarderApplication> StartAsync() => ForwarderApplication.StartAsync(
        postgres, "--Forwarder:Dispatch:ProbePause=01:00:00", "--Forwarder:Dispatch:RoundPause=01:00:00", "--Forwarder:Dispatch:MaxRoundPause=01:00:00");
}
