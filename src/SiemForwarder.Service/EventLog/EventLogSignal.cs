using System.Collections.Concurrent;

namespace SiemForwarder.Service.EventLog;

/// <summary>Knows how far each log reaches, and wakes readers when one grew.</summary>
internal sealed class EventLogSignal
{
    private readonly ConcurrentDictionary<int, long> nextPositions = new();
    private TaskCompletionSource grown = New();

    /// <summary>The next free position of a log as far as this process knows; 1 where nothing is known.</summary>
    public long NextPosition(int sourceId) => nextPositions.GetValueOrDefault(sourceId, 1);

    /// <summary>Completes when any log grows after this call.</summary>
    public Task Grown => Volatile.Read(ref grown).Task;

    public void Advance(int sourceId, long nextPosition)
    {
        var before = nextPositions.GetValueOrDefault(sourceId);
        var after = nextPositions.AddOrUpdate(sourceId, nextPosition, (_, known) => Math.Max(known, nextPosition));
        if (after > before)
        {
            Interlocked.Exchange(ref grown, New()).TrySetResult();
        }
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
