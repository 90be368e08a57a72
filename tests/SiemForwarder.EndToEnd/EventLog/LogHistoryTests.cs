using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Service.EventLog;

namespace SiemForwarder.EndToEnd.EventLog;

/// <summary>A database whose history is replaced under running processes: nothing they remember of the other one counts any more.</summary>
public sealed class LogHistoryTests(TestPostgres postgres)
{
    private const long Now = 1_789_041_600_000;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task EventsPushedAfterALostTailGetTheFreePositionsAndAreRead()
    {
        await using var bench = await LogBench.CreateAsync(postgres);
        var source = await bench.AddSourceAsync();
        await using var process = bench.NewProcess();
        var before = await AppendAsync(process, source, 0, 100);
        await CutAsync(bench, source, 51);
        process.Connections.Vital.Clear();

        var after = await AppendAsync(process, source, 100, 101);

        Assert.Equal([.. before[..50], .. after], (await bench.ReadAllAsync(source)).Select(one => one.Key.ToString()));
        Assert.Equal([.. before[..50], .. after], await process.ReadIdsAsync(source, 0, Token));
        Assert.Equal("51 101", await bench.ScalarAsync($"SELECT survived_next || ' ' || known_next FROM log_break WHERE source_id = {source}"));
    }

    [Fact]
    public async Task WhatIsStillInMemoryOfALostTailIsStoredAgain()
    {
        await using var bench = await LogBench.CreateAsync(postgres);
        var source = await bench.AddSourceAsync();
        await using var process = bench.NewProcess();
        var before = await AppendAsync(process, source, 0, 100);
        await CutAsync(bench, source, 51);
        process.Connections.Vital.Clear();
        var after = await AppendAsync(process, source, 100, 1);
        using var restoring = process.NewLostTailService();
        await restoring.StartAsync(Token);
        await UntilAsync(bench, $"SELECT restored = 50 FROM log_break WHERE source_id = {source}");
        await restoring.StopAsync(Token);

        Assert.Equal([.. before[..50], .. after, .. before[50..]], (await bench.ReadAllAsync(source)).Select(one => one.Key.ToString()));
    }

    [Fact]
    public async Task AnotherHistoryOfTheSameLengthIsNoticedByItsLastEvent()
    {
        await using var bench = await LogBench.CreateAsync(postgres);
        var source = await bench.AddSourceAsync();
        await using var process = bench.NewProcess();
        await using var fresh = bench.NewProcess();
        var before = await AppendAsync(process, source, 0, 20);
        await CutAsync(bench, source, 11);
        var other = await AppendAsync(fresh, source, 100, 10);
        process.Connections.Vital.Clear();

        var after = await AppendAsync(process, source, 200, 1);

        Assert.Equal([.. before[..10], .. other, .. after], await process.ReadIdsAsync(source, 0, Token));
        Assert.Equal(1, process.History.Edition);
    }

    [Fact]
    public async Task AnAppendThatRestsOnAnotherHistoryIsRefusedWithItsCheckpoint()
    {
        await using var bench = await LogBench.CreateAsync(postgres);
        var source = await bench.AddSourceAsync();
        await using var process = bench.NewProcess();
        await AppendAsync(process, source, 0, 10);
        var edition = process.History.Edition;
        await CutAsync(bench, source, 6);
        process.Connections.Vital.Clear();
        var page = LogBench.Page(source, [LogBench.Event(Guid.NewGuid(), Now + 500)], """{"watermarkMs":1}""") with { Edition = edition };

        var outcome = await process.Writer.AppendAsync(page, Token);
        var quiet = await process.Writer.AppendAsync(page with { Events = [] }, Token);

        Assert.IsType<AppendOutcome.Superseded>(outcome);
        Assert.IsType<AppendOutcome.Superseded>(quiet);
        Assert.Equal(0L, await bench.ScalarAsync("SELECT count(*) FROM poll_checkpoint"));
        Assert.Equal(6L, await bench.ScalarAsync($"SELECT next_position FROM log_head WHERE source_id = {source}"));
    }

