using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Npgsql;
using SiemForwarder.EndToEnd.Inbox;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Service.EventLog;

namespace SiemForwarder.EndToEnd.Detections;

/// <summary>The reader for the rules among engines, in the face of retention, and when rules change.</summary>
public sealed class DetectionReaderTests(TestPostgres postgres)
{
    private const string Refused = """
        title: Account refused
        logsource: {product: application}
        detection: {selection: {type: account.refused}, condition: selection}
        level: high
        """;

    private const string ThreeRefused = """
        title: Refused
        name: refused
        logsource: {product: application}
        detection: {selection: {type: account.refused}, condition: selection}
        level: informational
        ---
        title: Three refused
        level: high
        correlation: {type: event_count, rules: [refused], group-by: [ip], timespan: 10m, condition: {gte: 3}}
        """;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task OneEngineReadsAndAnotherGoesOnWhereItEnded()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var second = await ForwarderApplication.StartOnAsync(database, "--Forwarder:Engine:Name=second", "--Forwarder:Engine:Roles:0=api");
        Pusher pusher;
        await using (var first = await ForwarderApplication.StartOnAsync(database, "--Forwarder:Engine:Name=first"))
        {
            await using var third = await ForwarderApplication.StartOnAsync(database, "--Forwarder:Engine:Name=third");
            pusher = await Pusher.CreateAsync(first);
            await first.PostAsync("/api/v1/rules", new { name = "three-refused", yaml = ThreeRefused, enabled = true });
            await PushAsync(pusher, "a", "b");
            await WaitForPositionAsync(first, pusher.SourceId, 2);
            Assert.Equal(1L, await ScalarAsync(first, "SELECT count(*) FROM lease WHERE kind = 'source' AND resource_id = -1 AND engine IN ('first', 'third')"));
        }

        await using var fourth = await ForwarderApplication.StartOnAsync(database, "--Forwarder:Engine:Name=fourth");
        await PushAsync(new Pusher(fourth.Api, pusher.SourceId), "c", "d");

