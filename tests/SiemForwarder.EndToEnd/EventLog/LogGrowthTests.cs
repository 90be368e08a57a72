using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Events;
using SiemForwarder.Service.Engines;
using SiemForwarder.Service.EventLog;

namespace SiemForwarder.EndToEnd.EventLog;

/// <summary>What reads and appends touch however many days and small segments a log has.</summary>
public sealed class LogGrowthTests(TestPostgres postgres)
{
    private static readonly DateTimeOffset Begin = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AReadTouchesOnlyTheDayThatHoldsThePosition()
    {
        await using var bench = await LogBench.CreateAsync(postgres);
        var source = await bench.AddSourceAsync();
        await FillAsync(bench, source, days: 12, perDay: 3);
        await using var process = bench.NewProcess();
        await process.Writer.VerifyAsync(Token);

        // Held by somebody else, so that a read which touched another day than the sixth would wait for ever.
        await using var held = await HoldAsync(bench, Enumerable.Range(0, 12).Where(day => day != 5));
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(Token);
        bound.CancelAfter(TimeSpan.FromSeconds(20));
        var segment = await process.Reader.HoldAsync(source, 15, bound.Token);
        var before = await process.Reader.FetchBeforeAsync(source, 19, bound.Token);

        Assert.Equal(16, segment!.FirstPosition);
        Assert.Equal(18, before!.LastPosition);
        Assert.Equal(Begin.AddDays(5), segment.ReceivedAt);
    }

    [Fact]
    public async Task APushOfOldEventsLooksAtTheirDayAlone()
    {
        await using var bench = await LogBench.CreateAsync(postgres);
        var source = await bench.AddSourceAsync();
        var stored = await FillAsync(bench, source, days: 12, perDay: 3);
        await using var process = bench.NewProcess();
        await process.Writer.VerifyAsync(Token);

        await using var held = await HoldAsync(bench, Enumerable.Range(0, 12).Where(day => day != 2));
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(Token);
        bound.CancelAfter(TimeSpan.FromSeconds(20));
        var fresh = LogBench.Event(Guid.NewGuid(), Begin.AddDays(2).ToUnixTimeMilliseconds() + 2);
        var outcome = await process.Writer.AppendAsync(LogBench.Page(source, [.. stored[6..9], fresh]), bound.Token);

        Assert.Equal((1, 3), outcome is AppendOutcome.Committed committed ? (committed.Appended, committed.Duplicates) : default);
    }

    [Fact]
    public async Task ALateEventIsKnownOnTheDayItWasReceivedHoweverOldItIs()
    {
        await using var bench = await LogBench.CreateAsync(postgres);
        var source = await bench.AddSourceAsync();
        await FillAsync(bench, source, days: 6, perDay: 3);
        var (late, future) = (LogBench.Event(Guid.NewGuid(), Begin.AddDays(-400).ToUnixTimeMilliseconds()), LogBench.Event(Guid.NewGuid(), Begin.AddDays(900).ToUnixTimeMilliseconds()));
        await bench.NewWriter(new StoppedClock(Begin.AddDays(6))).AppendAsync(LogBench.Page(source, [late, future]), Token);
        await FillAsync(bench, source, days: 3, perDay: 3, from: 7);

        var outcome = await bench.NewWriter(new StoppedClock(Begin.AddDays(12))).AppendAsync(LogBench.Page(source, [late, future]), Token);

        Assert.Equal((0, 2), outcome is AppendOutcome.Committed committed ? (committed.Appended, committed.Duplicates) : default);
    }

    [Fact]
    public async Task AnEngineWhoseClockIsBehindDoesNotPutEventsBackIntoAFormerDay()
    {
        await using var bench = await LogBench.CreateAsync(postgres);
        var source = await bench.AddSourceAsync();
        await FillAsync(bench, source, days: 1, perDay: 3, from: 1);

        await FillAsync(bench, source, days: 1, perDay: 3);

        Assert.Equal(1L, await bench.ScalarAsync("SELECT count(*) FROM log_day"));
        Assert.Equal(6, (await bench.ReadAllAsync(source)).Count);
        Assert.True(await bench.ScalarAsync("SELECT min(received_at) = max(received_at) FROM segment") is true);
    }

