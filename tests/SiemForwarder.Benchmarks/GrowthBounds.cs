using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Npgsql;
using SiemForwarder.Destinations.Sockets;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Service;
using SiemForwarder.Service.Dispatch.Delivery;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Location;
using SiemForwarder.Service.Memory;
using SiemForwarder.Service.Sources;

namespace SiemForwarder.Benchmarks;

/// <summary>What is bounded as a log grows: memory, transactions of the index, look-ups, the deletion of a source; each beside what it is without.</summary>
internal static class GrowthBounds
{
    private const string Day = "2026-07-01";

    public static async Task RunAsync(LogProcess process, Func<CancellationToken, Task<int>> addSource, CancellationToken cancellationToken)
    {
        ResendWindows();
        await KeyWindowsAsync(process, addSource, cancellationToken);
        await IndexAsync(process, addSource, cancellationToken);
        await LookUpsAsync(process, cancellationToken);
        await DeletionAsync(process, addSource, cancellationToken);
    }

    private static void ResendWindows()
    {
        const int Window = 6 * 1024 * 1024;
        const int Batch = 256 * 1024;
        var budget = new DeliveryMemory(new MemoryBudget(new ForwarderOptions().MemoryBytes)).Resends;
        var windows = Enumerable.Range(0, 200).Select(_ => new ResendWindow(Window, budget)).ToList();
        foreach (var _ in Enumerable.Range(0, Window / Batch))
        {
            windows.ForEach(window => window.Remember(ArrayPool<byte>.Shared.Rent(Batch), Batch, 1000));
        }

        Growth.Print("resend windows of 200 integrations: MiB", windows.Sum(window => (long)window.Bytes) / 1048576.0);
        Growth.Print("without a bound of the process: MiB", 200.0 * Window / 1048576);
        windows.ForEach(window => window.Dispose());
    }

    private static async Task KeyWindowsAsync(LogProcess process, Func<CancellationToken, Task<int>> addSource, CancellationToken cancellationToken)
    {
        const int Sources = 14;
        const int Events = 100_000;
        var before = process.Writer.KeyCount;
        for (var i = 0; i < Sources; i++)
        {
            var source = await addSource(cancellationToken);
            for (var page = 0; page < Events / 5000; page++)
            {
                await process.Writer.AppendAsync(Growth.Page(source, Enumerable.Range(0, 5000).Select(k => Growth.Event(1_790_000_000_000 + (page * 60_000) + k))), cancellationToken);
            }
        }

        Growth.Print("keys in memory after 1,400,000 events of 14 sources, before the sweep of that minute", process.Writer.KeyCount - before);
        await Task.Delay(TimeSpan.FromSeconds(61), cancellationToken);
        await process.Writer.AppendAsync(Growth.Page(await addSource(cancellationToken), [Growth.Event(1_790_000_000_000)]), cancellationToken);
        Growth.Print("after it", process.Writer.KeyCount);
    }