    [Fact]
    public async Task AMoveToAnotherServerGivesEveryLogANewIncarnationOnce()
    {
        await using var bench = await LogBench.CreateAsync(postgres);
        var source = await bench.AddSourceAsync();
        await using var one = bench.NewProcess();
        await using var two = bench.NewProcess();
        await AppendAsync(one, source, 0, 5);
        await two.Writer.VerifyAsync(Token);
        await bench.ScalarAsync("UPDATE log_origin SET timeline = 'former'");

        await one.Writer.VerifyAsync(Token);
        await two.Writer.VerifyAsync(Token);
        await one.Writer.VerifyAsync(Token);

        Assert.Equal([1, 1], new[] { one.History.Edition, two.History.Edition });
        Assert.Equal(1L, await bench.ScalarAsync($"SELECT count(*) FROM log_break WHERE source_id = {source}"));
        Assert.Equal(one.Signal.Incarnation(source), two.Signal.Incarnation(source));
        Assert.True(one.Signal.Incarnation(source) > 1);
    }

    [Fact]
    public async Task ACheckpointBeyondTheEndOfTheLogIsTakenBackToIt()
    {
        await using var bench = await LogBench.CreateAsync(postgres);
        var source = await bench.AddSourceAsync();
        await using var process = bench.NewProcess();
        await AppendAsync(process, source, 0, 10);
        await bench.ScalarAsync("INSERT INTO integration (name, enabled, engine_pool, destination, server_url, definition, created_at, updated_at) VALUES ('siem', true, 'default', 'syslog', 'tcp://x', '{}', now(), now())");
        await bench.ScalarAsync($"INSERT INTO integration_checkpoint (integration_id, source_id, position) SELECT id, {source}, 10 FROM integration");
        await CutAsync(bench, source, 4);

        await process.Writer.VerifyAsync(Token);

        Assert.Equal(3L, await bench.ScalarAsync("SELECT position FROM integration_checkpoint"));
        Assert.Contains("siem", (string)(await bench.ScalarAsync($"SELECT reason FROM log_break WHERE source_id = {source}"))!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task NothingIsForgottenWhereTheHistoryIsTheSame()
    {
        await using var bench = await LogBench.CreateAsync(postgres);
        var source = await bench.AddSourceAsync();
        await using var one = bench.NewProcess();
        await using var two = bench.NewProcess();
        for (var i = 0; i < 5; i++)
        {
            await AppendAsync(one, source, i * 100, 3);
            await AppendAsync(two, source, (i * 100) + 50, 3);
            one.Connections.Vital.Clear();
            two.Connections.Vital.Clear();
        }

        await one.Writer.VerifyAsync(Token);

        Assert.Equal([0, 0], new[] { one.History.Edition, two.History.Edition });
        Assert.Equal(31, one.Signal.NextPosition(source));
        Assert.Equal(0L, await bench.ScalarAsync("SELECT count(*) FROM log_break"));
    }

    /// <summary>Takes back everything from a position on, as a failover to a standby that lagged does.</summary>
    private static async Task CutAsync(LogBench bench, int source, long next)
    {
        await bench.ScalarAsync($"DELETE FROM segment WHERE source_id = {source} AND first_position >= {next}");
        await bench.ScalarAsync($"UPDATE log_head SET next_position = {next}, stamped_position = {next} WHERE source_id = {source}");
    }

    private static async Task<List<string>> AppendAsync(LogProcess process, int source, int offset, int count)
    {
        var events = Enumerable.Range(0, count).Select(i => LogBench.Event(Guid.NewGuid(), Now + offset + i)).ToList();
        foreach (var page in events.Chunk(10))
        {
            Assert.IsType<AppendOutcome.Committed>(await process.Writer.AppendAsync(LogBench.Page(source, page), Token));
        }

        return [.. events.Select(one => one.Key.ToString())];
    }

    private static async Task UntilAsync(LogBench bench, string condition)
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(Token);
        bound.CancelAfter(TimeSpan.FromSeconds(30));
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (await bench.ScalarAsync(condition) is not true)
        {
            await tick.WaitForNextTickAsync(bound.Token);
        }
    }
}
