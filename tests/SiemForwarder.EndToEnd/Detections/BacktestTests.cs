using System.Net;
using Microsoft.Extensions.DependencyInjection;
using SiemForwarder.EndToEnd.Access;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Events;
using SiemForwarder.Service.Detections;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Operations;

namespace SiemForwarder.EndToEnd.Detections;

/// <summary>Backtests that run by themselves, and what they say of a range of which the log does not hold all.</summary>
public sealed class BacktestTests(TestPostgres postgres)
{
    private const string Login = """
        title: Login
        logsource: {product: keycloak}
        detection: {selection: {type: LOGIN}, condition: selection}
        level: high
        """;

    private static readonly DateTimeOffset Start = new(2026, 9, 10, 12, 0, 0, TimeSpan.Zero);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AnOrderedBacktestShowsItsProgressAndResultUntilItIsDeleted()
    {
        await using var forwarder = await StartAsync();
        await SeededLog.AppendAsync(forwarder, await SeededLog.AddSourceAsync(forwarder), Enumerable.Range(0, 5000).Select(number => $"user{number}"), Start.ToUnixTimeMilliseconds());

        var ordered = await forwarder.SendAsync(HttpMethod.Post, "/api/v1/rules/own/backtests", new { from = Start, to = Start.AddHours(1) });
        Assert.Equal(HttpStatusCode.Accepted, ordered.Status);
        var path = $"/api/v1/rules/own/backtests/{ordered.Json["id"]}";
        var done = await forwarder.WaitForAsync(path, run => run["state"]!.ToString() is "Done" or "Failed");

        Assert.Equal(("Done", 5000, 5000), (done["state"]!.ToString(), done["events"]!.GetValue<int>(), done["totalEvents"]!.GetValue<int>()));
        Assert.Equal((5000, true), (done["result"]!["alerts"]!.GetValue<int>(), done["result"]!["isWhole"]!.GetValue<bool>()));
        Assert.Equal(100, done["result"]!["found"]!.AsArray().Count);
        Assert.Single((await forwarder.GetAsync("/api/v1/rules/own/backtests"))["items"]!.AsArray());
        Assert.Equal(204, (int)(await forwarder.SendAsync(HttpMethod.Delete, path)).Status);
        Assert.Equal(404, (int)(await forwarder.SendAsync(HttpMethod.Get, path)).Status);
        Assert.Equal(400, (int)(await forwarder.SendAsync(HttpMethod.Post, "/api/v1/rules/own/backtests", new { from = Start, to = Start })).Status);
        Assert.Equal(404, (int)(await forwarder.SendAsync(HttpMethod.Post, "/api/v1/rules/none/backtests", new { from = Start })).Status);
    }

