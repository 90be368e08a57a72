using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Events;
using SiemForwarder.Service.Keycloak.Tail;
using SiemForwarder.Service.Operations;
using SiemForwarder.Service.Sources;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.EndToEnd.Service;

/// <summary>What the forwarder tells about itself, as events that any integration can carry.</summary>
public sealed class OperationsTests(TestPostgres postgres)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AFailingIntegrationIsToldToAnotherOneAndItsRecoveryToo()
    {
        await using var forwarder = await StartAsync();
        await using var receiver = TcpSyslogReceiver.Start();
        int port;
        await using (var broken = TcpSyslogReceiver.Start())
        {
            port = broken.Port;
        }

        var source = await SeededLog.AddSourceAsync(forwarder);
        await forwarder.AddIntegrationAsync(new { name = "works", serverUrl = $"tcp://127.0.0.1:{receiver.Port}", outputType = "JSON", sources = new[] { 0 } });
        var id = await forwarder.AddIntegrationAsync(new { name = "broken", serverUrl = $"tcp://127.0.0.1:{port}", outputType = "JSON", sources = new[] { source } });
        await SeededLog.AppendAsync(forwarder, source, ["alice"]);
        await forwarder.WaitForAsync($"/api/v1/integrations/{id}/status", node => (string?)node["status"] == "Error");

        await LookAsync(forwarder);
        await LookAsync(forwarder);

        var told = Assert.Single(await ReceivedAsync(receiver, 1));
        Assert.Equal("INTEGRATION_FAILING", (string?)told["event_type"]);
        Assert.Equal("broken", (string?)told["subject"]);
        Assert.Contains("engine", told["reason"]!.GetValue<string>(), StringComparison.Ordinal);
        var alarm = Assert.Single((await forwarder.GetAsync("/api/v1/alarms"))["items"]!.AsArray());
        Assert.Equal($"integration:{id}", (string?)alarm!["subject"]);

        await using var mended = TcpSyslogReceiver.Start(port: port);
        await forwarder.WaitForAsync($"/api/v1/integrations/{id}/status", node => (string?)node["status"] == "Success");
        await LookAsync(forwarder);

        Assert.Equal("INTEGRATION_RECOVERED", (string?)(await ReceivedAsync(receiver, 2))[1]["event_type"]);
        Assert.Empty((await forwarder.GetAsync("/api/v1/alarms"))["items"]!.AsArray());
        Assert.NotNull(Assert.Single((await forwarder.GetAsync("/api/v1/alarms?all=true"))["items"]!.AsArray())!["clearedAt"]);
    }

    [Fact]
    public async Task AnIntegrationThatIsDisabledWhileItFailsHasNotRecovered()
    {
        await using var forwarder = await StartAsync();
        var source = await SeededLog.AddSourceAsync(forwarder);
        var id = await forwarder.AddIntegrationAsync(new { name = "broken", serverUrl = "tcp://127.0.0.1:9", outputType = "JSON", sources = new[] { source } });
        await SeededLog.AppendAsync(forwarder, source, ["alice"]);
        await forwarder.WaitForAsync($"/api/v1/integrations/{id}/status", node => (string?)node["status"] == "Error");
        await LookAsync(forwarder);

        await forwarder.PostAsync($"/api/v1/integrations/{id}/disable");
        await LookAsync(forwarder);

        Assert.Empty((await forwarder.GetAsync("/api/v1/alarms"))["items"]!.AsArray());
        Assert.Equal(1L, await ScalarAsync(forwarder, "SELECT next_position - 1 FROM log_head WHERE source_id = 0"));
    }

    [Fact]
    public async Task AnEmptyPoolIsAnAlarmUntilAnEngineComes()
    {
        await using var forwarder = await StartAsync();
        Assert.Equal(201, (int)(await forwarder.SendAsync(HttpMethod.Post, "/api/v1/engine-pools", new { name = "dmz" })).Status);
        await forwarder.AddIntegrationAsync(new { name = "far", serverUrl = "tcp://127.0.0.1:9", outputType = "JSON", enginePool = "dmz" });
        await ExecuteAsync(forwarder, "UPDATE integration SET updated_at = now() - interval '1 hour'");

        await LookAsync(forwarder);

        var alarm = Assert.Single((await forwarder.GetAsync("/api/v1/alarms"))["items"]!.AsArray())!;
        Assert.Equal(("ENGINE_POOL_EMPTY", "pool:dmz"), ((string?)alarm["kind"], (string?)alarm["subject"]));
        Assert.Contains("far", (string?)alarm["message"], StringComparison.Ordinal);

        await using var other = await ForwarderApplication.StartOnAsync(
            forwarder.ConnectionString, "--Forwarder:Engine:Name=second", "--Forwarder:Engine:Pools:0=dmz", "--Forwarder:Operations:Interval=1.00:00:00");
        await forwarder.WaitForAsync("/api/v1/engines", node => node["items"]!.AsArray().Any(engine => (string?)engine!["name"] == "second"));
        await LookAsync(forwarder);
        // The engine that came may have failed to deliver meanwhile, which is another alarm.
        Assert.DoesNotContain((await forwarder.GetAsync("/api/v1/alarms"))["items"]!.AsArray(), one => (string?)one!["kind"] == "ENGINE_POOL_EMPTY");
    }

    [Fact]
    public async Task EventsSetAsideAreToldOnceAndTheForwardersOwnNever()
    {
        await using var forwarder = await StartAsync();
        await using var receiver = HttpReceiver.Start(new HttpReply(400, "no such field"));
        var source = await SeededLog.AddSourceAsync(forwarder);
        var id = await forwarder.AddIntegrationAsync(new { name = "picky", serverUrl = $"http://127.0.0.1:{receiver.Port}", outputType = "JSON" });
        await SeededLog.AppendAsync(forwarder, source, ["alice", "bob"]);
        await forwarder.WaitForAsync($"/api/v1/integrations/{id}/status", node => node["setAside"]!.GetValue<long>() == 2);

        await LookAsync(forwarder);
        await forwarder.WaitForAsync($"/api/v1/integrations/{id}/status", node => node["setAside"]!.GetValue<long>() == 3);
        await LookAsync(forwarder);
        await LookAsync(forwarder);

        Assert.Equal(1L, await ScalarAsync(forwarder, "SELECT next_position - 1 FROM log_head WHERE source_id = 0"));
        Assert.Equal(0L, await ScalarAsync(forwarder, "SELECT count(*) FROM set_aside WHERE NOT announced"));
    }

    [Fact]
    public async Task AnUnreachableSourceAnEndedAuditTrailAndAShortMarginAreAlarms()
    {
        await using var forwarder = await StartAsync();
        var source = await SeededLog.AddSourceAsync(forwarder);
        await ExecuteAsync(forwarder, "UPDATE source SET enabled = true WHERE id = " + source);
        await ExecuteAsync(forwarder, $"""
            INSERT INTO source_status (source_id, engine, report, failing_since, error, auditing_off, expiration_seconds, unread_seconds, updated_at)
            VALUES ({source}, 'one', jsonb_build_object(), now() - interval '1 hour', 'Keycloak is away.', ARRAY['user', 'admin'], 4000, 3600, now())
            """);

        await LookAsync(forwarder);

        var kinds = (await forwarder.GetAsync("/api/v1/alarms"))["items"]!.AsArray().Select(alarm => (string)alarm!["kind"]!).Order(StringComparer.Ordinal);
        Assert.Equal(["AUDITING_SWITCHED_OFF", "RETENTION_MARGIN_SHORT", "SOURCE_UNREACHABLE"], kinds);
    }

    [Fact]
    public async Task ClocksOfNodesThatDifferAreToldAndThatTheyAgreeAgainToo()
    {
        await using var forwarder = await StartAsync();
        await using var receiver = TcpSyslogReceiver.Start();
        var source = await SeededLog.AddSourceAsync(forwarder);
        await forwarder.AddIntegrationAsync(new { name = "works", serverUrl = $"tcp://127.0.0.1:{receiver.Port}", outputType = "JSON", sources = new[] { 0 } });
        await ExecuteAsync(forwarder, "UPDATE source SET enabled = true WHERE id = " + source);
        var table = forwarder.Services.GetRequiredService<SourceStatusTable>();
        var status = new RealmPollStatus(source, [new StreamPollStatus { Stream = EventStream.User }], null);

        await table.SaveAsync([status with { NodeClocks = new NodeClocks(TimeSpan.FromMinutes(15), DateTimeOffset.UnixEpoch) }], "one", Token);
        await LookAsync(forwarder);

        var told = Assert.Single(await ReceivedAsync(receiver, 1));
        Assert.Equal("NODE_CLOCK_AHEAD", (string?)told["event_type"]);
        Assert.Contains("00:15:00", (string?)told["reason"], StringComparison.Ordinal);
        Assert.Equal("NODE_CLOCK_AHEAD", (string?)Assert.Single((await forwarder.GetAsync("/api/v1/alarms"))["items"]!.AsArray())!["kind"]);
        await table.SaveAsync([status], "one", Token);
        await LookAsync(forwarder);

        Assert.Equal("NODE_CLOCKS_AGREE", (string?)(await ReceivedAsync(receiver, 2))[1]["event_type"]);
        Assert.Empty((await forwarder.GetAsync("/api/v1/alarms"))["items"]!.AsArray());
    }

    [Fact]
    public async Task ALossIsToldAndStandsAsAnAlarm()
    {
        await using var forwarder = await StartAsync();
        await using var receiver = TcpSyslogReceiver.Start();
        var source = await SeededLog.AddSourceAsync(forwarder);
        var id = await forwarder.AddIntegrationAsync(new { name = "works", serverUrl = $"tcp://127.0.0.1:{receiver.Port}", outputType = "JSON" });
        await ExecuteAsync(forwarder, $"INSERT INTO gap (source_id, integration_id, first_position, last_position, reason, noted_at) VALUES ({source}, {id}, 11, 30, 'The hard limit.', now())");

        await LookAsync(forwarder);

        var told = Assert.Single(await ReceivedAsync(receiver, 1));
        Assert.Equal("EVENTS_LOST", (string?)told["event_type"]);
        Assert.Contains("20 events of source 'seeded' (positions 11 to 30)", told["reason"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Equal("EVENTS_LOST", (string?)Assert.Single((await forwarder.GetAsync("/api/v1/alarms"))["items"]!.AsArray())!["kind"]);
    }

    [Theory]
    [InlineData(20, true)]
    [InlineData(50, false)]
    public async Task AReplacedHistoryIsToldWithItsSpanAndStandsAsAnAlarmWhereSomethingIsNotStoredAgain(int restored, bool isAlarm)
    {
        await using var forwarder = await StartAsync();
        await using var receiver = TcpSyslogReceiver.Start();
        var source = await SeededLog.AddSourceAsync(forwarder);
        await forwarder.AddIntegrationAsync(new { name = "works", serverUrl = $"tcp://127.0.0.1:{receiver.Port}", outputType = "JSON" });
        await ExecuteAsync(forwarder, $"""
            INSERT INTO log_break (source_id, incarnation, survived_next, survived_at, known_next, restored, reason, noticed_at)
            VALUES ({source}, 2, 51, '2026-03-01 12:00:00+00', 101, {restored}, 'The database answers on another timeline.', now() - interval '20 seconds')
            """);

        await LookAsync(forwarder);

        var told = Assert.Single(await ReceivedAsync(receiver, 1));
        Assert.Equal("LOG_HISTORY_REPLACED", (string?)told["event_type"]);
        Assert.Contains(
            $"Source 'seeded': The events received up to 2026-03-01 12:00:00 UTC (position 50) survived, 50 later ones (positions 51 to 100) were lost; {restored} of these",
            (string?)told["reason"], StringComparison.Ordinal);
        var alarms = (await forwarder.GetAsync("/api/v1/alarms"))["items"]!.AsArray();
        Assert.Equal(isAlarm ? ["LOG_HISTORY_REPLACED"] : [], alarms.Select(alarm => (string)alarm!["kind"]!));
        Assert.All(alarms, alarm => Assert.Contains("up to position 50 survived, 30 later ones could not be restored from memory", (string)alarm!["message"]!, StringComparison.Ordinal));
    }

    [Fact]
    public async Task APausedIntegrationSendsNothingSaysWhoPausedItAndGoesOnWhereItStopped()
    {
        await using var forwarder = await StartAsync();
        await using var receiver = TcpSyslogReceiver.Start();
        var source = await SeededLog.AddSourceAsync(forwarder);
        var id = await forwarder.AddIntegrationAsync(new { name = "paused", serverUrl = $"tcp://127.0.0.1:{receiver.Port}", outputType = "JSON" });
        await SeededLog.AppendAsync(forwarder, source, ["before"]);
        // Received is not yet delivered: the kernel must have said so, and the checkpoint moved.
        await forwarder.WaitForAsync($"/api/v1/integrations/{id}/status", node => node["backlog"]!.GetValue<int>() == 0 && receiver.Messages.Count == 1);

        using (var pause = await forwarder.Api.PostAsJsonAsync($"/api/v1/integrations/{id}/pause", new { by = "carol", reason = "SIEM upgrade" }, Token))
        {
            Assert.Equal(204, (int)pause.StatusCode);
        }

        // The engine gives its lease back once the loop has ended: from then on nothing is sent.
        await forwarder.WaitForAsync("/api/v1/engines", node => node["items"]!.AsArray().All(engine => engine!["integrations"]!.AsArray().Count == 0));
        await SeededLog.AppendAsync(forwarder, source, ["during"]);
        var status = await forwarder.GetAsync($"/api/v1/integrations/{id}/status");
        // Who is asked, not what the request says.
        Assert.Equal("admin key file", (string?)status["paused"]!["by"]);
        Assert.Equal(1, status["backlog"]!.GetValue<int>());
        Assert.Single(receiver.Messages);

        (await forwarder.Api.PostAsync($"/api/v1/integrations/{id}/resume", null, Token)).Dispose();
        await receiver.WaitForMessagesAsync(2, Token);
        Assert.Null((await forwarder.GetAsync($"/api/v1/integrations/{id}/status"))["paused"]);
    }

    // Looks are asked for by the tests; trouble counts at once.
    private Task<ForwarderApplication> StartAsync() => ForwarderApplication.StartAsync(
        postgres, "--Forwarder:Operations:Interval=1.00:00:00", "--Forwarder:Operations:FailingAfter=00:00:00");

    private static Task LookAsync(ForwarderApplication forwarder) =>
        forwarder.Services.GetRequiredService<OperationsService>().LookInTurnAsync(Token);

    private static async Task<List<JsonNode>> ReceivedAsync(TcpSyslogReceiver receiver, int count)
    {
        await receiver.WaitForMessagesAsync(count, Token);
        return [.. receiver.Messages.Select(message => JsonNode.Parse(message)!)];
    }

    private static async Task ExecuteAsync(ForwarderApplication forwarder, string sql)
    {
        await using var command = forwarder.Services.GetRequiredService<NpgsqlDataSource>().CreateCommand(sql);
        await command.ExecuteNonQueryAsync(Token);
    }

    private static async Task<object?> ScalarAsync(ForwarderApplication forwarder, string sql)
    {
        await using var command = forwarder.Services.GetRequiredService<NpgsqlDataSource>().CreateCommand(sql);
        return await command.ExecuteScalarAsync(Token);
    }
}
