using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using SiemForwarder.Events;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Memory;
using SiemForwarder.Service.Operations;
using SiemForwarder.Service.Storage;
using SiemForwarder.Service.Telemetry;

namespace SiemForwarder.Tests.Service.Operations;

/// <summary>When memory is given back, and what of it.</summary>
public sealed class MemoryReleaseServiceTests : IAsyncDisposable
{
    private const long MiB = 1024 * 1024;

    private readonly DatabaseConnections connections = new("Host=127.0.0.1;Port=1;Username=nobody", new DatabaseOptions(), TimeProvider.System);
    private readonly MemoryBudget memory = new(64 * MiB);
    private readonly SegmentCache cache;
    private readonly MemoryReleaseService service;

    public MemoryReleaseServiceTests()
    {
        cache = new LogMemory(memory, Options.Create(new EventLogOptions())).Cache;
        service = new MemoryReleaseService(memory, new LoopGuard(connections, TimeProvider.System, NullLogger<LoopGuard>.Instance), TimeProvider.System);
    }

    public ValueTask DisposeAsync()
    {
        service.Dispose();
        return connections.DisposeAsync();
    }

    [Fact]
    public void AfterABurstTheFirstTwoCalmMinutesGiveMemoryBack()
    {
        Look(10);
        Look(10);
        cache.Add(new LogSegment(1, EventStream.User, 1, DateTimeOffset.UnixEpoch, SegmentBody.Join([new IncomingEvent(0, default, null, new byte[1])]), [default], [0]), cache.Edition);

        bool[] released = [Look(20), Look(600), Look(700), Look(710), Look(720), Look(730)];

        Assert.Equal([false, false, false, true, true, false], released);
        Assert.Equal(0, cache.Weight);
        Assert.Equal(0, memory.Shares[0].Taken);
        Assert.Null(cache.Find(1, 0));
    }

    [Fact]
    public void TheStartIsABurst()
    {
        bool[] released = [Look(200), Look(210), Look(220), Look(230)];

        Assert.Equal([false, true, true, false], released);
    }

    [Fact]
    public void ManyCalmMinutesTogetherAreABurst()
    {
        Look(0);
        Look(0);

        var released = Enumerable.Range(1, 20).Select(minute => Look(60 * minute)).ToList();

        Assert.Equal([9, 10, 19, 20], released.Index().Where(one => one.Item).Select(one => one.Index + 1));
    }

    private bool Look(long allocatedMiB) => service.Look(allocatedMiB * MiB);
}
