using Npgsql;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.EventLog;

/// <summary>What a process had in memory of a log beyond the point where its history was cut off.</summary>
/// <param name="SourceId">Log.</param>
/// <param name="Incarnation">History that begins with the cut.</param>
/// <param name="SurvivedNext">First position that was lost.</param>
/// <param name="Segments">What is still in memory of it.</param>
internal sealed record LostTail(int SourceId, long Incarnation, long SurvivedNext, IReadOnlyList<LogSegment> Segments);

/// <summary>Notices when the database's history was replaced under the process, and makes it forget what it remembered of the other one.</summary>
/// <remarks>
/// A failover to a standby that lagged, or a restored backup, takes back commits that were acknowledged. Then positions get other events, and whoever
/// remembers the old ones (signal, caches, key windows, pollers, checkpoints in memory) would pass over the new ones. Every new session is looked at
/// before its first use, since no session outlives its server: the server's identity and timeline, where each log ends, and the key of the last event
/// that this process stored. What differs gives every log a new incarnation; appends and deliveries of an older one are refused by the database.
/// Behind a pooler, which keeps sessions of its own, the same is looked at every few seconds.
/// </remarks>
internal sealed class LogHistory(
    EventLogSignal signal, SegmentCache cache, DayPartitions partitions, IEnumerable<LogHold> holds, ConfigurationSignal configuration,
    ILogger<LogHistory> logger) : IDisposable
{
    private readonly SemaphoreSlim turn = new(1, 1);
    private readonly Lock guard = new();
    private List<LostTail> lost = [];
    private int edition;

    /// <summary>Grows when the process forgot what it knew; what was read under an older edition must not be acted on.</summary>
    public int Edition => Volatile.Read(ref edition);

    /// <summary>Compares what this process knows with what a session shows. Refuses a standby, whose sessions live on when it is promoted.</summary>
    /// <exception cref="NpgsqlException">The database cannot be used.</exception>
    public async Task VerifyAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await turn.WaitAsync(cancellationToken);
        try
        {
            // Taken before the database is asked: what became known meanwhile may be younger than the answer.
            var known = signal.Known;
            var origin = await LogOrigin.ReadAsync(connection, cancellationToken);
            if (origin.IsStandby)
            {
                throw new NpgsqlException(
                    "The database takes no writes: the server is a standby. Waiting until it is promoted, or for the server that takes its place.");
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

    /// <summary>What was lost and is still in memory, once each.</summary>
    public IReadOnlyList<LostTail> TakeLost()
    {
        lock (guard)
        {
            var taken = lost;
            lost = [];
            return taken;
        }
    }

    /// <summary>Puts back what could not be stored again yet.</summary>
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
            // An incarnation is a time: an older one than was seen comes from a backup.
            if (heads.TryGetValue(sourceId, out var now)
                && (now.Incarnation < before.Incarnation || (IsSameHistory(before, now) && now.NextPosition < before.NextPosition)))
            {
                return "The log ends before events that were stored in it: the database was restored from a backup, or lost its last commits.";
            }
        }

        var comparable = known.Where(pair => heads.TryGetValue(pair.Key, out var now) && IsSameHistory(pair.Value, now));
        return await LogOrigin.HasOtherTailAsync(connection, comparable, cancellationToken)
            ? "The log holds other events than were stored in it: the database was restored from a backup, or lost its last commits."
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
            "The history of the event log was replaced. What this process remembered of it is forgotten; {Lost} logs lost events, {Held} events are still in "
                + "memory and are stored again. Realms are read again from the last stored checkpoint.",
            tails.Count, tails.Sum(tail => tail.Segments.Sum(segment => segment.Count)));
    }
}
