using System.Diagnostics;
using System.Globalization;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Events;
using SiemForwarder.Service.Engines;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Storage;
using SiemForwarder.Service.Storage.Private;

namespace SiemForwarder.Benchmarks;

/// <summary>What costs grow with days, sources, old events and small segments; each beside what it replaced, in the same run.</summary>
internal static class Growth
{
    private const int Days = 365;
    private const int SegmentsADay = 40;
    private const int EventsASegment = 25;
    private static readonly DateTimeOffset Begin = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    /// <param name="boundsAlone">Whether only what is bounded is measured, without the year of days.</param>
    public static async Task RunAsync(bool boundsAlone)
    {
        using var stop = new CancellationTokenSource(TimeSpan.FromMinutes(20));
        var token = stop.Token;
        var folder = ForwarderProcess.NewFolder();
        await using (var server = await PrivatePostgres.StartAsync(PostgresPrograms.FindFolder()!, folder, token))
        {
            await using (var database = ServiceDatabase.CreateDataSource(server.ConnectionString, 30))
            {
                var options = new DbContextOptionsBuilder<ForwarderDbContext>();
                ServiceDatabase.Configure(options, database);
                await using var context = new ForwarderDbContext(options.Options);
                await context.Database.MigrateAsync(token);
            }

            await using var process = new LogProcess(server.ConnectionString, new DatabaseOptions { MaxConnections = 45 });
            if (!boundsAlone)
            {
                var source = await AddSourceAsync(process, token);
                await FillAsync(process, source, token);
                await ReadAsync(process, source, token);
                await PushOldAsync(process, source, token);
                await CatchUpAsync(process, token);
                await NotifyAsync(process, token);
                await TakeOverAsync(process, token);
            }

            await GrowthBounds.RunAsync(process, cancellation => AddSourceAsync(process, cancellation), token);
        }

        Directory.Delete(folder, recursive: true);
    }

    /// <summary>A year of days with forty segments each.</summary>
    private static async Task FillAsync(LogProcess process, int source, CancellationToken cancellationToken)
    {
        for (var day = 0; day < Days; day++)
        {
            var at = Begin.AddDays(day);
            var writer = Writer(process, at);
            for (var i = 0; i < SegmentsADay; i++)
            {
                var ms = at.ToUnixTimeMilliseconds() + (i * 1000);
                await writer.AppendAsync(Page(source, Enumerable.Range(0, EventsASegment).Select(k => Event(ms + k))), cancellationToken);
            }
        }
    }

    private static async Task ReadAsync(LogProcess process, int source, CancellationToken cancellationToken)
    {
        await process.Writer.VerifyAsync(cancellationToken);
        var last = process.Signal.NextPosition(source) - 1;
        var now = await MeasureAsync(40, 25, async random =>
        {
            // A cache of its own, so that every read is one of the database.
            var reader = new EventLogReader(process.Connections.Shared, new SegmentCache(1), process.Signal);
            await reader.FetchNextAsync(source, random.NextInt64(last), cancellationToken);
        });
        async Task ReadAllDaysAsync(Random random)
        {
            await using var command = process.Connections.Shared.CreateCommand(
                "SELECT first_position, keys, times, body FROM segment WHERE source_id = $1 AND last_position > $2 ORDER BY last_position LIMIT 4");
            command.Parameters.AddWithValue(source);
            command.Parameters.AddWithValue(random.NextInt64(last));
            await using var rows = await command.ExecuteReaderAsync(cancellationToken);
            while (await rows.ReadAsync(cancellationToken))
            {
            }
        }

        Print("read at 365 days, 40 readers: ms, the days' map included", now);
        try
        {
            Print("the same by a query of all days: ms", await MeasureAsync(40, 5, ReadAllDaysAsync));
        }
        catch (PostgresException exception)
        {
            Console.WriteLine($"the same by a query of all days: {exception.MessageText}");
        }

        Print("by a query of all days, 4 readers: ms", await MeasureAsync(4, 5, ReadAllDaysAsync));
        Print("read at 365 days, 4 readers: ms, the days' map included", await MeasureAsync(4, 25, async random =>
        {
            var reader = new EventLogReader(process.Connections.Shared, new SegmentCache(1), process.Signal);
            await reader.FetchNextAsync(source, random.NextInt64(last), cancellationToken);
        }));
        Print("locks of a read of one day", await LocksAsync(process, DayPartitions.NameOf("segment", DateOnly.FromDateTime(Begin.UtcDateTime)), source, cancellationToken));
        Print("locks of a read of all days", await LocksAsync(process, "segment", source, cancellationToken));
    }

