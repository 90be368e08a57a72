using System.Diagnostics;
using Microsoft.Extensions.Options;
using Npgsql;
using NpgsqlTypes;
using SiemForwarder.Events;
using SiemForwarder.Service.Storage;
using SiemForwarder.Service.Telemetry;

namespace SiemForwarder.Service.EventLog;

/// <summary>Fills the event index from the log, by COPY, so that events can be searched; deliveries never wait for it.</summary>
internal sealed class EventIndexService(
    NpgsqlDataSource database, EventLogReader log, EventLogSignal signal, SourceDirectory sources, SegmentNormalizer normalizer,
    DayPartitions partitions, IOptions<EventLogOptions> options, LoopGuard guard, TimeProvider time) : BackgroundService
{
    // Keeps rows narrow.
    private const int MaxTextCharacters = 255;

    // Per transaction: large enough for cheap commits, small enough that search keeps up.
    private const int MaxEvents = 10_000;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    protected override Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!options.Value.IndexEnabled)
        {
            return Task.CompletedTask;
        }

        var grown = Task.CompletedTask;
        return guard.RunAsync(
            "fills the event index",
            LoopGuard.LongBound,
            async token =>
            {
                grown = signal.Grown;
                while (await IndexOnceAsync(token))
                {
                }
            },
            token => Task.WhenAny(grown, Task.Delay(Interval, time, token)),
            stoppingToken);
    }

    /// <summary>Indexes some segments of every log that has unindexed ones; false if there are none.</summary>
    private async Task<bool> IndexOnceAsync(CancellationToken cancellationToken)
    {
        var any = false;
        foreach (var (sourceId, position) in await ReadCheckpointsAsync(cancellationToken))
        {
            var start = Stopwatch.GetTimestamp();
            if (await IndexKnowingDaysAsync(sourceId, position, cancellationToken))
            {
                any = true;
                // Leaves half of the time to deliveries: search may lag, they must not.
                await Task.Delay(Stopwatch.GetElapsedTime(start), time, cancellationToken);
            }
        }

        return any;
    }

    private async Task<List<(int SourceId, long Position)>> ReadCheckpointsAsync(CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("""
            SELECT h.source_id, coalesce(c.position, 0) FROM log_head h LEFT JOIN index_checkpoint c USING (source_id)
            WHERE h.next_position - 1 > coalesce(c.position, 0)
            """);
        var checkpoints = new List<(int, long)>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            checkpoints.Add((reader.GetInt32(0), reader.GetInt64(1)));
        }

        return checkpoints;
    }

    private async Task<bool> IndexKnowingDaysAsync(int sourceId, long position, CancellationToken cancellationToken)
    {
        try
        {
            return await IndexAsync(sourceId, position, cancellationToken);
        }
        catch (PostgresException exception)
        {
            partitions.Suspect(exception);
            throw;
        }
    }

    /// <summary>Indexes what follows a position of one log; false if there was nothing to read or another engine was faster.</summary>
    private async Task<bool> IndexAsync(int sourceId, long afterPosition, CancellationToken cancellationToken)
    {
        var incarnation = log.Incarnation(sourceId);
        var segments = new List<LogSegment>();
        try
        {
            return await IndexAsync(sourceId, afterPosition, incarnation, segments, cancellationToken);
        }
        finally
        {
            segments.ForEach(segment => segment.Body.Release());
        }
    }

    private async Task<bool> IndexAsync(int sourceId, long afterPosition, long incarnation, List<LogSegment> segments, CancellationToken cancellationToken)
    {
        var (last, events) = (afterPosition, 0);
        while (events < MaxEvents && await log.HoldAsync(sourceId, last, cancellationToken) is { } segment)
        {
            await partitions.EnsureAsync(segment.ReceivedAt, cancellationToken);
            segments.Add(segment);
            last = segment.LastPosition;
            events += segment.Count;
        }

        if (segments.Count == 0)
        {
            return false;
        }

        var source = await sources.GetAsync(sourceId, cancellationToken);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        // Not if the source was deleted meanwhile, or the history of its log was replaced.
        await using var move = new NpgsqlCommand("""
            INSERT INTO index_checkpoint AS c (source_id, position)
            SELECT source_id, $3 FROM log_head WHERE source_id = $1 AND incarnation = $4 AND next_position > $3 FOR KEY SHARE
            ON CONFLICT (source_id) DO UPDATE SET position = $3 WHERE c.position = $2
            """, connection, transaction);
        move.Parameters.AddWithValue(sourceId);
        move.Parameters.AddWithValue(afterPosition);
        move.Parameters.AddWithValue(last);
        move.Parameters.AddWithValue(incarnation);
        if (await move.ExecuteNonQueryAsync(cancellationToken) == 0)
        {
            return false;
        }

        await using (var import = await connection.BeginBinaryImportAsync("""
            COPY event_index (received_at, occurred_at, source_id, position, key, outcome, severity, type, category, user_id, user_name, client_id, ip, event_id, session_id)
            FROM STDIN (FORMAT BINARY)
            """, cancellationToken))
        {
            foreach (var segment in segments)
            {
                var index = (int)Math.Max(0, afterPosition + 1 - segment.FirstPosition);
                while (index < segment.Count)
                {
                    for (var slice = normalizer.NormalizeSlice(segment, index, source); index < slice.End; index++)
                    {
                        await WriteRowAsync(import, segment, slice[index], cancellationToken);
                    }
                }
            }

            await import.CompleteAsync(cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
        return true;
    }

    private static async Task WriteRowAsync(NpgsqlBinaryImporter import, LogSegment segment, SecurityEvent one, CancellationToken cancellationToken)
    {
        var index = (int)(one.Position - segment.FirstPosition);
        var key = segment.KeyAt(index);
        await import.StartRowAsync(cancellationToken);
        await import.WriteAsync(segment.ReceivedAtOf(index), NpgsqlDbType.TimestampTz, cancellationToken);
        await import.WriteAsync(segment.OccurredAt(index), NpgsqlDbType.TimestampTz, cancellationToken);
        await import.WriteAsync(segment.SourceId, NpgsqlDbType.Integer, cancellationToken);
        await import.WriteAsync(one.Position, NpgsqlDbType.Bigint, cancellationToken);
        await import.WriteAsync(key.ToGuid(), NpgsqlDbType.Uuid, cancellationToken);
        await import.WriteAsync((short)one.Outcome, NpgsqlDbType.Smallint, cancellationToken);
        await import.WriteAsync((short)one.Severity, NpgsqlDbType.Smallint, cancellationToken);
        await import.WriteAsync(StoredText.Of(one.Type, MaxTextCharacters), NpgsqlDbType.Text, cancellationToken);
        await import.WriteAsync(StoredText.Of(one.Description.Category, MaxTextCharacters), NpgsqlDbType.Text, cancellationToken);
        var id = one.Id == key.ToString() ? null : one.Id;
        var (userId, userName) = (one.Subject?.Id ?? one.Actor?.Id, one.Subject?.Name ?? one.Actor?.Name);
        foreach (var text in (string?[])[userId, userName, one.ClientId, one.IpAddress, id, one.SessionId])
        {
            await import.WriteAsync(StoredText.Of(text, MaxTextCharacters), NpgsqlDbType.Text, cancellationToken);
        }
    }
}
