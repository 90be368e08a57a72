using System.Collections.Concurrent;
using Npgsql;
using NpgsqlTypes;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.EventLog;

/// <summary>Appends pages to the logs: exactly once, in commit order, without holes, together with the poll checkpoint.</summary>
/// <remarks>
/// An append is one statement in one round trip. It names the head it expects; where another appender moved the head
/// meanwhile, nothing is stored, the other's keys are read, and the append is tried again: so deduplication is exact with
/// any number of appenders, and nobody holds a lock while thinking.
/// </remarks>
internal sealed class EventLogWriter(
    NpgsqlDataSource database, DayPartitions partitions, SegmentCache cache, EventLogSignal signal, TimeProvider time)
{
    public const string Channel = "siemforwarder_log";

    private const string AppendSql = """
        WITH held AS (
            SELECT 1 FROM lease WHERE kind = 'source' AND resource_id = $1 AND fence = $13 FOR SHARE
        ), head AS (
            UPDATE log_head SET next_position = next_position + $3
            WHERE source_id = $1 AND next_position = $2 AND ($13 IS NULL OR EXISTS (SELECT 1 FROM held)) RETURNING source_id
        ), stored AS (
            INSERT INTO segment (source_id, first_position, last_position, received_at, stream, codec, lowest_at, highest_at, keys, times, body)
            SELECT source_id, $2, $2 + $3 - 1, $4, $5, $6, $7, $8, $9, $10, $11 FROM head
        ), polled AS (
            INSERT INTO poll_checkpoint (source_id, stream, state, updated_at) SELECT source_id, $14, $12, $4 FROM head WHERE $12 IS NOT NULL
            ON CONFLICT (source_id, stream) DO UPDATE SET state = excluded.state, updated_at = excluded.updated_at
        )
        SELECT EXISTS (SELECT 1 FROM head), $13 IS NULL OR EXISTS (SELECT 1 FROM held),
            (SELECT pg_notify('siemforwarder_log', source_id || ' ' || ($2 + $3)) FROM head)
        """;

    private readonly ConcurrentDictionary<int, Appender> appenders = new();

    /// <summary>Stores what is new of a page, and its checkpoint. Only cancellation throws.</summary>
    public async Task<AppendOutcome> AppendAsync(LogAppend append, CancellationToken cancellationToken)
    {
        var appender = appenders.GetOrAdd(append.SourceId, _ => new Appender());
        await appender.Turn.WaitAsync(cancellationToken);
        try
        {
            return await AppendInTurnAsync(append, appender.Window, cancellationToken);
        }
        catch (Exception exception) when (DatabaseFault.IsPassing(exception))
        {
            appender.Window.Clear();
            return new AppendOutcome.Unavailable($"The event log cannot be written, nothing was stored: {exception.Message}");
        }
        catch
        {
            // Also after a cancelled commit nobody knows what was stored.
            appender.Window.Clear();
            throw;
        }
        finally
        {
            appender.Turn.Release();
        }
    }

    private async Task<AppendOutcome> AppendInTurnAsync(LogAppend append, KeyWindow window, CancellationToken cancellationToken)
    {
        while (true)
        {
            window.NextPosition ??= await KeyReader.ReadHeadAsync(database, append.SourceId, cancellationToken);
            if (window.NextPosition is not { } first)
            {
                return new AppendOutcome.Superseded();
            }

            if (window.MissingMinutes(append.Events) is { Count: > 0 } missing)
            {
                await KeyReader.CoverAsync(database, append.SourceId, window, missing, cancellationToken);
            }

            var fresh = window.SelectNew(append.Events);
            if (fresh.Count == 0)
            {
                return await MoveCheckpointAsync(append, cancellationToken)
                    ? new AppendOutcome.Committed(0, 0, append.Events.Count)
                    : new AppendOutcome.Superseded();
            }

            var (stored, owned) = await CommitAsync(append, fresh, first, cancellationToken);
            if (!owned)
            {
                return new AppendOutcome.Superseded();
            }

            if (stored)
            {
                window.NextPosition = first + fresh.Count;
                foreach (var incoming in fresh)
                {
                    window.Add(incoming.OccurredAtMs, incoming.Key);
                }

                window.Trim();
                signal.Advance(append.SourceId, first + fresh.Count);
                return new AppendOutcome.Committed(first, fresh.Count, append.Events.Count - fresh.Count) { Stored = fresh };
            }

            if (!await KeyReader.CatchUpAsync(database, append.SourceId, window, cancellationToken))
            {
                window.Clear();
                return new AppendOutcome.Superseded();
            }
        }
    }

    private async Task<(bool Stored, bool Owned)> CommitAsync(LogAppend append, List<IncomingEvent> fresh, long first, CancellationToken cancellationToken)
    {
        var receivedAt = time.GetUtcNow();
        await partitions.EnsureAsync(receivedAt, cancellationToken);
        var (lowest, highest) = (long.MaxValue, long.MinValue);
        foreach (var incoming in fresh)
        {
            lowest = Math.Min(lowest, incoming.OccurredAtMs);
            highest = Math.Max(highest, incoming.OccurredAtMs);
        }

        var (bytes, ends) = SegmentCodec.Join(fresh);
        await using var command = database.CreateCommand(AppendSql);
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = append.SourceId });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = first });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = fresh.Count });
        command.Parameters.Add(new NpgsqlParameter<DateTimeOffset> { TypedValue = receivedAt });
        command.Parameters.Add(new NpgsqlParameter<short> { TypedValue = (short)append.Stream });
        command.Parameters.Add(new NpgsqlParameter<short> { TypedValue = SegmentCodec.Brotli });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = lowest });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = highest });
        command.Parameters.Add(new NpgsqlParameter<byte[]> { TypedValue = SegmentCodec.PackKeys(fresh) });
        command.Parameters.Add(new NpgsqlParameter<byte[]> { TypedValue = SegmentCodec.PackTimes(fresh, lowest) });
        command.Parameters.Add(new NpgsqlParameter<byte[]> { TypedValue = SegmentCodec.PackBody(bytes, ends) });
        command.Parameters.Add(new NpgsqlParameter { Value = (object?)append.Checkpoint ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Jsonb });
        command.Parameters.Add(new NpgsqlParameter { Value = (object?)append.Fence ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Bigint });
        command.Parameters.Add(new NpgsqlParameter<short> { TypedValue = CheckpointOf(append) });
        CrashPoint.Pass(CrashPoint.BeforeAppendCommit);
        await using (var reader = await command.ExecuteReaderAsync(cancellationToken))
        {
            await reader.ReadAsync(cancellationToken);
            if (!reader.GetBoolean(0))
            {
                return (false, reader.GetBoolean(1));
            }
        }

        CrashPoint.Pass(CrashPoint.AfterAppendCommit);
        cache.Add(new LogSegment(
            append.SourceId, append.Stream, first, receivedAt, bytes, ends, [.. fresh.Select(one => one.Key)], [.. fresh.Select(one => one.OccurredAtMs)]));
        return (true, true);
    }

    private async Task<bool> MoveCheckpointAsync(LogAppend append, CancellationToken cancellationToken)
    {
        if (append.Checkpoint is null)
        {
            return true;
        }

        await using var command = database.CreateCommand("""
            WITH held AS (SELECT 1 FROM lease WHERE kind = 'source' AND resource_id = $1 AND fence = $5 FOR SHARE),
                existing AS (SELECT id FROM source WHERE id = $1 FOR KEY SHARE)
            INSERT INTO poll_checkpoint (source_id, stream, state, updated_at)
            SELECT id, $2, $3, $4 FROM existing WHERE $5 IS NULL OR EXISTS (SELECT 1 FROM held)
            ON CONFLICT (source_id, stream) DO UPDATE SET state = excluded.state, updated_at = excluded.updated_at
            """);
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = append.SourceId });
        command.Parameters.Add(new NpgsqlParameter<short> { TypedValue = CheckpointOf(append) });
        command.Parameters.Add(new NpgsqlParameter { Value = append.Checkpoint, NpgsqlDbType = NpgsqlDbType.Jsonb });
        command.Parameters.Add(new NpgsqlParameter<DateTimeOffset> { TypedValue = time.GetUtcNow() });
        command.Parameters.Add(new NpgsqlParameter { Value = (object?)append.Fence ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Bigint });
        return await command.ExecuteNonQueryAsync(cancellationToken) > 0;
    }

    private static short CheckpointOf(LogAppend append) => (short)((short)append.Stream + (short)append.Lane);

    private sealed class Appender
    {
        public SemaphoreSlim Turn { get; } = new(1, 1);

        public KeyWindow Window { get; } = new();
    }
}