        await WaitForPositionAsync(fourth, pusher.SourceId, 4);
        Assert.Equal(1L, await ScalarAsync(fourth, "SELECT next_position - 1 FROM log_head WHERE source_id = -1"));
    }

    [Fact]
    public async Task WhatAnOlderVersionRememberedIsLearnedAgainFromStoredEvents()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var first = await ForwarderApplication.StartOnAsync(database, "--Forwarder:Engine:Name=first", "--Forwarder:Engine:Roles:0=api");
        Pusher pusher;
        await using (var second = await ForwarderApplication.StartOnAsync(database, "--Forwarder:Engine:Name=second"))
        {
            pusher = await Pusher.CreateAsync(second);
            await second.PostAsync("/api/v1/rules", new { name = "three-refused", yaml = ThreeRefused, enabled = true });
            await PushAsync(pusher, "a", "b");
            await WaitForPositionAsync(second, pusher.SourceId, 2);
        }

        // The first byte is the version of the shape.
        const string Older = "WITH old AS (UPDATE detection_reader SET snapshot = set_byte(snapshot, 0, 2) WHERE snapshot IS NOT NULL RETURNING 1) SELECT count(*) FROM old";
        Assert.Equal(1L, await ScalarAsync(first, Older));
        await using var third = await ForwarderApplication.StartOnAsync(database, "--Forwarder:Engine:Name=third");
        await PushAsync(new Pusher(third.Api, pusher.SourceId), "c");

        await WaitForPositionAsync(third, pusher.SourceId, 3);
        Assert.Equal(1L, await ScalarAsync(third, "SELECT next_position - 1 FROM log_head WHERE source_id = -1"));
        Assert.Equal(3, await ScalarAsync(third, "SELECT get_byte(snapshot, 0) FROM detection_reader"));
    }

    [Fact]
    public async Task ARuleThatIsSwitchedOnKnowsWhatHappenedBeforeButAlertsOnlyOnWhatHappensNow()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        var pusher = await Pusher.CreateAsync(forwarder);
        await PushAsync(pusher, "a", "b", "c", "d");
        await forwarder.PostAsync("/api/v1/rules", new { name = "three-refused", yaml = ThreeRefused, enabled = true });
        await forwarder.PostAsync("/api/v1/rules", new { name = "refused", yaml = Refused, enabled = true });
        await PushAsync(pusher, "e");

        await WaitForPositionAsync(forwarder, pusher.SourceId, 5);
        var alerts = (await LogBench.Open(forwarder.ConnectionString).ReadAllAsync(-1)).ConvertAll(entry => JsonNode.Parse(entry.Body)!);

        Assert.Equal(["Account refused", "Three refused"], alerts.Select(alert => alert["rule_title"]!.GetValue<string>()).Order(StringComparer.Ordinal));
        var counted = alerts.Single(alert => alert["rule_title"]!.GetValue<string>() == "Three refused");
        Assert.Equal((5, "192.0.2.7"), (counted["event_count"]!.GetValue<int>(), counted["group.ip"]!.GetValue<string>()));
        Assert.Equal(5, counted["events"]![4]!["position"]!.GetValue<int>());
    }

    [Fact]
    public async Task ADayIsKeptWhileTheRulesLackItAndDroppedOnceTheyAreSwitchedOff()
    {
        // No engine dispatches, so nobody reads for the rules.
        await using var forwarder = await ForwarderApplication.StartAsync(postgres, "--Forwarder:Engine:Roles:0=poll", "--Forwarder:EventLog:RetentionDays=1");
        var source = await SeededLog.AddSourceAsync(forwarder);
        await forwarder.PostAsync("/api/v1/rules", new { name = "refused", yaml = Refused, enabled = true });
        var receivedAt = new DateTimeOffset(2026, 1, 15, 12, 0, 0, TimeSpan.Zero);
        var database = forwarder.Services.GetRequiredService<NpgsqlDataSource>();
        var writer = LogBench.NewWriter(database, new StoppedClock(receivedAt), forwarder.Services.GetRequiredService<EventLogSignal>(), new SegmentCache());
        Assert.IsType<AppendOutcome.Committed>(
            await writer.AppendAsync(LogBench.Page(source, [LogBench.Event(Guid.NewGuid(), receivedAt.ToUnixTimeMilliseconds())]), Token));

        await RetainAsync(forwarder);
        Assert.True(await IsKeptAsync(forwarder));

        await forwarder.PostAsync("/api/v1/rules/refused/disable");
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(Token);
        bound.CancelAfter(TimeSpan.FromMinutes(3));
        while (await IsKeptAsync(forwarder))
        {
            bound.Token.ThrowIfCancellationRequested();
            await RetainAsync(forwarder);
        }
    }

    [Fact]
    public async Task AlertsAreNoInputOfRulesThatDoNotAskForThem()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        var pusher = await Pusher.CreateAsync(forwarder);
        const string Everything = """
            title: Everything
            logsource: {product: application}
            detection: {selection: {type: '*'}, condition: selection}
            level: low
            """;
        Assert.Equal(HttpStatusCode.Created, (await forwarder.SendAsync(HttpMethod.Post, "/api/v1/rules", new
        {
            name = "all", yaml = $"{Everything}\n---\n{Everything.Replace("Everything", "Own", StringComparison.Ordinal).Replace("application", "forwarder", StringComparison.Ordinal)}", enabled = true,
        })).Status);
        await PushAsync(pusher, "a");
        await WaitForPositionAsync(forwarder, pusher.SourceId, 1);
        await PushAsync(pusher, "b");
        await WaitForPositionAsync(forwarder, pusher.SourceId, 2);

        await WaitForPositionAsync(forwarder, -1, 2);
        Assert.Equal(2L, await ScalarAsync(forwarder, "SELECT next_position - 1 FROM log_head WHERE source_id = -1"));
    }

    private static async Task PushAsync(Pusher pusher, params string[] ids)
    {
        foreach (var id in ids)
        {
            Assert.Equal(HttpStatusCode.Accepted, (await pusher.PushAsync(Pusher.Event(id, "account.refused"), Token)).Status);
        }
    }

    private static async Task WaitForPositionAsync(ForwarderApplication forwarder, int source, long position)
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(Token);
        bound.CancelAfter(TimeSpan.FromMinutes(3));
        await using var followed = await FollowedPositions.ListenAsync(forwarder.ConnectionString, bound.Token);
        await followed.WaitForAsync(source, position, bound.Token);
    }

    private static Task RetainAsync(ForwarderApplication forwarder) =>
        forwarder.Services.GetServices<IHostedService>().OfType<RetentionService>().Single().RunOnceAsync(Token);

    private static async Task<bool> IsKeptAsync(ForwarderApplication forwarder) =>
        await ScalarAsync(forwarder, "SELECT to_regclass('segment_20260115') IS NOT NULL") is true;

    private static async Task<object?> ScalarAsync(ForwarderApplication forwarder, string sql)
    {
        await using var command = forwarder.Services.GetRequiredService<NpgsqlDataSource>().CreateCommand(sql);
        return await command.ExecuteScalarAsync(Token);
    }
}
