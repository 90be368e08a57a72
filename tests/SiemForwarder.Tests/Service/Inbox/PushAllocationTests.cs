using Microsoft.Extensions.Options;
using SiemForwarder.Service.Inbox;
using SiemForwarder.Service.Memory;
using SiemForwarder.Service.Telemetry;

namespace SiemForwarder.Tests.Service.Inbox;

/// <summary>What a push of one event costs in memory before it is committed: a few small objects, but no copy of its bytes that outlives it.</summary>
public sealed class PushAllocationTests
{
    private const int Pushes = 2000;
    private const int MaxBytesPerPush = 1800;
    private const string Key = "inbox-key-0123456789abcdef";

    private readonly InboxOptions options = new();
    private readonly InboxSettings inbox = SomeInbox.With(InboxAuthentication.Key, Key);
    private readonly byte[] body = """
        [{"id":"7d4f6a1c-1b70-4b2b-8d5e-0d8a6f1c2b3e","type":"access.LOGIN","time":1762164930123,"realmName":"acme","authDetails":{"userId":"u1","ipAddress":"192.0.2.7"}}]
        """u8.ToArray();

    [Fact]
    public async Task APushOfOneEventAllocatesLessThanTwoKilobytes()
    {
        var room = new InboxMemoryBudget(Options.Create(options), MemoryBudget.Unlimited);
        var headers = SomeInbox.Headers(("X-API-Key", Key));
        using var stream = new MemoryStream(body);
        await TakeAsync(Pushes);

        var before = GC.GetAllocatedBytesForCurrentThread();
        var taking = TakeAsync(Pushes);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        // All of it runs on this thread, so that all of it is counted.
        Assert.True(taking.IsCompletedSuccessfully);
        Assert.True(allocated <= MaxBytesPerPush * Pushes, $"{allocated / (double)Pushes} bytes for each push");

        async Task TakeAsync(int count)
        {
            for (var i = 0; i < count; i++)
            {
                stream.Position = 0;
                Assert.Null(InboxCredentials.RefuseHeaders(inbox, headers, DateTimeOffset.UnixEpoch));
                using var share = room.Open(inbox.SourceId, isProven: true);
                using var sent = new InboxBody(share);
                Assert.Null(await sent.FillAsync(stream, body.Length, options.MaxRequestBytes, TestContext.Current.CancellationToken));
                Assert.Single(PushedBatch.Read(sent.Bytes, isLines: false, inbox, options, 1_762_164_930_123).Batch!.Events);
            }
        }
    }

    [Fact]
    public void CountingInAKnownSeriesAllocatesNothing()
    {
        using var metrics = new ForwarderMetrics();
        var labels = new SeriesLabels($"apps-{Guid.NewGuid():N}");
        Count(100);

        var before = GC.GetAllocatedBytesForCurrentThread();
        Count(Pushes);

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(100 + Pushes, metrics.Sum(MetricCatalog.RequestsPushed, labels));

        void Count(int times)
        {
            for (var i = 0; i < times; i++)
            {
                metrics.Add(MetricCatalog.RequestsPushed, 1, labels);
            }
        }
    }
}