    private static async Task PushOldAsync(LogProcess process, int source, CancellationToken cancellationToken)
    {
        var old = Begin.AddDays(Days - 31).ToUnixTimeMilliseconds();
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < 20; i++)
        {
            var writer = Writer(process, Begin.AddDays(Days));
            await writer.AppendAsync(Page(source, [Event(old + (i * 60_000)), Event(old + (i * 60_000) + 1)]), cancellationToken);
        }

        Print("push of events a month old, by an appender that knows nothing: ms", Stopwatch.GetElapsedTime(start).TotalMilliseconds / 20);
        start = Stopwatch.GetTimestamp();
        for (var i = 0; i < 3; i++)
        {
            await using var command = process.Connections.Shared.CreateCommand(
                "SELECT lowest_at, keys, times FROM segment WHERE source_id = $1 AND highest_at >= $2 AND lowest_at < $3");
            command.Parameters.AddWithValue(source);
            command.Parameters.AddWithValue(old);
            command.Parameters.AddWithValue(old + 60_000);
            await using var rows = await command.ExecuteReaderAsync(cancellationToken);
            while (await rows.ReadAsync(cancellationToken))
            {
            }
        }

        Print("the keys of that minute by a query of all days: ms", Stopwatch.GetElapsedTime(start).TotalMilliseconds / 3);
        Print("keys in memory for it", process.Writer.KeyCount);
    }

    private static async Task CatchUpAsync(LogProcess process, CancellationToken cancellationToken)
    {
        const int Singles = 20_000;
        var source = await AddSourceAsync(process, cancellationToken);
        for (var i = 0; i < Singles; i++)
        {
            await process.Writer.AppendAsync(Page(source, [Event(1_790_000_000_000 + i)]), cancellationToken);
        }

        Print("catching up through 20,000 segments of one event: events per second", Singles / await ReadAllAsync(process, source, cancellationToken));
        using var compaction = new CompactionService(process.Connections.Shared, process.Guard, TimeProvider.System, NullLogger<CompactionService>.Instance);
        var start = Stopwatch.GetTimestamp();
        var gone = await compaction.CompactAsync(TimeSpan.FromSeconds(-1), cancellationToken);
        Print("merging them: segments per second", gone / Stopwatch.GetElapsedTime(start).TotalSeconds);
        Print("catching up through what is left: events per second", Singles / await ReadAllAsync(process, source, cancellationToken));
    }

    private static async Task NotifyAsync(LogProcess process, CancellationToken cancellationToken)
    {
        await using var table = process.Connections.Shared.CreateCommand("CREATE TABLE bench_notify (id bigint GENERATED ALWAYS AS IDENTITY)");
        await table.ExecuteNonQueryAsync(cancellationToken);
        foreach (var (what, sql) in new[]
        {
            ("commits per second of 16 writers that notify in the commit", "WITH x AS (INSERT INTO bench_notify DEFAULT VALUES) SELECT pg_notify('bench', '1')"),
            ("commits per second of 16 writers that do not", "INSERT INTO bench_notify DEFAULT VALUES"),
        })
        {
            var count = 0;
            var clock = Stopwatch.StartNew();
            await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(async () =>
            {
                while (clock.Elapsed < TimeSpan.FromSeconds(3))
                {
                    await using var command = process.Connections.Shared.CreateCommand(sql);
                    await command.ExecuteNonQueryAsync(cancellationToken);
                    Interlocked.Increment(ref count);
                }
            }, cancellationToken)));
            Print(what, count / clock.Elapsed.TotalSeconds);
        }
    }

    private static async Task TakeOverAsync(LogProcess process, CancellationToken cancellationToken)
    {
        var table = new LeaseTable(process.Connections.Vital, new EngineOptions { Name = "bench" });
        var work = Enumerable.Range(1, 500).Select(id => new Work(LeaseKind.Integration, id, "default", false, true, 1)).ToList();
        var start = Stopwatch.GetTimestamp();
        await table.AcquireAsync(work, cancellationToken);
        Print("taking over 500 leases: ms", Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        start = Stopwatch.GetTimestamp();
        foreach (var one in work)
        {
            await table.AcquireAsync([one with { ResourceId = one.ResourceId + 1000 }], cancellationToken);
        }

        Print("the same one by one: ms", Stopwatch.GetElapsedTime(start).TotalMilliseconds);
    }

    private static async Task<double> ReadAllAsync(LogProcess process, int source, CancellationToken cancellationToken)
    {
        var reader = new EventLogReader(process.Connections.Shared, new SegmentCache(), process.Signal);
        var start = Stopwatch.GetTimestamp();
        var after = 0L;
        while (await reader.HoldAsync(source, after, cancellationToken) is { } segment)
        {
            after = segment.LastPosition;
        }

        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static async Task<double> MeasureAsync(int parallel, int times, Func<Random, Task> read)
    {
        var start = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, parallel).Select(seed => Task.Run(async () =>
        {
            var random = new Random(seed);
            for (var i = 0; i < times; i++)
            {
                await read(random);
            }
        })));
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds / times;
    }

    private static async Task<long> LocksAsync(LogProcess process, string table, int source, CancellationToken cancellationToken)
    {
        await using var connection = await process.Connections.Shared.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using (var read = new NpgsqlCommand(
            $"SELECT 1 FROM {table} WHERE source_id = {source} AND last_position > 10 ORDER BY last_position LIMIT 4", connection, transaction))
        {
            await read.ExecuteScalarAsync(cancellationToken);
        }

        await using var count = new NpgsqlCommand("SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'relation'", connection, transaction);
        return (long)(await count.ExecuteScalarAsync(cancellationToken))!;
    }

    private static EventLogWriter Writer(LogProcess process, DateTimeOffset at) => new(
        process.Connections.Vital, process.Partitions, process.Cache, process.Signal, process.History, process.Notices, new StoppedClock(at));

    private static async Task<int> AddSourceAsync(LogProcess process, CancellationToken cancellationToken)
    {
        await using var command = process.Connections.Shared.CreateCommand(
            "INSERT INTO source (name, kind, enabled, definition, created_at, updated_at) VALUES ($1, 'http', true, '{}', now(), now()) RETURNING id");
        command.Parameters.AddWithValue(Guid.NewGuid().ToString("N"));
        return (int)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    internal static LogAppend Page(int source, IEnumerable<IncomingEvent> events) => new(source, EventStream.Pushed, [.. events], null);

    internal static IncomingEvent Event(long timeMs)
    {
        var id = Guid.NewGuid().ToString("D");
        return new IncomingEvent(
            timeMs, EventKey.FromId(Encoding.UTF8.GetBytes(id)), null,
            Encoding.UTF8.GetBytes($$"""{"event_id":"{{id}}","event_type":"bench","subject":"user {{timeMs % 997}}","ip_address":"192.0.2.{{timeMs % 250}}"}"""));
    }

    internal static void Print(string what, double value) => Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what}: {value:#,0.###}"));
}
