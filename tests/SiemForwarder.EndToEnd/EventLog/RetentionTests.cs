using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Npgsql;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Events;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.EndToEnd.EventLog;

/// <summary>What retention drops, what it keeps, and what is said of what is gone.</summary>
public sealed class RetentionTests(TestPostgres postgres)
{
    private static readonly DateTimeOffset LongAgo = new(2026, 1, 15, 12, 0, 0, TimeSpan.Zero);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ADayIsKeptWhileAnEnabledIntegrationLacksItAndDroppedAfterwards()
    {
        await using var forwarder = await StartAsync();
        var source = await SeededLog.AddSourceAsync(forwarder);
        int port;
        await using (var gone = TcpSyslogReceiver.Start())
        {
            port = gone.Port;
        }

        var integration = await forwarder.AddIntegrationAsync(new { name = "late", serverUrl = $"tcp://127.0.0.1:{port}", outputType = "JSON" });
        var old = await AppendAsync(forwarder, source, LongAgo, 5);

        await RunAsync(forwarder);
        Assert.Contains("segment_20260115", await PartitionsAsync(forwarder));

        await using var receiver = TcpSyslogReceiver.Start(port: port);
        await receiver.WaitForMessagesAsync(5, Token);
        await forwarder.WaitForAsync($"/api/v1/integrations/{integration}/status", node => node["backlog"]!.GetValue<long>() == 0);
        await RunUntilDroppedAsync(forwarder, "segment_20260115");

        var partitions = await PartitionsAsync(forwarder);
        Assert.Contains($"segment_{DateTime.UtcNow:yyyyMMdd}", partitions);
        Assert.Contains($"segment_{DateTime.UtcNow.AddDays(1):yyyyMMdd}", partitions);
        Assert.Equal(old, Ids(receiver));
        Assert.Equal(0L, await ScalarAsync(forwarder, "SELECT count(*) FROM gap"));
    }

    [Fact]
    public async Task ADisabledIntegrationHoldsNothingAndItsGapIsWrittenDownWhenItGoesOn()
    {
        await using var forwarder = await StartAsync();
        await using var receiver = TcpSyslogReceiver.Start();
        var source = await SeededLog.AddSourceAsync(forwarder);
        var integration = await forwarder.PostAsync("/api/v1/integrations", new { name = "off", serverUrl = $"tcp://127.0.0.1:{receiver.Port}", outputType = "JSON" });
        var path = $"/api/v1/integrations/{integration["id"]}";
        await AppendAsync(forwarder, source, LongAgo, 7);

        await RunUntilDroppedAsync(forwarder, "segment_20260115");
        var later = await SeededLog.AppendAsync(forwarder, source, ["after the gap"]);
        await forwarder.PostAsync($"{path}/enable");

        await receiver.WaitForMessagesAsync(1, Token);
        await forwarder.WaitForAsync($"{path}/status", node => node["backlog"]!.GetValue<long>() == 0);
        Assert.Equal(later, Ids(receiver));
        Assert.Equal("1-7 1", await ScalarAsync(forwarder, "SELECT string_agg(first_position || '-' || last_position || ' ' || integration_id, ',') FROM gap"));
    }

    [Fact]
    public async Task AGapAtTheEndOfTheLogIsWrittenDownTooAndLeavesNoBacklog()
    {
        await using var forwarder = await StartAsync();
        var source = await SeededLog.AddSourceAsync(forwarder);
        var integration = await forwarder.PostAsync("/api/v1/integrations", new { name = "off", serverUrl = "tcp://127.0.0.1:9", outputType = "JSON" });
        await AppendAsync(forwarder, source, LongAgo, 7);
        await RunUntilDroppedAsync(forwarder, "segment_20260115");

        await forwarder.PostAsync($"/api/v1/integrations/{integration["id"]}/enable");

        await forwarder.WaitForAsync($"/api/v1/integrations/{integration["id"]}/status", node => node["backlog"]!.GetValue<long>() == 0);
        Assert.Equal("1-7", await ScalarAsync(forwarder, "SELECT string_agg(first_position || '-' || last_position, ',') FROM gap"));
    }

    [Fact]
    public async Task AnIntegrationOfOtherSourcesHoldsNothingAndADeletedSourceStopsNobody()
    {
        await using var forwarder = await StartAsync();
        await using var receiver = TcpSyslogReceiver.Start();
        var (kept, deleted) = (await SeededLog.AddSourceAsync(forwarder, "kept"), await SeededLog.AddSourceAsync(forwarder, "deleted"));
        var integration = await forwarder.PostAsync("/api/v1/integrations", new
        {
            name = "both",
            serverUrl = $"tcp://127.0.0.1:{receiver.Port}",
            outputType = "JSON",
            sources = new[] { kept, deleted },
        });
        await SeededLog.AppendAsync(forwarder, deleted, ["unsent"]);
        await AppendAsync(forwarder, deleted, LongAgo, 3);
        var current = await forwarder.SendAsync(HttpMethod.Get, $"/api/v1/sources/{deleted}");
        Assert.Equal(204, (int)(await forwarder.SendAsync(HttpMethod.Delete, $"/api/v1/sources/{deleted}", null, current.ETag)).Status);

        await forwarder.PostAsync($"/api/v1/integrations/{integration["id"]}/enable");
        var ids = await SeededLog.AppendAsync(forwarder, kept, ["sent"]);

        await receiver.WaitForMessagesAsync(1, Token);
        var status = await forwarder.WaitForAsync($"/api/v1/integrations/{integration["id"]}/status", node => node["backlog"]!.GetValue<long>() == 0);
        Assert.Equal(ids, Ids(receiver));
        Assert.Equal("Success", status["status"]!.GetValue<string>());
        await RunUntilDroppedAsync(forwarder, "segment_20260115");
    }