    [Fact]
    public async Task ABacktestIsDeletedByWhoeverOrderedItOrByAnAdministrator()
    {
        await using var forwarder = await StartAsync();
        using var caller = new Caller(forwarder.Address);
        var (one, other) = (await Caller.NewKeyAsync(forwarder, "siem-investigator"), await Caller.NewKeyAsync(forwarder, "siem-investigator"));
        var (first, second) = (await OrderAsync(), await OrderAsync());

        using var refused = await caller.SendAsync((string)other["key"]!, HttpMethod.Delete, first);
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        Assert.Contains($"ordered by '{one["name"]}'", await refused.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
        Assert.Equal(one["name"]!.ToString(), (await forwarder.GetAsync(first))["orderedBy"]!.ToString());
        using var deleted = await caller.SendAsync((string)one["key"]!, HttpMethod.Delete, first);
        Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
        Assert.Equal(204, (int)(await forwarder.SendAsync(HttpMethod.Delete, second)).Status);
        using var gone = await caller.SendAsync((string)other["key"]!, HttpMethod.Delete, first);
        Assert.Equal(HttpStatusCode.NotFound, gone.StatusCode);

        async Task<string> OrderAsync()
        {
            using var ordered = await caller.SendAsync((string)one["key"]!, HttpMethod.Post, "/api/v1/rules/own/backtests", new { from = Start, to = Start.AddHours(1) });
            Assert.Equal(HttpStatusCode.Accepted, ordered.StatusCode);
            return ordered.Headers.Location!.ToString();
        }
    }

    [Fact]
    public async Task ABacktestThatWasDeletedEndsAfterThePartAtHand()
    {
        await using var forwarder = await StartAsync();
        await SeededLog.AppendAsync(forwarder, await SeededLog.AddSourceAsync(forwarder), Enumerable.Range(0, 5000).Select(number => $"user{number}"), Start.ToUnixTimeMilliseconds());
        var (backtests, table) = (forwarder.Services.GetRequiredService<Backtests>(), forwarder.Services.GetRequiredService<BacktestTable>());
        var range = new BacktestRange(Start, Start.AddHours(1), 10_000, null);
        var library = await forwarder.Services.GetRequiredService<RuleShelf>().ReadAsync(Token);
        var told = new List<(long Followed, long Total)>();

        var result = await backtests.RunAsync(
            library.Files["own"], library, range,
            async (followed, total, token) =>
            {
                told.Add((followed, total));
                return await table.TouchAsync(Guid.NewGuid(), followed, total, token);
            },
            Token);

        Assert.Null(result);
        Assert.Equal(5000, Assert.Single(told).Total);
        Assert.InRange(told[0].Followed, 1, 2000);
    }

    [Fact]
    public async Task ItSaysWhichPartsOfItsRangeWereBlindAndWhy()
    {
        await using var forwarder = await StartAsync();
        var source = await SeededLog.AddSourceAsync(forwarder, "realm");
        await SeededLog.AppendAsync(forwarder, source, Enumerable.Range(0, 600).Select(number => $"user{number}"), Start.ToUnixTimeMilliseconds());
        await using var log = LogBench.Open(forwarder.ConnectionString);
        // Retention took the first page; Keycloak could not read ten of its events; somebody switched auditing off for ten minutes.
        await log.ScalarAsync($"DELETE FROM segment WHERE source_id = {source} AND first_position = 1");
        var gap = $$"""{"fromMs":{{Start.AddMinutes(20).ToUnixTimeMilliseconds()}},"toMs":{{Start.AddMinutes(21).ToUnixTimeMilliseconds()}},"rows":10,"foundAtMs":0}""";
        await log.ScalarAsync($$"""
            INSERT INTO source_status (source_id, engine, report, auditing_off, expiration_seconds, unread_seconds, updated_at)
            VALUES ({{source}}, 'e', '{"streams":[{"gaps":[{{gap}}]}]}', '{}', 0, 0, now())
            """);
        var alarm = new Alarm(AlarmKind.AuditingOff, $"source:{source}", "realm", Start.AddMinutes(30), "off");
        var witness = new[] { OperationalEvent.Raised(alarm), OperationalEvent.Cleared(alarm, Start.AddMinutes(40)) };
        Assert.IsType<AppendOutcome.Committed>(await forwarder.Services.GetRequiredService<EventLogWriter>().AppendAsync(
            new LogAppend(OperationsService.SourceId, EventStream.Forwarder, [.. witness.Select(one => one.ToIncoming())], null), Token));

        var report = await forwarder.PostAsync("/api/v1/rules/own/backtest", new { from = Start.AddMinutes(-10), to = Start.AddHours(1) });

        var blind = report["blind"]!.AsArray().Select(part => (
            (part!["from"]!.GetValue<DateTimeOffset>() - Start).TotalMinutes, (part["to"]!.GetValue<DateTimeOffset>() - Start).TotalMinutes, part["reason"]!.ToString())).ToList();
        Assert.Equal((-10, 0), ((int)blind[0].Item1, (int)blind[0].Item2));
        Assert.Contains("no longer in the log", blind[0].Item3, StringComparison.Ordinal);
        Assert.Contains(blind, part => part.Item1 == 20 && part.Item3.Contains("10 of its events", StringComparison.Ordinal));
        Assert.Contains(blind, part => part is { Item1: 30, Item2: 40 } && part.Item3.Contains("auditing was switched off", StringComparison.Ordinal));
        var later = await forwarder.PostAsync("/api/v1/rules/own/backtest", new { from = Start.AddMinutes(45), to = Start.AddHours(1) });
        Assert.DoesNotContain("auditing", later["blind"]!.ToJsonString(), StringComparison.Ordinal);
    }

    private async Task<ForwarderApplication> StartAsync()
    {
        var forwarder = await ForwarderApplication.StartAsync(postgres);
        await forwarder.PostAsync("/api/v1/rules", new { name = "own", yaml = Login });
        return forwarder;
    }
}
