using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Events;
using SiemForwarder.Service.EventLog;

namespace SiemForwarder.EndToEnd.EventLog;

/// <summary>The promises of the event log, on a real PostgreSQL.</summary>
public sealed class EventLogTests(TestPostgres postgres)
{
    private const long Now = 1_789_041_600_000;

    [Fact]
    public async Task PositionsCountFromOneWithoutHolesAndBytesComeBackAsTheyWere()
    {
        await using var bench = await LogBench.CreateAsync(postgres);
        var source = await bench.AddSourceAsync();
        var writer = bench.NewWriter();
        var events = Enumerable.Range(0, 2500).Select(i => LogBench.Event(Guid.NewGuid(), Now + i)).ToList();

        foreach (var page in events.Chunk(700))
        {
            Assert.IsType<AppendOutcome.Committed>(await writer.AppendAsync(LogBench.Page(source, page), TestContext.Current.CancellationToken));
        }

        var stored = await bench.ReadAllAsync(source);
        Assert.Equal(Enumerable.Range(1, 2500).Select(i => (long)i), stored.Select(one => one.Position));
        Assert.Equal(events.Select(one => System.Text.Encoding.UTF8.GetString(one.Body.Span)), stored.Select(one => one.Body));
        Assert.Equal(events.Select(one => one.Key), stored.Select(one => one.Key));
    }

    [Fact]
    public async Task AnEventThatIsInTheLogIsNotStoredAgainWhoeverAppendsIt()
    {
        await using var bench = await LogBench.CreateAsync(postgres);
        var source = await bench.AddSourceAsync();
        var events = Enumerable.Range(0, 300).Select(i => LogBench.Event(Guid.NewGuid(), Now + (i * 1000))).ToList();
        await bench.NewWriter().AppendAsync(LogBench.Page(source, events), TestContext.Current.CancellationToken);
        var later = LogBench.Event(Guid.NewGuid(), Now + 5);

        var outcome = await bench.NewWriter().AppendAsync(LogBench.Page(source, [.. events, later, later]), TestContext.Current.CancellationToken);

        Assert.Equal(new AppendOutcome.Committed(301, 1, 301), WithoutEvents(outcome));
        Assert.Equal(301, (await bench.ReadAllAsync(source)).Count);
    }

    [Fact]
    public async Task TheSameIdAtAnotherTimeIsAnotherEvent()
    {
        await using var bench = await LogBench.CreateAsync(postgres);
        var source = await bench.AddSourceAsync();
        var id = Guid.NewGuid();
        var writer = bench.NewWriter();
        await writer.AppendAsync(LogBench.Page(source, [LogBench.Event(id, Now)]), TestContext.Current.CancellationToken);

        var outcome = await writer.AppendAsync(LogBench.Page(source, [LogBench.Event(id, Now + 1)]), TestContext.Current.CancellationToken);

        Assert.Equal(new AppendOutcome.Committed(2, 1, 0), WithoutEvents(outcome));
    }

    [Fact]
    public async Task AnEventStoredUnderItsFormerKeyIsKnownUnderItsNewOne()
    {
        await using var bench = await LogBench.CreateAsync(postgres);
        var source = await bench.AddSourceAsync();
        var old = LogBench.Event(Guid.NewGuid(), Now);
        await bench.NewWriter().AppendAsync(LogBench.Page(source, [old]), TestContext.Current.CancellationToken);
        var renamed = LogBench.Event(Guid.NewGuid(), Now) with { FormerKey = old.Key };

        var outcome = await bench.NewWriter().AppendAsync(LogBench.Page(source, [renamed]), TestContext.Current.CancellationToken);

        Assert.Equal(new AppendOutcome.Committed(0, 0, 1), outcome);
    }

    [Fact]
    public async Task AppendersThatRaceStoreEveryEventOnceAndLeaveNoHole()
    {
        await using var bench = await LogBench.CreateAsync(postgres);
        var source = await bench.AddSourceAsync();
        var events = Enumerable.Range(0, 4000).Select(i => LogBench.Event(Guid.NewGuid(), Now + (i * 37))).ToList();
        // Every appender sees overlapping pages of the same stream, as engines do that both believe to own a source.
        async Task AppendAllAsync(int seed)
        {
            var random = new Random(seed);
            var writer = bench.NewWriter();
            foreach (var first in Enumerable.Range(0, 40).Select(i => i * 100).OrderBy(_ => random.Next()))
            {
                var page = events.Skip(Math.Max(0, first - 50)).Take(200).OrderBy(_ => random.Next());
                Assert.IsType<AppendOutcome.Committed>(await writer.AppendAsync(LogBench.Page(source, page), TestContext.Current.CancellationToken));
            }
        }

        await Task.WhenAll(Enumerable.Range(1, 4).Select(AppendAllAsync));

        var stored = await bench.ReadAllAsync(source);
        Assert.Equal(Enumerable.Range(1, 4000).Select(i => (long)i), stored.Select(one => one.Position));
        Assert.Equal(events.Select(one => one.Key.Value).Order(), stored.Select(one => one.Key.Value).Order());
    }