    [Fact]
    public async Task WhatAnEngineOfAnOlderVersionAppendsIsFoundAndKnown()
    {
        await using var bench = await LogBench.CreateAsync(postgres);
        var source = await bench.AddSourceAsync();
        var stored = await FillAsync(bench, source, days: 3, perDay: 3);
        // As the older version left it: no days, no stamp.
        await bench.ScalarAsync("DELETE FROM log_day");
        await bench.ScalarAsync("UPDATE log_head SET stamped_position = 0, last_received_at = NULL");
        await using var process = bench.NewProcess();
        await process.Writer.VerifyAsync(Token);

        var read = await process.ReadIdsAsync(source, 0, Token);
        var outcome = await process.Writer.AppendAsync(LogBench.Page(source, stored), Token);

        Assert.Equal(stored.Select(one => one.Key.ToString()), read);
        Assert.Equal((0, 9), outcome is AppendOutcome.Committed committed ? (committed.Appended, committed.Duplicates) : default);
        Assert.Equal(3L, await bench.ScalarAsync("SELECT count(*) FROM log_day"));
    }

    [Fact]
    public async Task SmallSegmentsAreMergedAndNothingOfThemChanges()
    {
        await using var bench = await LogBench.CreateAsync(postgres);
        var source = await bench.AddSourceAsync();
        await using var process = bench.NewProcess();
        var writer = process.Writer;
        for (var i = 0; i < 300; i++)
        {
            await writer.AppendAsync(LogBench.Page(source, [LogBench.Event(Guid.NewGuid(), Begin.ToUnixTimeMilliseconds() + (i % 7))]), Token);
        }

        var (before, received) = (await bench.ReadAllAsync(source), await ReceiptsAsync(bench, source));
        using var compaction = new CompactionService(bench.Database, process.Guard, TimeProvider.System, NullLogger<CompactionService>.Instance);
        var gone = await compaction.CompactAsync(TimeSpan.FromSeconds(-1), Token);

        Assert.Equal(299, gone);
        Assert.Equal(1L, await bench.ScalarAsync("SELECT count(*) FROM segment"));
        Assert.Equal(before, await bench.ReadAllAsync(source));
        Assert.Equal(received, await ReceiptsAsync(bench, source));
        Assert.Equal((0, 300), await bench.NewWriter().AppendAsync(
            LogBench.Page(source, before.Select(one => new IncomingEvent(TimeOf(one.Body), one.Key, null, System.Text.Encoding.UTF8.GetBytes(one.Body)))), Token)
            is AppendOutcome.Committed committed ? (committed.Appended, committed.Duplicates) : default);
        Assert.Equal(0, await compaction.CompactAsync(TimeSpan.FromSeconds(-1), Token));
    }