    private static async Task IndexAsync(LogProcess process, Func<CancellationToken, Task<int>> addSource, CancellationToken cancellationToken)
    {
        const int Segments = 4000;
        await ExecuteAsync(process, "INSERT INTO index_checkpoint (source_id, position) SELECT source_id, next_position - 1 FROM log_head ON CONFLICT DO NOTHING", cancellationToken);
        var source = await addSource(cancellationToken);
        for (var i = 0; i < Segments; i++)
        {
            await process.Writer.AppendAsync(Growth.Page(source, [Growth.Event(1_795_000_000_000 + i)]), cancellationToken);
        }

        var sources = new SourceDirectory(process.Connections.Shared, Options.Create(new ForwarderOptions()), TimeProvider.System);
        using var locations = new IpLocations(Options.Create(new LocationOptions()), TimeProvider.System, NullLogger<IpLocations>.Instance);
        using var index = new EventIndexService(
            process.Connections.Shared, process.Reader, process.Signal, sources, new SegmentNormalizer(locations, TimeProvider.System), process.Partitions,
            Options.Create(new EventLogOptions()), process.Guard, TimeProvider.System);
        var start = Stopwatch.GetTimestamp();
        await index.StartAsync(cancellationToken);
        while (await ScalarAsync(process, $"SELECT count(*) FROM event_index WHERE source_id = {source}", cancellationToken) < Segments)
        {
            await Task.Delay(20, cancellationToken);
        }

        Growth.Print("indexing 4,000 segments of one event: ms", Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        await index.StopAsync(cancellationToken);
        Growth.Print("transactions of it", await ScalarAsync(process, $"SELECT count(DISTINCT xmin::text) FROM event_index WHERE source_id = {source}", cancellationToken));
        Growth.Print("with one for each segment", Segments);
    }

    private static async Task LookUpsAsync(LogProcess process, CancellationToken cancellationToken)
    {
        await process.Partitions.EnsureAsync(DateTimeOffset.Parse($"{Day}T12:00:00Z", CultureInfo.InvariantCulture), cancellationToken);
        await ExecuteAsync(
            process,
            $"""
            INSERT INTO event_index (received_at, occurred_at, source_id, position, key, outcome, severity, type, category)
            SELECT timestamptz '{Day} 00:00+00' + i * interval '0.1 second', timestamptz '{Day} 00:00+00' + i * interval '0.1 second', CASE WHEN i % 50000 = 7 THEN 9042 ELSE 9000 + i % 40 END, i,
                gen_random_uuid(), 0, 1, 'LOGIN', 'authentication' FROM generate_series(1, 500000) i
            """,
            cancellationToken);
        await ExecuteAsync(
            process,
            $"""
            INSERT INTO delivery (integration_id, source_id, first_position, last_position, event_count, byte_count, sha256, attempts, answer, delivered_at)
            SELECT 9000 + i % 100, 1, i, i, 1, 1, ''::bytea, 1, '', timestamptz '{Day} 00:00+00' + i * interval '0.1 second' FROM generate_series(1, 500000) i
            """,
            cancellationToken);
        await ExecuteAsync(process, "ANALYZE event_index, delivery", cancellationToken);
        await CompareAsync(process, "the newest 50 events of a source that has 10 of 500,000", "event_index_by_source",
            "SELECT count(*) FROM (SELECT position FROM event_index WHERE source_id = 9042 ORDER BY occurred_at DESC LIMIT 50) newest", cancellationToken);
        await CompareAsync(process, "the newest 50 deliveries of one of 100 integrations among 500,000", "delivery_by_time",
            "SELECT count(*) FROM (SELECT id FROM delivery WHERE integration_id = 9042 ORDER BY delivered_at DESC, id DESC LIMIT 50) newest", cancellationToken);
    }

    private static async Task CompareAsync(LogProcess process, string what, string index, string sql, CancellationToken cancellationToken)
    {
        await using var connection = await process.Connections.Shared.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        Growth.Print($"{what}: ms", await MeasureAsync());
        await using (var drop = new NpgsqlCommand($"DROP INDEX {index}", connection, transaction))
        {
            await drop.ExecuteNonQueryAsync(cancellationToken);
        }

        Growth.Print("the same without its index: ms", await MeasureAsync());
        await transaction.RollbackAsync(cancellationToken);

        async Task<double> MeasureAsync()
        {
            await using var command = new NpgsqlCommand(sql, connection, transaction);
            await command.ExecuteScalarAsync(cancellationToken);
            var start = Stopwatch.GetTimestamp();
            for (var i = 0; i < 10; i++)
            {
                await command.ExecuteScalarAsync(cancellationToken);
            }

            return Stopwatch.GetElapsedTime(start).TotalMilliseconds / 10;
        }
    }

    private static async Task DeletionAsync(LogProcess process, Func<CancellationToken, Task<int>> addSource, CancellationToken cancellationToken)
    {
        var source = await addSource(cancellationToken);
        for (var page = 0; page < 20_000; page++)
        {
            await process.Writer.AppendAsync(Growth.Page(source, [Growth.Event(1_796_000_000_000 + page)]), cancellationToken);
        }

        await using var connection = await process.Connections.Shared.OpenConnectionAsync(cancellationToken);
        await using (var transaction = await connection.BeginTransactionAsync(cancellationToken))
        {
            await using var all = new NpgsqlCommand($"DELETE FROM segment WHERE source_id = {source}", connection, transaction) { CommandTimeout = 600 };
            var whole = Stopwatch.GetTimestamp();
            await all.ExecuteNonQueryAsync(cancellationToken);
            Growth.Print("deleting a source of 20,000 segments in the request: ms", Stopwatch.GetElapsedTime(whole).TotalMilliseconds);
            await transaction.RollbackAsync(cancellationToken);
        }

        var request = Stopwatch.GetTimestamp();
        await ExecuteAsync(
            process,
            $"WITH gone AS (DELETE FROM source WHERE id = {source} RETURNING id, name) INSERT INTO deleted_source (source_id, name, deleted_at) SELECT id, name, now() FROM gone",
            cancellationToken);
        Growth.Print("what the request does now: ms", Stopwatch.GetElapsedTime(request).TotalMilliseconds);
        using var purge = new DeletedSourcePurgeService(process.Connections.Shared, process.Guard, TimeProvider.System, NullLogger<DeletedSourcePurgeService>.Instance);
        var start = Stopwatch.GetTimestamp();
        await purge.PurgeAsync(DateTimeOffset.MaxValue, cancellationToken);
        Growth.Print("the rest in the background, 500 segments at a time: ms", Stopwatch.GetElapsedTime(start).TotalMilliseconds);
    }

    private static async Task ExecuteAsync(LogProcess process, string sql, CancellationToken cancellationToken)
    {
        await using var command = process.Connections.Shared.CreateCommand(sql);
        command.CommandTimeout = 600;
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static async Task<long> ScalarAsync(LogProcess process, string sql, CancellationToken cancellationToken)
    {
        await using var command = process.Connections.Shared.CreateCommand(sql);
        return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }
}