    [Fact]
    public async Task TheCheckpointMovesWithThePageAndAlone()
    {
        await using var bench = await LogBench.CreateAsync(postgres);
        var source = await bench.AddSourceAsync();
        var writer = bench.NewWriter();
        var one = LogBench.Event(Guid.NewGuid(), Now);

        await writer.AppendAsync(LogBench.Page(source, [one], """{"w":1}"""), TestContext.Current.CancellationToken);
        Assert.Equal("""{"w": 1}""", await bench.ScalarAsync("SELECT state::text FROM poll_checkpoint"));
        await writer.AppendAsync(LogBench.Page(source, [one], """{"w":2}"""), TestContext.Current.CancellationToken);
        Assert.Equal("""{"w": 2}""", await bench.ScalarAsync("SELECT state::text FROM poll_checkpoint"));
        Assert.Equal(1L, await bench.ScalarAsync("SELECT count(*) FROM segment"));
    }

    [Fact]
    public async Task AWindowThatForgotItsOldMinutesStillKnowsTheirEvents()
    {
        await using var bench = await LogBench.CreateAsync(postgres);
        var source = await bench.AddSourceAsync();
        var window = new KeyWindow(maxKeys: 100);
        var old = Enumerable.Range(0, 90).Select(i => LogBench.Event(Guid.NewGuid(), Now + i)).ToList();
        window.Cover(window.MissingMinutes(old));
        old.ForEach(one => window.Add(one.OccurredAtMs, one.Key));
        await bench.NewWriter().AppendAsync(LogBench.Page(source, old), TestContext.Current.CancellationToken);
        var recent = Enumerable.Range(0, 90).Select(i => LogBench.Event(Guid.NewGuid(), Now + 3_600_000 + i)).ToList();
        window.Cover(window.MissingMinutes(recent));
        recent.ForEach(one => window.Add(one.OccurredAtMs, one.Key));
        window.Trim();

        var missing = window.MissingMinutes(old);
        Assert.NotEmpty(missing);
        window.Head = await LogHead.ReadAsync(bench.Database, source, TestContext.Current.CancellationToken);
        await KeyReader.CoverAsync(bench.Database, source, window, missing, TestContext.Current.CancellationToken);
        Assert.Empty(window.AddNew(old));
    }

    [Fact]
    public async Task AReaderIsWokenByAnAppendOfAnotherProcess()
    {
        await using var bench = await LogBench.CreateAsync(postgres);
        var source = await bench.AddSourceAsync();
        await using var other = bench.NewProcess();
        var (signal, listener) = (other.Signal, other.NewListener());
        await listener.StartAsync(TestContext.Current.CancellationToken);
        var grown = signal.Grown;
        // The head read at the start counts as the first growth.
        await grown.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        grown = signal.Grown;

        await using var one = bench.NewProcess();
        await one.Writer.AppendAsync(LogBench.Page(source, [LogBench.Event(Guid.NewGuid(), Now)]), TestContext.Current.CancellationToken);
        await one.Notices.SendAsync(bench.Database, TestContext.Current.CancellationToken);

        await grown.WaitAsync(TimeSpan.FromSeconds(4), TestContext.Current.CancellationToken);
        Assert.Equal(2, signal.NextPosition(source));
        await listener.StopAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task AnAppendThatFailedLeavesNothingAndTheNextOneIsStillExact()
    {
        await using var bench = await LogBench.CreateAsync(postgres);
        var source = await bench.AddSourceAsync();
        var writer = bench.NewWriter();
        var one = LogBench.Event(Guid.NewGuid(), Now);
        await writer.AppendAsync(LogBench.Page(source, [one]), TestContext.Current.CancellationToken);
        await bench.ScalarAsync("ALTER TABLE log_head RENAME TO away");
        await bench.ScalarAsync("CREATE VIEW log_head AS SELECT source_id, 1 / (source_id - source_id) AS next_position FROM away");

        // Whatever the fault, the outcome of the append is never half of it.
        Assert.IsType<AppendOutcome.Unavailable>(
            await writer.AppendAsync(LogBench.Page(source, [LogBench.Event(Guid.NewGuid(), Now + 1)]), TestContext.Current.CancellationToken));
        await bench.ScalarAsync("DROP VIEW log_head");
        await bench.ScalarAsync("ALTER TABLE away RENAME TO log_head");

        Assert.Equal(new AppendOutcome.Committed(0, 0, 1), await writer.AppendAsync(LogBench.Page(source, [one]), TestContext.Current.CancellationToken));
        Assert.Single(await bench.ReadAllAsync(source));
    }

    private static AppendOutcome WithoutEvents(AppendOutcome outcome) => Assert.IsType<AppendOutcome.Committed>(outcome) with { Stored = [] };
}
