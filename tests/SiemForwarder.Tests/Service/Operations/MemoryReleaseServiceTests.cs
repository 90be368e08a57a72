using Microsoft.Extensions.Logging.Abstractions;
using SiemForwarder.Events;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Operations;
using SiemForwarder.Service.Storage;
using SiemForwarder.Service.Telemetry;

namespace SiemForwarder.Tests.Service.Operations;

/// <summary>When memory is given back, and what of it.</summary>
public sealed class MemoryReleaseServiceTests : IAsyncDisposable
{
    private const long MiB = 1024 * 1024;

    private readonly DatabaseConnections connections = new("Host=127.0.0.1;Port=1;Username=nobody", new DatabaseOptions(), TimeProvider.System);
    private readonly SegmentCache cache = new();
    private readonly MemoryReleaseService service;

    public MemoryReleaseServiceTests() =>
        service = new MemoryReleaseService(cache, new LoopGuard(connections, TimeProvider.System, NullLogger<LoopGuard>.Instance), TimeProvider.System);

    public ValueTask DisposeAsync()
    {
        service.Dispose();
        return connections.DisposeAsync();
    }

    [Fact]
    public void AfterABurstTheFirstCalmMinuteGivesMemoryBackOnce()
    {
        cache.Add(new LogSegment(1, EventStream.User, 1, DateTimeOffset.UnixEpoch, SegmentBody.Join([new IncomingEvent(0, default, null, new byte[1])]), [default], [0]), cache.Edition);

        bool[] released = [Look(600), Look(700), Look(710), Look(720)];

        Assert.Equal([false, false, true, false], released);
        Assert.Equal(0, cache.Weight);
        Assert.Null(cache.Find(1, 0));
    }

    [Fact]
    public void WithoutABurstNothingIsGivenBack()
    {
        bool[] released = [Look(100), Look(110), Look(120)];

        Assert.DoesNotContain(true, released);
    }

    private bool Look(long allocatedMiB) => service.Look(allocatedMiB * MiB);
}
