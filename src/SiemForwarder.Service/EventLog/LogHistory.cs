using Npgsql;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.EventLog;

/// <summary>The events of a log beyond the point where its history was cut off that are still in memory.</summary>
/// <param name="SourceId">Log.</param>
/// <param name="Incarnation">History that starts with the cut.</param>
/// <param name="SurvivedNext">First position that was lost.</param>
/// <param name="Segments">The lost segments that are still in memory.</param>
internal sealed record LostTail(int SourceId, long Incarnation, long SurvivedNext, IReadOnlyList<LogSegment> Segments);

/// <summary>Detects that the database's history was replaced while the process was running, and clears what it remembered of the old history.</summary>
/// <remarks>
/// A failover to a lagging standby, or a restored backup, loses acknowledged commits. Positions are then reused for other events, and anything that
/// remembers the old ones (signal, caches, key windows, pollers, checkpoints in memory) would skip the new ones. Every new session is checked
/// before its first use, since no session outlives its server: the server's identity and timeline, where each log ends, and the key of the last event
/// that this process stored. A difference gives every log a new incarnation; the database refuses appends and deliveries of an older one.
/// Behind a pooler, which keeps its own sessions, the same check runs every few seconds.
/// </remarks>
internal sealed class LogHistory(
    EventLogSignal signal, SegmentCache cache, DayPartitions partitions, IEnumerable<LogHold> holds, ConfigurationSignal configuration,
    ILogger<LogHistory> logger) : IDisposable
{
    private readonly SemaphoreSlim turn = new(1, 1);
    private readonly Lock guard = new();
    private List<LostTail> lost = [];
    private int edition;

    /// <summary>Grows when the process clears what it knew; data read under an older edition must not be used.</summary>
    public int Edition => Volatile.Read(ref edition);

    /// <summary>Compares what this process knows with what a session shows. Rejects a standby, whose sessions survive its promotion.</summary>
    /// <exception cref="NpgsqlException">The database cannot be used.</exception>
    public async Task VerifyAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await turn.WaitAsync(cancellationToken);
        try
        {
            // Read before the query, because what becomes known meanwhile may be newer than its result.
            var known = signal.Known;
            var origin = await LogOrigin.ReadAsync(connection, cancellationToken);
            if (origin.IsStandby)
            {
                throw new NpgsqlException(
                    "The database is read-only: the server is a standby. Waiting until it is promoted or replaced by a primary.");
            }

            var heads = await LogOrigin.ReadHeadsAsync(connection, cancellationToken);
            if (await FindBreakAsync(connection, origin, known, heads, cancellationToken) is { } reason)
            {
                await LogBreak.RecordAsync(connection, holds, origin, known, heads, reason, cancellationToken);
                heads = await LogOrigin.ReadHeadsAsync(connection, cancellationToken);
            }

            await TakeOverAsync(connection, known, heads, cancellationToken);
        }
        finally
        {
            turn.Release();
        }
    }

    /// <summary>Lost events that are still in memory; returns each only once.</summary>
    public IReadOnlyList<LostTail> TakeLost()
    {
        lock (guard)
        {
            var taken = lost;
            lost = [];
            return taken;
        }
    }

    /// <summary>Puts back what could not be stored yet.</summary>
    public void PutBack(IEnumerable<LostTail> tails)
    {
        lock (guard)
        {
            lost.AddRange(tails);
        }
    }

    public void Dispose() => turn.Dispose();

    private static async Task<string?> FindBreakAsync(
        NpgsqlConnection connection, LogOrigin origin, IReadOnlyDictionary<int, KnownHead> known, IReadOnlyDictionary<int, KnownHead> heads,
        CancellationToken cancellationToken)
    {
        if (origin.Difference is { } difference)
        {
            return difference;
        }

        foreach (var (sourceId, before) in known)
        {
            // An incarnation is a time, so one older than the known one comes from a backup.
            if (heads.TryGetValue(sourceId, out var now)
                && (now.Incarnation < before.Incarnation || (IsSameHistory(before, now) && now.NextPosition < before.NextPosition)))
            {
                return "The log ends before events that were already stored: the database was restored from a backup or lost its last commits.";
            }
        }

        var comparable = known.Where(pair => heads.TryGetValue(pair.Key, out var now) && IsSameHistory(pair.Value, now));
        return await LogOrigin.HasOtherTailAsync(connection, comparable, cancellationToken)
            ? "The log contains other events than those stored: the database was restored from a backup or lost its last commits."
            : null;
    }

    private static bool IsSameHistory(KnownHead before, KnownHead now) => before.Incarnation == 0 || before.Incarnation == now.Incarnation;

    private async Task TakeOverAsync(
        NpgsqlConnection connection, IReadOnlyDictionary<int, KnownHead> known, IReadOnlyDictionary<int, KnownHead> heads, CancellationToken cancellationToken)
    {
        if (known.All(pair => !heads.TryGetValue(pair.Key, out var now) || IsSameHistory(pair.Value, now)))
        {
            foreach (var gone in known.Keys.Except(heads.Keys))
            {
                signal.Forget(gone);
            }

            foreach (var (sourceId, head) in heads)
            {
                signal.Advance(sourceId, head.NextPosition, head.Incarnation);
            }

            return;
        }

        var survived = await LogBreak.ReadSurvivedAsync(connection, known, cancellationToken);
        var tails = new List<LostTail>();
        foreach (var (sourceId, before) in known)
        {
            if (survived.TryGetValue(sourceId, out var cut) && cut.Next < before.NextPosition)
            {
                tails.Add(new LostTail(sourceId, cut.Incarnation, cut.Next, cache.ListFrom(sourceId, cut.Next)));
            }
        }

        lock (guard)
        {
            lost.AddRange(tails);
        }

        Interlocked.Increment(ref edition);
        cache.Clear();
        partitions.ForgetAll();
        signal.Replace(heads);
        configuration.Raise();
        logger.LogWarning(
            "The history of the event log was replaced. {Lost} logs lost events; {Held} of those events are still in memory and are stored "
                + "again. Realms are polled again from the last stored checkpoint.",
            tails.Count, tails.Sum(tail => tail.Segments.Sum(segment => segment.Count)));
    }
}
