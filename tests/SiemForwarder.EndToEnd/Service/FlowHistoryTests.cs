using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using SiemForwarder.EndToEnd.Inbox;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Service.Operations;
using SiemForwarder.Service.Storage;
using SiemForwarder.Service.Telemetry;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.EndToEnd.Service;

/// <summary>The history of the flow: all engines write it together, and it ends after eight days.</summary>
public sealed class FlowHistoryTests(TestPostgres postgres)
{
    private const string Often = "--Forwarder:Operations:GaugeInterval=00:00:01";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task TwoEnginesCountTogetherAndWhatIsOlderThanEightDaysIsDropped()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var first = await ForwarderApplication.StartOnAsync(database, Often, "--Forwarder:Engine:Name=first");
        await using var second = await ForwarderApplication.StartOnAsync(database, Often, "--Forwarder:Engine:Name=second");
        await using var store = NpgsqlDataSource.Create(database);
        await using (var old = store.CreateCommand("INSERT INTO flow_minute SELECT now() - d * interval '1 day', 'appended', 7, 0, 0 FROM unnest(ARRAY[2, 9]) d"))
        {
            await old.ExecuteNonQueryAsync(Token);
        }

        var pusher = await Pusher.CreateAsync(first);
        Assert.Equal(System.Net.HttpStatusCode.Accepted, (await pusher.PushAsync(Pusher.Event("a"), Token)).Status);
        Assert.Equal(System.Net.HttpStatusCode.Accepted, (await new Pusher(second.Api, pusher.SourceId).PushAsync(Pusher.Event("b"), Token)).Status);

        await first.WaitForAsync("/api/v1/history?range=hour", node => Appended(node) == 2);
        await first.WaitForAsync("/api/v1/history?range=week", node => Appended(node) == 9);
        await using var count = store.CreateCommand("SELECT count(*) FROM flow_minute WHERE minute < now() - interval '8 days'");
        Assert.Equal(0L, await count.ExecuteScalarAsync(Token));
    }

    [Fact]
    public async Task TheHistoryOfOneIntegrationHasItsOwnDeliveriesLatenciesAndBacklog()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres, Often);
        await using var receiver = TcpSyslogReceiver.Start();
        var open = await forwarder.AddIntegrationAsync(new { name = "open", serverUrl = $"tcp://127.0.0.1:{receiver.Port}" });
        var closed = await forwarder.AddIntegrationAsync(new { name = "closed", serverUrl = $"tcp://127.0.0.1:{LoopbackPorts.Next()}" });
        var pusher = await Pusher.CreateAsync(forwarder);
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(System.Net.HttpStatusCode.Accepted, (await pusher.PushAsync(Pusher.Event($"{i}"), Token)).Status);
        }

        foreach (var range in (string[])["hour", "day", "week"])
        {
            var delivering = await forwarder.WaitForAsync($"/api/v1/history?range={range}&integration={open}", node => Sum(node, "delivered") >= 3);
            var waiting = await forwarder.WaitForAsync($"/api/v1/history?range={range}&integration={closed}", node => Sum(node, "backlog") >= 3);

            Assert.Contains(delivering["points"]!.AsArray(), point => (double?)point!["latencySeconds"] is >= 0);
            Assert.Equal(0, Sum(waiting, "delivered"));
            Assert.All(waiting["points"]!.AsArray(), point => Assert.Null(point!["latencySeconds"]));
            Assert.All(delivering["points"]!.AsArray(), point => Assert.Null(point!["appended"]));
        }

        Assert.Equal(System.Net.HttpStatusCode.NotFound, (await forwarder.SendAsync(HttpMethod.Get, "/api/v1/history?integration=4711")).Status);
    }

    [Fact]
    public async Task TheFinePartOfAnIntegrationEndsAfterTwoHoursTheCoarseOneAfterEightDaysAndAllOfItWithTheIntegration()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var forwarder = await ForwarderApplication.StartOnAsync(database, Often);
        var id = await forwarder.AddIntegrationAsync(new { name = "old", serverUrl = "tcp://127.0.0.1:9" });
        var history = forwarder.Services.GetRequiredService<IntegrationHistory>();
        var tally = new Dictionary<string, IntegrationTally> { ["old"] = new(7, new(1, 2, 2), 5), ["unknown"] = new(1, default, 1) };
        foreach (var age in (TimeSpan[])[TimeSpan.FromDays(9), TimeSpan.FromDays(2), TimeSpan.FromHours(3), TimeSpan.Zero])
        {
            await history.AddAsync(DateTimeOffset.UtcNow - age, tally, Token);
        }

        await using var store = NpgsqlDataSource.Create(database);
        await using (var left = store.CreateCommand("SELECT minutes || ' ' || count(DISTINCT at) FROM integration_flow GROUP BY minutes ORDER BY minutes"))
        await using (var rows = await left.ExecuteReaderAsync(Token))
        {
            Assert.Equal("1 1", await ReadAsync(rows));
            Assert.Equal("15 3", await ReadAsync(rows));
        }

        var tag = (await forwarder.SendAsync(HttpMethod.Get, $"/api/v1/integrations/{id}")).ETag;
        Assert.Equal(System.Net.HttpStatusCode.NoContent, (await forwarder.SendAsync(HttpMethod.Delete, $"/api/v1/integrations/{id}", ifMatch: tag)).Status);
        await using var gone = store.CreateCommand("SELECT count(*) FROM integration_flow");
        Assert.Equal(0L, await gone.ExecuteScalarAsync(Token));
    }

    [Fact]
    public async Task FiftyPagesThatLookCostTheDatabaseWhatOneCosts()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        var services = forwarder.Services;
        var database = services.GetRequiredService<NpgsqlDataSource>();
        var flow = new FlowReader(database, services.GetRequiredService<ForwarderMetrics>(), services.GetRequiredService<ConfigurationSignal>(), new StoppedTimer());
        var history = new FlowHistory(database, new StoppedTimer());
        var from = DateTimeOffset.UtcNow.AddHours(-1);

        async Task<int> LookAsync(int pages)
        {
            using var statements = CountedStatements.Start();
            await Task.WhenAll(Enumerable.Range(0, pages).Select(async _ =>
            {
                await flow.ReadAsync(8, Token);
                await history.ReadAsync(from, TimeSpan.FromMinutes(1), Token);
            }));
            return statements.All.Count;
        }

        var first = await LookAsync(1);
        var next = await LookAsync(50);
        services.GetRequiredService<ConfigurationSignal>().Raise();
        from = from.AddMinutes(1);

        Assert.InRange(first, 3, 5);
        Assert.Equal(0, next);
        Assert.Equal(first, await LookAsync(50));
    }

    [Theory]
    [InlineData("/api/v1/history?range=year", "range")]
    [InlineData("/api/v1/flow?top=0", "top")]
    public async Task WhatIsNotARangeIsRefusedAtItsField(string path, string field)
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);

        var answer = await forwarder.SendAsync(HttpMethod.Get, path);

        Assert.Equal(System.Net.HttpStatusCode.BadRequest, answer.Status);
        Assert.NotNull(answer.Json["errors"]![field]);
    }

    private static long Appended(JsonNode history) => Sum(history, "appended");

    private static long Sum(JsonNode history, string name) => history["points"]!.AsArray().Sum(point => (long?)point![name] ?? 0);

    private static async Task<string?> ReadAsync(NpgsqlDataReader rows) => await rows.ReadAsync(Token) ? rows.GetString(0) : null;

    // No time passes, so that what is shared stays shared however slow the machine is.
    private sealed class StoppedTimer : TimeProvider
    {
        public override long GetTimestamp() => 0;
    }
}
