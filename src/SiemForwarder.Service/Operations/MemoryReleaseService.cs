using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Memory;
using SiemForwarder.Service.Telemetry;

namespace SiemForwarder.Service.Operations;

/// <summary>Gives memory back to the system when a burst of work is over: that of the parts, and what the collector holds for the next burst.</summary>
/// <remarks>The collector alone gives back little while nothing is allocated: a service that once took half a gigabyte would keep it for days.</remarks>
internal sealed class MemoryReleaseService(MemoryBudget memory, LoopGuard guard, TimeProvider time) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    // Allocated bytes: some hundred thousand events, and what an idle service allocates in an interval.
    private const long Burst = 512L * 1024 * 1024;
    private const long Calm = 64L * 1024 * 1024;

    // Pooled arrays age with one collection and are let go by a later one.
    private const int Collections = 2;

    private long before;
    private long sinceRelease;

    // The start is a burst, too: of settings, schemas and compiled code.
    private int left = Collections;

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => guard.RunAsync(
        "gives memory back after a burst", _ => Task.FromResult(Look(GC.GetTotalAllocatedBytes())), token => Task.Delay(Interval, time, token), stoppingToken);

    /// <summary>Gives memory back in the first two calm intervals after a burst; tells whether it did.</summary>
    /// <param name="allocated">Bytes that the process has allocated so far.</param>
    internal bool Look(long allocated)
    {
        var grown = allocated - before;
        before = allocated;
        sinceRelease += grown;
        if (sinceRelease >= Burst)
        {
            (left, sinceRelease) = (Collections, 0);
        }

        if (left == 0 || grown > Calm)
        {
            return false;
        }

        left--;
        sinceRelease = 0;
        memory.GiveBackIdle();
        SegmentBuffers.Clear();
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        return true;
    }
}