    [Fact]
    public async Task NamesOfUsersAreKeptBesideTheirEventsAndThroughMerging()
    {
        await using var bench = await LogBench.CreateAsync(postgres);
        var source = await bench.AddSourceAsync();
        await using var process = bench.NewProcess();
        foreach (var (user, name) in new[] { ("a", "alice"), ("b", null), ("c", "carol \u0000 {\"}") })
        {
            var names = new UserNames();
            if (name is not null)
            {
                names.Add("r1", user, name);
            }

            await process.Writer.AppendAsync(
                LogBench.Page(source, [LogBench.Event(Guid.NewGuid(), Begin.ToUnixTimeMilliseconds())]) with { Names = name is null ? null : names }, Token);
        }

        await using var other = bench.NewProcess();
        var first = await other.Reader.FetchNextAsync(source, 0, Token);
        await new SegmentCompaction(bench.Database, TimeProvider.System)
            .MergeNextAsync(source, DateOnly.FromDateTime(first!.ReceivedAt.UtcDateTime), 0, TimeSpan.FromSeconds(-1), Token);
        await using var third = bench.NewProcess();
        var merged = await third.Reader.FetchNextAsync(source, 0, Token);

        Assert.Equal((1, "alice"), (first.Count, first.Names?.Find("r1", "a")));
        Assert.Equal(3, merged!.Count);
        Assert.Equal(("alice", null), (merged.Names!.Find("r1", "a"), merged.Names.Find("r1", "b")));
        Assert.StartsWith("carol", merged.Names.Find("r1", "c"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task NamesOfManyUsersAreKeptWhole()
    {
        await using var bench = await LogBench.CreateAsync(postgres);
        var source = await bench.AddSourceAsync();
        await using var process = bench.NewProcess();
        var names = new UserNames();
        for (var i = 0; i < 2000; i++)
        {
            names.Add("r1", $"{Guid.NewGuid():D}-{i}", $"user zoë {i}");
        }

        names.Add("r1", "last", "carol");
        await process.Writer.AppendAsync(LogBench.Page(source, [LogBench.Event(Guid.NewGuid(), Begin.ToUnixTimeMilliseconds())]) with { Names = names }, Token);

        await using var other = bench.NewProcess();
        var read = await other.Reader.FetchNextAsync(source, 0, Token);

        Assert.Equal((2001, "carol"), (read!.Names!.Count, read.Names.Find("r1", "last")));
    }

    [Fact]
    public async Task TheIndexTakesManySegmentsInOneTransaction()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres, ["--Forwarder:EventLog:IndexEnabled=false"]);
        var source = await SeededLog.AddSourceAsync(forwarder);
        for (var i = 0; i < 60; i++)
        {
            await SeededLog.AppendAsync(forwarder, source, [$"user {i}"]);
        }

        await using var second = await ForwarderApplication.StartOnAsync(forwarder.ConnectionString, ["--Forwarder:Engine:Name=indexing"]);
        await using var database = NpgsqlDataSource.Create(forwarder.ConnectionString);
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        while ((long)(await ScalarAsync(database, $"SELECT count(*) FROM event_index WHERE source_id = {source}"))! < 60)
        {
            await tick.WaitForNextTickAsync(Token);
        }

        Assert.Equal(1L, await ScalarAsync(database, $"SELECT count(DISTINCT xmin::text) FROM event_index WHERE source_id = {source}"));
    }

    [Fact]
    public async Task KeysOfALogThatNobodyAppendsToAreForgottenAfterAWhile()
    {
        await using var bench = await LogBench.CreateAsync(postgres);
        var (quiet, busy) = (await bench.AddSourceAsync("quiet"), await bench.AddSourceAsync("busy"));
        var clock = new MovedClock();
        var writer = bench.NewWriter(clock);
        var stored = Enumerable.Range(0, 500).Select(i => LogBench.Event(Guid.NewGuid(), Begin.ToUnixTimeMilliseconds() + i)).ToList();
        await writer.AppendAsync(LogBench.Page(quiet, stored), Token);
        Assert.InRange(writer.KeyCount, 500, 600);

        clock.Move(TimeSpan.FromMinutes(16));
        await writer.AppendAsync(LogBench.Page(busy, [LogBench.Event(Guid.NewGuid(), Begin.ToUnixTimeMilliseconds())]), Token);

        Assert.InRange(writer.KeyCount, 1, 10);
        Assert.Equal((0, 500), await writer.AppendAsync(LogBench.Page(quiet, stored), Token) is AppendOutcome.Committed committed
            ? (committed.Appended, committed.Duplicates) : default);
    }

    [Fact]
    public async Task TheKeysOfAllLogsTogetherStayWithinTheBoundOfTheProcess()
    {
        await using var bench = await LogBench.CreateAsync(postgres);
        var clock = new MovedClock();
        var writer = LogBench.NewWriter(bench.Database, clock, new EventLogSignal(), new SegmentCache(), maxKeys: 1000);
        var stored = new Dictionary<int, List<IncomingEvent>>();
        for (var number = 0; number < 5; number++)
        {
            var source = await bench.AddSourceAsync($"source {number}");
            stored[source] = [.. Enumerable.Range(0, 300).Select(i => LogBench.Event(Guid.NewGuid(), Begin.ToUnixTimeMilliseconds() + (i * 1000)))];
            await writer.AppendAsync(LogBench.Page(source, stored[source]), Token);
        }

        Assert.InRange(writer.KeyCount, 1500, 1600);
        // A sweep halves the windows, the longest unused first; each runs once a minute.
        clock.Move(TimeSpan.FromMinutes(2));
        await writer.AppendAsync(LogBench.Page(stored.Keys.Last(), [LogBench.Event(Guid.NewGuid(), Begin.ToUnixTimeMilliseconds())]), Token);

        Assert.InRange(writer.KeyCount, 1, 1100);
        foreach (var (source, events) in stored)
        {
            Assert.Equal((0, 300), await writer.AppendAsync(LogBench.Page(source, events), Token) is AppendOutcome.Committed committed
                ? (committed.Appended, committed.Duplicates) : default);
        }
    }

    [Fact]
    public async Task AnAppendTellsNobodyWithinItsTransactionAndManyAreToldInOne()
    {
        await using var bench = await LogBench.CreateAsync(postgres);
        var sources = new[] { await bench.AddSourceAsync("one"), await bench.AddSourceAsync("two") };
        await using var process = bench.NewProcess();
        await using var listening = await bench.Database.OpenConnectionAsync(Token);
        var heard = new List<string>();
        listening.Notification += (_, notification) => heard.Add(notification.Payload);
        await using (var listen = new NpgsqlCommand($"LISTEN {EventLogWriter.Channel}", listening))
        {
            await listen.ExecuteNonQueryAsync(Token);
        }

        for (var i = 0; i < 10; i++)
        {
            await process.Writer.AppendAsync(LogBench.Page(sources[i % 2], [LogBench.Event(Guid.NewGuid(), Begin.ToUnixTimeMilliseconds() + i)]), Token);
        }

        // Notices come in the order of their transactions: what the appends had told would come before this one.
        await bench.ScalarAsync($"SELECT pg_notify('{EventLogWriter.Channel}', 'after the appends')");
        await process.Notices.SendAsync(bench.Database, Token);
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(Token);
        bound.CancelAfter(TimeSpan.FromSeconds(20));
        while (heard.Count < 3)
        {
            await listening.WaitAsync(bound.Token);
        }

        Assert.Equal(["after the appends", .. sources.Select(source => $"{source} 6")], heard.Take(1).Concat(heard.Skip(1).Order(StringComparer.Ordinal)));
    }

    [Fact]
    public async Task LookUpsByEventSourceAndByIntegrationUseAnIndex()
    {
        await using var bench = await LogBench.CreateAsync(postgres);
        await new DayPartitions(bench.Database).EnsureAsync(Begin, Token);
        const string Times = "timestamptz '2026-03-01 00:00+00' + i * interval '1 second'";
        await bench.ScalarAsync($"""
            INSERT INTO event_index (received_at, occurred_at, source_id, position, key, outcome, severity, type, category)
            SELECT {Times}, {Times}, CASE WHEN i % 5000 = 7 THEN 99 ELSE i % 40 END, i, gen_random_uuid(), 0, 1, 'LOGIN', 'authentication' FROM generate_series(1, 50000) i
            """);
        await bench.ScalarAsync($"""
            INSERT INTO delivery (integration_id, source_id, first_position, last_position, event_count, byte_count, sha256, attempts, answer, delivered_at)
            SELECT i % 100, 1, i, i, 1, 1, ''::bytea, 1, '', {Times} FROM generate_series(1, 50000) i
            """);
        await bench.ScalarAsync("ANALYZE event_index, delivery");

        // As search and the list of deliveries ask.
        var search = await ExplainAsync(bench, "SELECT position FROM event_index WHERE source_id = 99 AND occurred_at >= '2026-03-01' ORDER BY occurred_at DESC, source_id, position DESC LIMIT 50");
        var list = await ExplainAsync(bench, "SELECT id FROM delivery WHERE integration_id = 42 ORDER BY delivered_at DESC, id DESC LIMIT 50");
        var one = await ExplainAsync(bench, "SELECT id FROM delivery WHERE integration_id = 42 AND source_id = 1 AND last_position >= 700 AND first_position <= 700 ORDER BY delivered_at LIMIT 1");

        Assert.Contains("source_id_occurred_at_idx", search, StringComparison.Ordinal);
        Assert.Contains("integration_id_delivered_at_id_idx", list, StringComparison.Ordinal);
        Assert.All([search, list, one], plan => Assert.DoesNotContain("Seq Scan", plan, StringComparison.Ordinal));
    }

    [Fact]
    public async Task AllFreeLeasesAreTakenInOneStatementAndEachByOneEngine()
    {
        await using var bench = await LogBench.CreateAsync(postgres);
        var work = Enumerable.Range(1, 200).Select(id => new Work(LeaseKind.Integration, id, "default", false, true, 1)).ToList();
        var (one, two) = (new LeaseTable(bench.Database, new EngineOptions { Name = "one" }), new LeaseTable(bench.Database, new EngineOptions { Name = "two" }));

        var taken = await Task.WhenAll(one.AcquireAsync(work, Token), two.AcquireAsync([.. work.AsEnumerable().Reverse()], Token));

        Assert.Equal(work.Select(piece => piece.ResourceId), taken.SelectMany(leases => leases).Select(lease => lease.ResourceId).Order());
        // Rows of one statement share their transaction and their place in it.
        Assert.True(await bench.ScalarAsync("SELECT count(DISTINCT (xmin::text, cmin::text)) <= 2 FROM lease") is true);
    }

    private static async Task<string> ExplainAsync(LogBench bench, string sql)
    {
        await using var command = bench.Database.CreateCommand($"EXPLAIN {sql}");
        await using var reader = await command.ExecuteReaderAsync(Token);
        var plan = new System.Text.StringBuilder();
        while (await reader.ReadAsync(Token))
        {
            plan.AppendLine(reader.GetString(0));
        }

        return plan.ToString();
    }

    private static long TimeOf(string body) => System.Text.Json.Nodes.JsonNode.Parse(body)!["time"]!.GetValue<long>();

    private static async Task<object?> ScalarAsync(NpgsqlDataSource database, string sql)
    {
        await using var command = database.CreateCommand(sql);
        return await command.ExecuteScalarAsync(Token);
    }

    /// <summary>When each event was received, by position.</summary>
    private static async Task<List<DateTimeOffset>> ReceiptsAsync(LogBench bench, int source)
    {
        var reader = await bench.NewReaderAsync(source);
        var (all, after) = (new List<DateTimeOffset>(), 0L);
        while (await reader.HoldAsync(source, after, Token) is { } segment)
        {
            all.AddRange(Enumerable.Range(0, segment.Count).Select(i => segment.ReceivedAtOf(i)));
            after = segment.LastPosition;
        }

        return all;
    }

    private static async Task<List<IncomingEvent>> FillAsync(LogBench bench, int source, int days, int perDay, int from = 0)
    {
        var all = new List<IncomingEvent>();
        for (var day = from; day < from + days; day++)
        {
            var at = Begin.AddDays(day);
            var page = Enumerable.Range(0, perDay).Select(i => LogBench.Event(Guid.NewGuid(), at.ToUnixTimeMilliseconds() - (i * 10))).ToList();
            Assert.IsType<AppendOutcome.Committed>(await bench.NewWriter(new StoppedClock(at)).AppendAsync(LogBench.Page(source, page), Token));
            all.AddRange(page);
        }

        return all;
    }

    private static async Task<NpgsqlTransaction> HoldAsync(LogBench bench, IEnumerable<int> days)
    {
        var connection = await bench.Database.OpenConnectionAsync(Token);
        var transaction = await connection.BeginTransactionAsync(Token);
        foreach (var day in days)
        {
            await using var command = new NpgsqlCommand(
                $"LOCK TABLE {DayPartitions.NameOf("segment", DateOnly.FromDateTime(Begin.AddDays(day).UtcDateTime))} IN ACCESS EXCLUSIVE MODE", connection, transaction);
            await command.ExecuteNonQueryAsync(Token);
        }

        return transaction;
    }
}
