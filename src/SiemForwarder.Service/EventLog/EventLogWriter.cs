using System.Collections.Concurrent;
using System.Diagnostics;
using Npgsql;
using NpgsqlTypes;
using SiemForwarder.Service.Engines;
using SiemForwarder.Service.Storage;
using SiemForwarder.Service.Telemetry;

namespace SiemForwarder.Service.EventLog;

/// <summary>Appends pages to the logs: exactly once, in commit order, without gaps, together with the poll checkpoint.</summary>
/// <remarks>
/// An append is one statement in one round trip. It names the head and the history that it expects; if another appender has moved the head
/// meanwhile, nothing is stored, the other's keys are read, and the append is retried. So deduplication is exact with
/// any number of appenders, and no lock is held between statements, unless the append brings its own (<see cref="LogAppend.Beside"/>).
/// </remarks>
internal sealed class EventLogWriter(
    NpgsqlDataSource database, DayPartitions partitions, SegmentCache cache, EventLogSignal signal, LogHistory history, AppendNotices notices,
    TimeProvider time, DatabaseConnections? connections = null, LogMemory? memory = null, StoredCodec? codecs = null)
{
    public const string Channel = "siemforwarder_log";

    private const string AppendSql = $"""
        WITH held AS (
            SELECT 1 FROM {LeaseTable.Leases} l WHERE kind = 'source' AND resource_id = $1 AND fence = $13 FOR SHARE
        ), head AS (
            UPDATE log_head SET next_position = next_position + $3, stamped_position = next_position + $3, last_received_at = $4
            WHERE source_id = $1 AND next_position = $2 AND incarnation = $15 AND ($13 IS NULL OR EXISTS (SELECT 1 FROM held)) RETURNING source_id
        ), stored AS (
            INSERT INTO segment (source_id, first_position, last_position, received_at, stream, codec, lowest_at, highest_at, keys, times, body, names)
            SELECT source_id, $2, $2 + $3 - 1, $4, $5, $6, $7, $8, $9, $10, $11, $20 FROM head
        ), day AS (
            INSERT INTO log_day AS d (source_id, day, first_position, lowest_at, highest_at)
            SELECT source_id, $16, $17, $18, $19 FROM head WHERE $16 IS NOT NULL
            ON CONFLICT (source_id, day) DO UPDATE SET lowest_at = least(d.lowest_at, excluded.lowest_at), highest_at = greatest(d.highest_at, excluded.highest_at)
        ), polled AS (
            INSERT INTO poll_checkpoint (source_id, stream, state, updated_at) SELECT source_id, $14, $12, $4 FROM head WHERE $12 IS NOT NULL
            ON CONFLICT (source_id, stream) DO UPDATE SET state = excluded.state, updated_at = excluded.updated_at
        )
        SELECT EXISTS (SELECT 1 FROM head), $13 IS NULL OR EXISTS (SELECT 1 FROM held)
        """;

    private static readonly TimeSpan IdleAge = TimeSpan.FromMinutes(15);
    private static readonly TimeSpan SweepInterval = TimeSpan.FromMinutes(1);
    private readonly ConcurrentDictionary<int, Appender> appenders = new();
    private long sweptAt = time.GetTimestamp();

    /// <summary>Estimated memory of a key in a window, in bytes.</summary>
    internal const int BytesOfKey = 34;

    /// <summary>The maximum number of keys in all key windows of the process.</summary>
    internal int MaxKeys { get; init; } =
        (int)Math.Min(int.MaxValue, (memory?.Keys.Most ?? SegmentCache.UsualWeight) / BytesOfKey);

    /// <summary>The number of keys in all windows.</summary>
    internal int KeyCount => appenders.Values.Sum(appender => appender.Window.Size);

    /// <summary>Stores the new events of a page, and its checkpoint. Throws only on cancellation.</summary>
    public async Task<AppendOutcome> AppendAsync(LogAppend append, CancellationToken cancellationToken)
    {
        using var span = ForwarderTracing.Start("append");
        span?.SetTag("events", append.Events.Count);
        SweepWindows();
        var appender = appenders.GetOrAdd(append.SourceId, _ => new Appender(MaxKeys));
        await appender.Turn.WaitAsync(cancellationToken);
        try
        {
            appender.UsedAt = time.GetTimestamp();
            appender.Window.MaxKeys = MaxKeysOf(appender);
            return await AppendInTurnAsync(append, appender, cancellationToken);
        }
        catch (Exception exception) when (DatabaseFault.IsDatabase(exception))
        {
            appender.Window.Clear();
            connections?.Suspect(exception);
            partitions.Suspect(exception);
            return new AppendOutcome.Unavailable($"The event log cannot be written, so nothing was stored: {DatabaseFault.Describe(exception)}");
        }
        catch
        {
            // After a cancelled commit, too, it is unknown what was stored.
            appender.Window.Clear();
            throw;
        }
        finally
        {
            Release(appender);
        }
    }

    private async Task<AppendOutcome> AppendInTurnAsync(LogAppend append, Appender appender, CancellationToken cancellationToken)
    {
        var window = appender.Window;
        while (true)
        {
            var edition = history.Edition;
            if (append.Edition is { } read && read != edition)
            {
                // The page was read for another history.
                return new AppendOutcome.Superseded();
            }

            if (appender.Edition != edition)
            {
                window.Clear();
                appender.Edition = edition;
            }

            window.Head ??= await LogHead.ReadAsync(database, append.SourceId, cancellationToken);
            if (window.Head is not { } head)
            {
                return new AppendOutcome.Superseded();
            }

            if (window.MissingMinutes(append.Events) is { Count: > 0 } missing)
            {
                await KeyReader.CoverAsync(database, append.SourceId, window, missing, cancellationToken);
            }

            var fresh = window.AddNew(append.Events);
            if (fresh.Count == 0)
            {
                return await MoveCheckpointAsync(append, head, cancellationToken)
                    ? new AppendOutcome.Committed(0, 0, append.Events.Count)
                    : new AppendOutcome.Superseded();
            }

            var page = new NewPage(append, fresh, head, time);
            var (stored, owned) = await CommitAsync(page, cancellationToken);
            if (!stored)
            {
                window.Forget(fresh);
            }

            if (!owned)
            {
                return new AppendOutcome.Superseded();
            }

            if (stored)
            {
                if (history.Edition != edition)
                {
                    window.Clear();
                    return new AppendOutcome.Unavailable("The database failed over while storing the events, so it is unknown whether they are stored.");
                }

                Remember(page, window, edition);
                return new AppendOutcome.Committed(head.NextPosition, fresh.Count, append.Events.Count - fresh.Count) { Stored = fresh };
            }

            if (!await KeyReader.CatchUpAsync(database, append.SourceId, window, cancellationToken))
            {
                await VerifyAsync(cancellationToken);
            }
        }
    }

    /// <summary>Checks whether the history was replaced, when a response of the database suggests it.</summary>
    public async Task VerifyAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await history.VerifyAsync(connection, cancellationToken);
    }

    private void Remember(NewPage page, KeyWindow window, int edition)
    {
        var (head, fresh) = (page.Head, page.Events);
        window.Head = page.After;
        window.Trim();
        var next = head.NextPosition + fresh.Count;
        var segment = page.ToSegment();
        segment.AppendedIn = Activity.Current?.Context ?? default;
        cache.Add(segment, page.CacheEdition);
        page.Body.Release();
        if (history.Edition == edition)
        {
            signal.Advance(page.Append.SourceId, next, head.Incarnation, new LogTail(fresh[^1].Key, page.Day.Day));
            notices.Add(page.Append.SourceId, next);
        }
    }

    private async Task<(bool Stored, bool Owned)> CommitAsync(NewPage page, CancellationToken cancellationToken)
    {
        page.CacheEdition = cache.Edition;
        await partitions.EnsureAsync(page.ReceivedAt, cancellationToken);
        var codec = codecs is null ? SegmentCodec.Zstandard : await codecs.ChooseAsync(cancellationToken);
        var append = page.Append;
        var isNewDay = page.Day != page.FormerDay;
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = append.Beside is null ? null : await connection.BeginTransactionAsync(cancellationToken);
        await using var command = new NpgsqlCommand(AppendSql, connection, transaction);
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = append.SourceId });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = page.Head.NextPosition });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = page.Events.Count });
        command.Parameters.Add(new NpgsqlParameter<DateTimeOffset> { TypedValue = page.ReceivedAt });
        command.Parameters.Add(new NpgsqlParameter<short> { TypedValue = (short)append.Stream });
        command.Parameters.Add(new NpgsqlParameter<short> { TypedValue = codec });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = page.LowestAt });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = page.HighestAt });
        command.Parameters.Add(new NpgsqlParameter<byte[]> { TypedValue = SegmentCodec.PackKeys(page.Events) });
        command.Parameters.Add(new NpgsqlParameter<byte[]> { TypedValue = SegmentCodec.PackTimes(page.Events, page.LowestAt) });
        command.Parameters.Add(new NpgsqlParameter<byte[]> { TypedValue = SegmentCodec.PackBody(page.Body, codec) });
        command.Parameters.Add(new NpgsqlParameter { Value = (object?)append.Checkpoint ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Jsonb });
        command.Parameters.Add(new NpgsqlParameter { Value = (object?)append.Fence ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Bigint });
        command.Parameters.Add(new NpgsqlParameter<short> { TypedValue = CheckpointOf(append) });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = page.Head.Incarnation });
        command.Parameters.Add(new NpgsqlParameter { Value = isNewDay ? page.Day.Day : DBNull.Value, NpgsqlDbType = NpgsqlDbType.Date });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = page.Day.FirstPosition });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = page.Day.LowestAt });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = page.Day.HighestAt });
        command.Parameters.Add(new NpgsqlParameter
        {
            Value = append.Names is { Count: > 0 } names ? names.ToJson() : DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text,
        });
        CrashPoint.Pass(CrashPoint.BeforeAppendCommit);
        await using (var reader = await command.ExecuteReaderAsync(cancellationToken))
        {
            await reader.ReadAsync(cancellationToken);
            if (!reader.GetBoolean(0))
            {
                return (false, reader.GetBoolean(1));
            }
        }

        if (transaction is not null)
        {
            if (!await append.Beside!(connection, cancellationToken))
            {
                return (false, false);
            }

            await transaction.CommitAsync(cancellationToken);
        }

        CrashPoint.Pass(CrashPoint.AfterAppendCommit);
        return (true, true);
    }

    private async Task<bool> MoveCheckpointAsync(LogAppend append, LogHead head, CancellationToken cancellationToken)
    {
        if (append.Beside is { } beside)
        {
            await using var connection = await database.OpenConnectionAsync(cancellationToken);
            await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
            if (!await beside(connection, cancellationToken))
            {
                return false;
            }

            await transaction.CommitAsync(cancellationToken);
        }

        if (append.Checkpoint is null)
        {
            return true;
        }

        await using var command = database.CreateCommand($"""
            WITH held AS (SELECT 1 FROM {LeaseTable.Leases} l WHERE kind = 'source' AND resource_id = $1 AND fence = $5 FOR SHARE)
            INSERT INTO poll_checkpoint (source_id, stream, state, updated_at)
            SELECT source_id, $2, $3, $4 FROM log_head WHERE source_id = $1 AND incarnation = $6 AND ($5 IS NULL OR EXISTS (SELECT 1 FROM held))
            ON CONFLICT (source_id, stream) DO UPDATE SET state = excluded.state, updated_at = excluded.updated_at
            """);
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = append.SourceId });
        command.Parameters.Add(new NpgsqlParameter<short> { TypedValue = CheckpointOf(append) });
        command.Parameters.Add(new NpgsqlParameter { Value = append.Checkpoint, NpgsqlDbType = NpgsqlDbType.Jsonb });
        command.Parameters.Add(new NpgsqlParameter<DateTimeOffset> { TypedValue = time.GetUtcNow() });
        command.Parameters.Add(new NpgsqlParameter { Value = (object?)append.Fence ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Bigint });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = head.Incarnation });
        return await command.ExecuteNonQueryAsync(cancellationToken) > 0;
    }

    /// <summary>Drops windows that have not been used for long, and trims the others if together they are too large.</summary>
    private void SweepWindows()
    {
        var before = Volatile.Read(ref sweptAt);
        if (time.GetElapsedTime(before) < SweepInterval || Interlocked.CompareExchange(ref sweptAt, time.GetTimestamp(), before) != before)
        {
            return;
        }

        var isOver = KeyCount > MaxKeys;
        ShrinkWindows((window, usedAt) =>
        {
            if (time.GetElapsedTime(usedAt) >= IdleAge)
            {
                window.Clear();
            }
            else if (isOver)
            {
                window.Shrink(window.Size / 2);
                isOver = KeyCount > MaxKeys;
            }
        });
    }

    /// <summary>Forgets keys, those of the windows first that were used least lately; they are read again when needed.</summary>
    /// <param name="bytes">Memory to free; all windows are emptied if it is <see cref="long.MaxValue"/>.</param>
    public void ForgetKeys(long bytes)
    {
        var left = bytes;
        ShrinkWindows((window, _) =>
        {
            var before = window.Size;
            if (left > 0)
            {
                window.Shrink(bytes == long.MaxValue ? 0 : before / 2);
                left -= (long)(before - window.Size) * BytesOfKey;
            }
        });
    }

    // Those that an append works on are left alone.
    private void ShrinkWindows(Action<KeyWindow, long> shrink)
    {
        foreach (var appender in appenders.Values.OrderBy(one => one.UsedAt))
        {
            if (!appender.Turn.Wait(0, CancellationToken.None))
            {
                continue;
            }

            try
            {
                shrink(appender.Window, appender.UsedAt);
            }
            finally
            {
                Release(appender);
            }
        }
    }

    // What the windows of the other logs leave, and in any case as much as each would get if all were alike.
    private int MaxKeysOf(Appender appender)
    {
        if (memory is null)
        {
            return MaxKeys;
        }

        var room = memory.Keys.Room;
        var left = Math.Max(room - (memory.Keys.Taken - appender.Counted), room / appenders.Count);
        return (int)Math.Min(MaxKeys, left / BytesOfKey);
    }

    private void Release(Appender appender)
    {
        var bytes = (long)appender.Window.Size * BytesOfKey;
        var grown = bytes - appender.Counted;
        appender.Counted = bytes;
        appender.Turn.Release();
        // Afterwards: if others have to make way, this window may be among them.
        memory?.Keys.Take(grown);
    }

    private static short CheckpointOf(LogAppend append) => (short)((short)append.Stream + (short)append.Lane);

    private sealed class Appender(int maxKeys)
    {
        public SemaphoreSlim Turn { get; } = new(1, 1);

        public KeyWindow Window { get; } = new(maxKeys);

        /// <summary>Edition of the history that the window was filled in.</summary>
        public int Edition { get; set; }

        public long UsedAt { get; set; }

        /// <summary>Bytes of its window in the memory of the process.</summary>
        public long Counted { get; set; }
    }
}
