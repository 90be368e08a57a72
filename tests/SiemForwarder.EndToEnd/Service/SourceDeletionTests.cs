using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using SiemForwarder.EndToEnd.Inbox;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Operations;
using SiemForwarder.Service.Sources;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.EndToEnd.Service;

/// <summary>A source is never deleted with what an integration has not got, unless somebody says so; then the loss is told.</summary>
public sealed class SourceDeletionTests(TestPostgres postgres)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ASourceWithUndeliveredEventsIsDeletedOnlyWithForceAndTheLossIsTold()
    {
        await using var forwarder = await StartAsync();
        await using var receiver = TcpSyslogReceiver.Start();
        var source = await SeededLog.AddSourceAsync(forwarder, "doomed");
        await forwarder.AddIntegrationAsync(new { name = "watch", serverUrl = $"tcp://127.0.0.1:{receiver.Port}", outputType = "JSON", sources = new[] { 0 } });
        var down = await forwarder.AddIntegrationAsync(new { name = "down", serverUrl = "tcp://127.0.0.1:9", sources = new[] { source } });
        var paused = await forwarder.AddIntegrationAsync(new { name = "paused", serverUrl = "tcp://127.0.0.1:9" });
        (await forwarder.Api.PostAsync($"/api/v1/integrations/{paused}/pause", System.Net.Http.Json.JsonContent.Create(new { by = "carol" }), Token)).Dispose();
        await forwarder.PostAsync("/api/v1/integrations", new { name = "disabled", serverUrl = "tcp://127.0.0.1:9" });
        await SeededLog.AppendAsync(forwarder, source, ["alice", "bob", "carol"]);
        var path = $"/api/v1/sources/{source}";
        var tag = (await forwarder.SendAsync(HttpMethod.Get, path)).ETag;

        var refused = await forwarder.SendAsync(HttpMethod.Delete, path, ifMatch: tag);

        Assert.Equal(HttpStatusCode.Conflict, refused.Status);
        Assert.Equal(
            [(down, "down", 3), (paused, "paused", 3)],
            refused.Json["integrations"]!.AsArray().Select(one => ((int)one!["id"]!, (string)one["name"]!, (int)one["undelivered"]!)));
        Assert.Contains("force=true", (string)refused.Json["detail"]!, StringComparison.Ordinal);
        Assert.Equal(3, (int)(await forwarder.GetAsync($"{path}/status"))["storedEvents"]!);

        Assert.Equal(HttpStatusCode.NoContent, (await forwarder.SendAsync(HttpMethod.Delete, $"{path}?force=true", ifMatch: tag)).Status);
        await forwarder.Services.GetRequiredService<OperationsService>().LookInTurnAsync(Token);

        Assert.Equal(HttpStatusCode.NotFound, (await forwarder.SendAsync(HttpMethod.Get, path)).Status);
        await receiver.WaitForMessagesAsync(2, Token);
        var told = receiver.Messages.Select(message => JsonNode.Parse(message)!).ToList();
        Assert.All(told, one => Assert.Equal("EVENTS_LOST", (string)one["event_type"]!));
        Assert.All(told, one => Assert.Contains("3 events of source 'doomed' (positions 1 to 3)", (string)one["reason"]!, StringComparison.Ordinal));
        var alarms = (await forwarder.GetAsync("/api/v1/alarms"))["items"]!.AsArray().Where(alarm => (string)alarm!["kind"]! == "EVENTS_LOST").ToList();
        Assert.Equal([$"integration:{down}", $"integration:{paused}"], alarms.Select(alarm => (string)alarm!["subject"]!).Order(StringComparer.Ordinal));
        Assert.All(alarms, alarm => Assert.Contains("'doomed'", (string)alarm!["message"]!, StringComparison.Ordinal));
    }

    [Fact]
    public async Task ADeliveredSourceGoesAtOnceItsEventsBehindAndPushesToItAreAnswered404()
    {
        await using var forwarder = await StartAsync();
        await using var receiver = TcpSyslogReceiver.Start();
        var (pusher, other) = (await Pusher.CreateAsync(forwarder), await Pusher.CreateAsync(forwarder));
        await forwarder.AddIntegrationAsync(new { name = "siem", serverUrl = $"tcp://127.0.0.1:{receiver.Port}", outputType = "JSON" });
        for (var i = 0; i < 3; i++)
        {
            await pusher.PushAsync(Pusher.Event($"doomed-{i}"), Token);
        }

        await other.PushAsync(Pusher.Event("kept"), Token);
        await forwarder.WaitForAsync("/api/v1/integrations/1/status", node => node["backlog"]!.GetValue<long>() == 0 && receiver.Messages.Count == 4);
        await forwarder.WaitForAsync("/api/v1/events", node => node["indexLag"]!.GetValue<long>() == 0);
        var path = $"/api/v1/sources/{pusher.SourceId}";
        await using var second = await ForwarderApplication.StartOnAsync(forwarder.ConnectionString, "--Forwarder:Engine:Name=second");
        var elsewhere = new Pusher(second.Api, pusher.SourceId);
        Assert.Equal(HttpStatusCode.Accepted, (await elsewhere.PushAsync(Pusher.Event("doomed-3"), Token)).Status);
        await forwarder.WaitForAsync("/api/v1/integrations/1/status", node => node["backlog"]!.GetValue<long>() == 0);

        Assert.Equal(HttpStatusCode.NoContent, (await forwarder.SendAsync(HttpMethod.Delete, path, ifMatch: (await forwarder.SendAsync(HttpMethod.Get, path)).ETag)).Status);

        // The other engine may know the source for some seconds yet.
        Assert.Equal(HttpStatusCode.NotFound, (await elsewhere.PushAsync(Pusher.Event("late"), Token)).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await pusher.PushAsync(Pusher.Event("late"), Token)).Status);
        Assert.Equal(["kept"], (await forwarder.GetAsync("/api/v1/events"))["items"]!.AsArray().Select(item => (string)item!["eventId"]!));
        Assert.Equal(HttpStatusCode.NotFound, (await forwarder.SendAsync(HttpMethod.Get, "/api/v1/events/doomed-1")).Status);
        var purge = forwarder.Services.GetRequiredService<DeletedSourcePurgeService>();
        await purge.PurgeAsync(DateTimeOffset.UtcNow.AddMinutes(-1), Token);
        Assert.Equal(4L, await ScalarAsync(forwarder, $"SELECT count(*) FROM segment WHERE source_id = {pusher.SourceId}"));
        await purge.PurgeAsync(DateTimeOffset.UtcNow.AddMinutes(1), Token);

        Assert.Equal(0L, await ScalarAsync(forwarder, $"SELECT count(*) FROM segment WHERE source_id = {pusher.SourceId}"));
        Assert.Equal(0L, await ScalarAsync(forwarder, $"SELECT count(*) FROM event_index WHERE source_id = {pusher.SourceId}"));
        Assert.Equal((1L, 1L), ((long)(await ScalarAsync(forwarder, "SELECT count(*) FROM segment"))!, (long)(await ScalarAsync(forwarder, "SELECT count(*) FROM event_index"))!));
        Assert.NotEqual(0L, await ScalarAsync(forwarder, $"SELECT count(*) FROM delivery WHERE source_id = {pusher.SourceId}"));
        Assert.Equal(0L, await ScalarAsync(forwarder, "SELECT count(*) FROM gap"));
        Assert.Equal("Success", (string)(await forwarder.GetAsync("/api/v1/integrations/1/status"))["status"]!);
    }

    [Fact]
    public async Task AnEngineThatStillAppendsToADeletedSourceHearsItAsAValue()
    {
        await using var bench = await LogBench.CreateAsync(postgres);
        var source = await bench.AddSourceAsync();
        var (used, fresh) = (bench.NewWriter(), bench.NewWriter());
        Assert.IsType<AppendOutcome.Committed>(await used.AppendAsync(LogBench.Page(source, [LogBench.Event(Guid.NewGuid(), 1_789_041_600_000)]), Token));
        await bench.ScalarAsync($"DELETE FROM source WHERE id = {source}");

        foreach (var writer in (EventLogWriter[])[used, fresh])
        {
            Assert.IsType<AppendOutcome.Superseded>(await writer.AppendAsync(LogBench.Page(source, [LogBench.Event(Guid.NewGuid(), 1_789_041_600_000)], "{}"), Token));
            Assert.IsType<AppendOutcome.Superseded>(await writer.AppendAsync(LogBench.Page(source, [], "{}"), Token));
        }

        Assert.Equal(0L, await bench.ScalarAsync("SELECT count(*) FROM log_head WHERE source_id > 0"));
    }

    private Task<ForwarderApplication> StartAsync() => ForwarderApplication.StartAsync(
        postgres, "--Forwarder:Operations:Interval=1.00:00:00", "--Forwarder:Operations:FailingAfter=1.00:00:00");

    private static async Task<object?> ScalarAsync(ForwarderApplication forwarder, string sql)
    {
        await using var command = forwarder.Services.GetRequiredService<NpgsqlDataSource>().CreateCommand(sql);
        return await command.ExecuteScalarAsync(Token);
    }
}
