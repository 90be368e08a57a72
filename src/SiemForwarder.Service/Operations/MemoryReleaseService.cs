using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Telemetry;

namespace SiemForwarder.Service.Operations;

/// <summary>Gives memory back to the system when a burst of work is over: cached segments, and what the collector holds for the next burst.</summary>
/// <remarks>The collector alone gives back little while nothing is allocated: a service that once took half a gigabyte would keep it for days.</remarks>
internal sealed class MemoryReleaseService(SegmentCache cache, LoopGuard guard, TimeProvider time) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    // Allocated bytes of an interval: some hundred thousand events, and what an idle service allocates.
    private const long Burst = 512L * 1024 * 1024;
    private const long Calm = 64L * 1024 * 1024;

    private long before;
    private bool isAfterBurst;

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => guard.RunAsync(
        "gives memory back after a burst", _ => Task.FromResult(Look(GC.GetTotalAllocatedBytes())), token => Task.Delay(Interval, time, token), stoppingToken);

    /// <summary>Gives memory back if the first calm interval after a burst has passed; tells whether it did.</summary>
    /// <param name="allocated">Bytes that the process has allocated so far.</param>
    internal bool Look(long allocated)
    {
        var grown = allocated - before;
        (before, isAfterBurst) = (allocated, isAfterBurst || grown >= Burst);
        if (!isAfterBurst || grown > Calm)
        {
            return false;
        }

        isAfterBurst = false;
        cache.Drop();
        SegmentBuffers.Clear();
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        return true;
    }
}
