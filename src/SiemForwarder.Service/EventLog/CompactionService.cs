using System.Globalization;
using Npgsql;
using SiemForwarder.Service.Storage;
using SiemForwarder.Service.Telemetry;

namespace SiemForwarder.Service.EventLog;

/// <summary>Compacts the logs behind the readers, a little at a time, one engine at a time.</summary>
internal sealed class CompactionService(
    NpgsqlDataSource database, LoopGuard guard, TimeProvider time, ILogger<CompactionService> logger, StoredCodec? codecs = null) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan MinAge = TimeSpan.FromMinutes(10);

    // "siemcmpt" in ASCII.
    private const long LockKey = 0x7369656D636D7074;

    // A day with fewer segments per source than this is left alone.
    private const int WorthMerging = 50;
    private readonly Dictionary<(int SourceId, DateOnly Day), long> done = [];

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => guard.RunAsync(
        "merges small segments of the logs", LoopGuard.LongBound, token => CompactAsync(MinAge, token),
        token => Task.Delay(Interval, time, token), stoppingToken);

    /// <summary>Merges small segments of today and yesterday; returns how many rows it removed. Does nothing while another engine is compacting.</summary>
    internal async Task<long> CompactAsync(TimeSpan minAge, CancellationToken cancellationToken)
    {
        await using var turn = await EngineTurn.TryTakeAsync(database, LockKey, cancellationToken);
        if (turn is null)
        {
            return 0;
        }

        var gone = 0L;
        var today = DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime);
        foreach (var day in (DateOnly[])[today.AddDays(-1), today])
        {
            foreach (var (sourceId, rows) in await ListAsync(day, cancellationToken))
            {
                gone += rows - await CompactAsync(sourceId, day, minAge, cancellationToken);
            }
        }

        foreach (var old in done.Keys.Where(key => key.Day < today.AddDays(-1)).ToList())
        {
            done.Remove(old);
        }

        return gone;
    }

    private async Task<long> CompactAsync(int sourceId, DateOnly day, TimeSpan minAge, CancellationToken cancellationToken)
    {
        var compaction = new SegmentCompaction(database, time, codecs);
        var position = done.GetValueOrDefault((sourceId, day));
        while (await compaction.MergeNextAsync(sourceId, day, position, minAge, cancellationToken) is { } next)
        {
            position = next;
            // The next pass starts here; everything before is merged.
            done[(sourceId, day)] = position;
        }

        var left = (await ListAsync(day, cancellationToken, sourceId)).Sum(one => one.Rows);
        logger.LogDebug("Source {SourceId}: the segments of {Day} are merged up to position {Position}; {Left} remain.", sourceId, day, position, left);
        return left;
    }

    /// <summary>The logs that have many segments on the given day.</summary>
    private async Task<List<(int SourceId, long Rows)>> ListAsync(DateOnly day, CancellationToken cancellationToken, int? only = null)
    {
        var logs = new List<(int, long)>();
        try
        {
            await using var command = database.CreateCommand(string.Create(CultureInfo.InvariantCulture, $"""
                SELECT source_id, count(*) FROM {DayPartitions.NameOf("segment", day)} WHERE $1::int IS NULL OR source_id = $1 GROUP BY source_id
                HAVING count(*) >= $2
                """));
            command.Parameters.AddWithValue(NpgsqlTypes.NpgsqlDbType.Integer, (object?)only ?? DBNull.Value);
            command.Parameters.AddWithValue(only is null ? WorthMerging : 0);
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
            {
                logs.Add((reader.GetInt32(0), reader.GetInt64(1)));
            }
        }
        catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.UndefinedTable)
        {
            return [];
        }

        return logs;
    }
}
