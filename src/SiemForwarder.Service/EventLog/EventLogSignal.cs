using System.Collections.Concurrent;
using SiemForwarder.Events;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.EventLog;

/// <summary>How far a log reaches as far as this process knows.</summary>
/// <param name="NextPosition">The next free position.</param>
/// <param name="Incarnation">History it is of; 0 where it was not read yet.</param>
/// <param name="Tail">The event before it, where this process stored that; null where another one did.</param>
internal readonly record struct KnownHead(long NextPosition, long Incarnation, LogTail? Tail);

/// <summary>The last event of a log: what it is known by, and the day whose partition holds it.</summary>
internal readonly record struct LogTail(EventKey Key, DateOnly Day);

/// <summary>Knows how far each log reaches, and wakes readers when one grew.</summary>
internal sealed class EventLogSignal
{
    private readonly ConcurrentDictionary<int, KnownHead> heads = new();
    private readonly ChangeSignal grown = new();

    /// <summary>Completes when any log grows after this call.</summary>
    public Task Grown => grown.Changed;

    /// <summary>What is known of every log, at one moment.</summary>
    public IReadOnlyDictionary<int, KnownHead> Known => new Dictionary<int, KnownHead>(heads);

    /// <summary>The next free position of a log as far as this process knows; 1 where nothing is known.</summary>
    public long NextPosition(int sourceId) => heads.TryGetValue(sourceId, out var head) ? head.NextPosition : 1;

    /// <summary>The history of a log; 0 where this process has not read it yet.</summary>
    public long Incarnation(int sourceId) => heads.TryGetValue(sourceId, out var head) ? head.Incarnation : 0;

    /// <summary>A log reaches so far at least; what is known to be further is kept.</summary>
    /// <param name="sourceId">Log.</param>
    /// <param name="nextPosition">Its next free position.</param>
    /// <param name="incarnation">History it was read in; 0 where that is not said.</param>
    /// <param name="tail">The event before it; null where that is not known.</param>
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
            grown.Raise();
        }
    }

    /// <summary>Forgets what was known of all logs, and takes what the database holds instead.</summary>
    public void Replace(IEnumerable<KeyValuePair<int, KnownHead>> read)
    {
        heads.Clear();
        foreach (var (sourceId, head) in read)
        {
            heads[sourceId] = head;
        }

        grown.Raise();
    }

    /// <summary>Forgets a log whose source is gone.</summary>
    public void Forget(int sourceId) => heads.TryRemove(sourceId, out _);
}
