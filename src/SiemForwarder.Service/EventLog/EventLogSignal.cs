using System.Collections.Concurrent;
using SiemForwarder.Events;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.EventLog;

/// <summary>The head of a log as known to this process.</summary>
/// <param name="NextPosition">The next free position.</param>
/// <param name="Incarnation">Its history; 0 if not read yet.</param>
/// <param name="Tail">The event before it, if this process stored it; null if another one did.</param>
internal readonly record struct KnownHead(long NextPosition, long Incarnation, LogTail? Tail);

/// <summary>The last event of a log: its key, and the day whose partition holds it.</summary>
internal readonly record struct LogTail(EventKey Key, DateOnly Day);

/// <summary>Knows how far each log reaches, and wakes readers when one grows.</summary>
internal sealed class EventLogSignal
{
    // Waiting for more logs than these one by one costs more than a wake-up too many.
    private const int MaxWatched = 8;

    private readonly ConcurrentDictionary<int, KnownHead> heads = new();
    private readonly ConcurrentDictionary<int, ChangeSignal> watched = new();
    private readonly ChangeSignal grown = new();

    /// <summary>Completes when any log grows after this call.</summary>
    public Task Grown => grown.Changed;

    /// <summary>Completes when one of these logs grows after this call.</summary>
    /// <remarks>Hundreds of readers of a log each must not all wake for every append. A reader of many logs may wake for one that it does not read.</remarks>
    /// <param name="sourceIds">The logs; empty for all.</param>
    public Task GrownOf(IReadOnlyList<int> sourceIds) => sourceIds.Count switch
    {
        0 or > MaxWatched => Grown,
        1 => Watch(sourceIds[0]),
        _ => Task.WhenAny(sourceIds.Select(Watch)),
    };

    /// <summary>A snapshot of the known heads of all logs.</summary>
    public IReadOnlyDictionary<int, KnownHead> Known => new Dictionary<int, KnownHead>(heads);

    /// <summary>The next free position of a log as known to this process; 1 if the log is unknown.</summary>
    public long NextPosition(int sourceId) => heads.TryGetValue(sourceId, out var head) ? head.NextPosition : 1;

    /// <summary>The history of a log; 0 if this process has not read it yet.</summary>
    public long Incarnation(int sourceId) => heads.TryGetValue(sourceId, out var head) ? head.Incarnation : 0;

    /// <summary>Records that a log reaches at least this far; a known higher position is kept.</summary>
    /// <param name="sourceId">Log.</param>
    /// <param name="nextPosition">Its next free position.</param>
    /// <param name="incarnation">History it was read in; 0 if not given.</param>
    /// <param name="tail">The event before it; null if unknown.</param>
    public void Advance(int sourceId, long nextPosition, long incarnation = 0, LogTail? tail = null)
    {
        var grew = false;
        heads.AddOrUpdate(
            sourceId,
            _ =>
            {
                grew = true;
                return new KnownHead(nextPosition, incarnation, tail);
            },
            (_, known) =>
            {
                grew = nextPosition > known.NextPosition;
                var history = known.Incarnation == 0 ? incarnation : known.Incarnation;
                return grew ? new KnownHead(nextPosition, history, tail) : known with { Incarnation = history };
            });
        if (grew)
        {
            Raise(sourceId);
            grown.Raise();
        }
    }

    /// <summary>Replaces all known heads with those read from the database.</summary>
    public void Replace(IEnumerable<KeyValuePair<int, KnownHead>> read)
    {
        heads.Clear();
        foreach (var (sourceId, head) in read)
        {
            heads[sourceId] = head;
        }

        foreach (var sourceId in watched.Keys)
        {
            Raise(sourceId);
        }

        grown.Raise();
    }

    /// <summary>Forgets the log of a deleted source.</summary>
    public void Forget(int sourceId)
    {
        heads.TryRemove(sourceId, out _);
        if (watched.TryRemove(sourceId, out var signal))
        {
            signal.Raise();
        }
    }

    private Task Watch(int sourceId) => watched.GetOrAdd(sourceId, static _ => new ChangeSignal()).Changed;

    private void Raise(int sourceId)
    {
        if (watched.TryGetValue(sourceId, out var signal))
        {
            signal.Raise();
        }
    }
}
