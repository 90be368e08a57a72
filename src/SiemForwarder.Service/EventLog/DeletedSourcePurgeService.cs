using Npgsql;
using SiemForwarder.Service.Storage;
using SiemForwarder.Service.Telemetry;

namespace SiemForwarder.Service.EventLog;

/// <summary>Removes the events of deleted sources in small steps, so that no statement holds anything up for long.</summary>
/// <remarks>One engine at a time. Delivery records are kept for their own retention period: they prove what was delivered.</remarks>
internal sealed class DeletedSourcePurgeService(
    NpgsqlDataSource database, LoopGuard guard, TimeProvider time, ILogger<DeletedSourcePurgeService> logger) : BackgroundService
{
    // "siempurg" in ASCII.
    private const long LockKey = 0x7369656D70757267;
    private const int SegmentsAtOnce = 500;
    private const int IndexPagesAtOnce = 1000;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    // Other engines may still read a source for some seconds after its deletion; removing its events too early would look like a loss to them.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(10);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => guard.RunAsync(
        "removes the events of deleted sources", LoopGuard.LongBound, token => PurgeAsync(time.GetUtcNow() - Grace, token),
        token => Task.Delay(Interval, time, token),
        stoppingToken);

    /// <summary>Removes what is left of sources deleted before the given instant, unless another engine is doing so.</summary>
    internal async Task PurgeAsync(DateTimeOffset deletedBefore, CancellationToken cancellationToken)
    {
        var waiting = await ListAsync(deletedBefore, cancellationToken);
        if (waiting.Count == 0)
        {
            return;
        }

        await using var turn = await EngineTurn.TryTakeAsync(database, LockKey, cancellationToken);
        if (turn is null)
        {
            return;
        }

        foreach (var (id, name) in waiting)
        {
            var segments = await PurgeSegmentsAsync(id, cancellationToken);
            await PurgeIndexAsync(id, cancellationToken);
            await ExecuteAsync("UPDATE deleted_source SET purged_at = $2 WHERE source_id = $1", [id, time.GetUtcNow()], cancellationToken);
            logger.LogInformation("Removed the events of the deleted source {Source} ({Id}): {Segments} segments.", name, id, segments);
        }
    }

    private async Task<List<(int Id, string Name)>> ListAsync(DateTimeOffset deletedBefore, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(
            "SELECT source_id, name FROM deleted_source WHERE purged_at IS NULL AND deleted_at <= $1 ORDER BY source_id");
        command.Parameters.AddWithValue(deletedBefore);
        var found = new List<(int, string)>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            found.Add((reader.GetInt32(0), reader.GetString(1)));
        }

        return found;
    }

    private async Task<long> PurgeSegmentsAsync(int sourceId, CancellationToken cancellationToken)
    {
        var all = 0L;
        int deleted;
        do
        {
            deleted = await ExecuteAsync(
                """
                DELETE FROM segment s USING (
                    SELECT last_position, received_at FROM segment WHERE source_id = $1 ORDER BY last_position LIMIT $2
                ) piece
                WHERE s.source_id = $1 AND s.last_position = piece.last_position AND s.received_at = piece.received_at
                """,
                [sourceId, SegmentsAtOnce], cancellationToken);
            all += deleted;
        }
        while (deleted > 0);
        return all;
    }

    /// <summary>The index is partitioned by time, so each partition is scanned once, some pages at a time.</summary>
    private async Task PurgeIndexAsync(int sourceId, CancellationToken cancellationToken)
    {
        foreach (var (partition, pages) in await ListPartitionsAsync(cancellationToken))
        {
            for (var page = 0L; page < pages; page += IndexPagesAtOnce)
            {
                try
                {
                    await ExecuteAsync(
                        $"DELETE FROM {partition} WHERE source_id = $1 AND ctid >= '({page},0)'::tid AND ctid < '({page + IndexPagesAtOnce},0)'::tid",
                        [sourceId], cancellationToken);
                }
                catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.UndefinedTable)
                {
                    // Retention has meanwhile dropped the day with everything left in it.
                    break;
                }
            }
        }
    }

    private async Task<List<(string Name, long Pages)>> ListPartitionsAsync(CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("""
            SELECT c.oid::regclass::text, pg_relation_size(c.oid) / current_setting('block_size')::int + 1
            FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'event_index'::regclass
            """);
        var partitions = new List<(string, long)>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            partitions.Add((reader.GetString(0), reader.GetInt64(1)));
        }

        return partitions;
    }

    private async Task<int> ExecuteAsync(string sql, object[] values, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(sql);
        foreach (var value in values)
        {
            command.Parameters.AddWithValue(value);
        }

        return await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