    [Fact]
    public async Task TheHardLimitDropsWhatAnIntegrationHasNotGotAndWritesTheLossDown()
    {
        await using var forwarder = await StartAsync("--Forwarder:EventLog:HardLimitDays=40");
        var source = await SeededLog.AddSourceAsync(forwarder);
        await forwarder.AddIntegrationAsync(new { name = "away", serverUrl = "tcp://127.0.0.1:9", outputType = "JSON" });
        await AppendAsync(forwarder, source, LongAgo, 5);
        var kept = await AppendAsync(forwarder, source, DateTimeOffset.UtcNow.AddDays(-35), 3);

        await RunUntilDroppedAsync(forwarder, "segment_20260115");
        await RunAsync(forwarder);

        Assert.Contains($"segment_{DateTime.UtcNow.AddDays(-35):yyyyMMdd}", await PartitionsAsync(forwarder));
        Assert.Equal("1-5", await ScalarAsync(forwarder, "SELECT string_agg(first_position || '-' || last_position, ',') FROM gap"));
        Assert.Equal(3, kept.Count);
    }

    [Fact]
    public async Task ALogThatIsTooLargeLosesItsOldestDaysFirstAndOnlyThoseThatAllHave()
    {
        await using var forwarder = await StartAsync("--Forwarder:EventLog:MaxBytes=1");
        var source = await SeededLog.AddSourceAsync(forwarder);
        var (first, second) = (DateTimeOffset.UtcNow.AddDays(-3), DateTimeOffset.UtcNow.AddDays(-2));
        await AppendAsync(forwarder, source, first, 5);
        await forwarder.AddIntegrationAsync(new { name = "away", serverUrl = "tcp://127.0.0.1:9", outputType = "JSON" });
        await AppendAsync(forwarder, source, second, 5);

        await RunUntilDroppedAsync(forwarder, $"segment_{first:yyyyMMdd}");

        var partitions = await PartitionsAsync(forwarder);
        Assert.Contains($"segment_{second:yyyyMMdd}", partitions);
        Assert.Contains($"segment_{DateTime.UtcNow:yyyyMMdd}", partitions);
        Assert.Equal(0L, await ScalarAsync(forwarder, "SELECT count(*) FROM gap"));
    }

    // Without the index nobody reads the old days, so that nothing of them is in memory.
    private Task<ForwarderApplication> StartAsync(params string[] settings) => ForwarderApplication.StartAsync(
        postgres, ["--Forwarder:EventLog:RetentionInterval=1.00:00:00", "--Forwarder:EventLog:IndexEnabled=false", .. settings]);

    private static Task RunAsync(ForwarderApplication forwarder) =>
        forwarder.Services.GetServices<IHostedService>().OfType<RetentionService>().Single().RunOnceAsync(Token);

    /// <summary>Runs passes until a day is gone: one that meets the service's own first pass, or a reader of the table, leaves the day to the next.</summary>
    private static async Task RunUntilDroppedAsync(ForwarderApplication forwarder, string partition)
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(Token);
        bound.CancelAfter(TimeSpan.FromMinutes(1));
        do
        {
            bound.Token.ThrowIfCancellationRequested();
            await RunAsync(forwarder);
        }
        while ((await PartitionsAsync(forwarder)).Contains(partition));
    }

    /// <summary>Appends events as another engine did on a day of the past.</summary>
    private static async Task<List<string>> AppendAsync(ForwarderApplication forwarder, int source, DateTimeOffset receivedAt, int count)
    {
        var database = forwarder.Services.GetRequiredService<NpgsqlDataSource>();
        var writer = LogBench.NewWriter(database, new StoppedClock(receivedAt), forwarder.Services.GetRequiredService<EventLogSignal>(), new SegmentCache());
        var ids = Enumerable.Range(0, count).Select(_ => Guid.NewGuid()).ToList();
        var events = ids.Select((id, index) => LogBench.Event(id, receivedAt.ToUnixTimeMilliseconds() + index));
        Assert.IsType<AppendOutcome.Committed>(await writer.AppendAsync(LogBench.Page(source, events), Token));
        return [.. ids.Select(id => id.ToString("D"))];
    }

    private static async Task<List<string>> PartitionsAsync(ForwarderApplication forwarder) =>
        [.. ((string[])(await ScalarAsync(forwarder, "SELECT array_agg(inhrelid::regclass::text) FROM pg_inherits WHERE inhparent = 'segment'::regclass"))!)];

    private static async Task<object?> ScalarAsync(ForwarderApplication forwarder, string sql)
    {
        await using var command = forwarder.Services.GetRequiredService<NpgsqlDataSource>().CreateCommand(sql);
        return await command.ExecuteScalarAsync(Token);
    }

    private static IEnumerable<string> Ids(TcpSyslogReceiver receiver) => receiver.Messages.Select(message => JsonNode.Parse(message)!["event_id"]!.GetValue<string>());
}
