using SiemForwarder.Connections;
using SiemForwarder.Destinations;
using SiemForwarder.Service.Dispatch.Lanes;
using SiemForwarder.Service.Engines;
using SiemForwarder.Service.EventLog;

namespace SiemForwarder.Tests.Service.Dispatch;

/// <summary>The live traffic of an integration over its sources.</summary>
public sealed class LiveLaneTests : IDisposable
{
    private const int OtherSource = 8;

    private readonly LaneBench bench = new();
    private readonly EventLogSignal signal = new();
    private readonly CancellationTokenSource stop = new();

    public void Dispose()
    {
        stop.Dispose();
        bench.Dispose();
    }

    [Fact]
    public async Task ItGoesOnFromTheCheckpointsOfEverySource()
    {
        bench.Sources.Ids.Add(OtherSource);
        bench.Journal.Checkpoints[LaneBench.SourceId] = 2;
        bench.Log.Append(LaneBench.SourceId, 1, "a", "b", "c");
        bench.Log.Append(OtherSource, 1, "d");

        await RunUntilAsync(() => bench.Journal.Records.Count == 2);

        Assert.Equal([(LaneBench.SourceId, 2L, 3L), (OtherSource, 0, 1)], bench.Journal.Records.Select(one => (one.SourceId, one.AfterPosition, one.LastPosition)));
    }

    [Fact]
    public async Task ItLeavesSourcesAloneThatItsIntegrationDoesNotName()
    {
        bench.Sources.Ids.Add(OtherSource);
        bench.SelectedSources = [OtherSource];
        bench.Log.Append(LaneBench.SourceId, 1, "a");
        bench.Log.Append(OtherSource, 1, "b");

        await RunUntilAsync(() => bench.Destination.Recoveries > 0);

        Assert.Equal([OtherSource], bench.Journal.Records.Select(one => one.SourceId));
    }

    [Fact]
    public async Task WhatIsAppendedWhileItIsIdleIsSentAtOnce()
    {
        await using var delivery = bench.Live(stop.Token);
        var running = Lane(delivery).RunAsync(stop.Token);
        await WaitAsync(() => bench.Time.WaitingTimers > 0);
        var idleSince = bench.Time.GetUtcNow();
        bench.Log.Append(LaneBench.SourceId, 1, "a");

        signal.Advance(LaneBench.SourceId, 2);

        await WaitAsync(() => bench.Journal.Records.Count == 1);
        Assert.Equal(idleSince, bench.Time.GetUtcNow());
        await StopAsync(running);
    }

    [Fact]
    public async Task WhatComesRightBehindABatchIsGatheredForAMoment()
    {
        bench.Log.Append(LaneBench.SourceId, 1, "a");
        await using var delivery = bench.Live(stop.Token);
        var running = Lane(delivery).RunAsync(stop.Token);
        await WaitAsync(() => bench.Journal.Records.Count == 1 && bench.Time.WaitingTimers > 0);

        bench.Log.Append(LaneBench.SourceId, 2, "b");
        bench.Log.Append(LaneBench.SourceId, 3, "c");
        signal.Advance(LaneBench.SourceId, 4);
        await bench.AdvanceUntilAsync(() => bench.Journal.Records.Count == 2);

        Assert.Equal(["1", "2,3"], bench.Destination.Positions);
        await StopAsync(running);
    }

    [Fact]
    public async Task WhatWaitsAlreadyGoesOutWithoutAMoment()
    {
        bench.Destination = new AnsweringDestination(_ => new DeliveryOutcome.Delivered("ok")) { Limits = new BatchLimits(1, 1_000_000) };
        bench.Log.Append(LaneBench.SourceId, 1, "a", "b", "c");
        signal.Advance(LaneBench.SourceId, 4);
        var before = bench.Time.GetUtcNow();
        await using var delivery = bench.Live(stop.Token);
        var running = Lane(delivery).RunAsync(stop.Token);

        await WaitAsync(() => bench.Journal.Records.Count == 3);

        Assert.Equal(before, bench.Time.GetUtcNow());
        await StopAsync(running);
    }

    [Fact]
    public async Task WhileThereIsNothingToSendTheDestinationMayRecover() => await RunUntilAsync(() => bench.Destination.Recoveries > 2);

    [Fact]
    public async Task ItEndsWhereAnotherEngineMovedACheckpointAndNamesTheSource()
    {
        bench.Log.Append(LaneBench.SourceId, 1, "a");
        bench.Journal.IsTaken = true;
        await using var delivery = bench.Live(stop.Token);

        Assert.Equal(LaneBench.SourceId, await Lane(delivery).RunAsync(stop.Token));
    }

    [Fact]
    public async Task ASourceWhoseDestinationIsAwayIsSentFromWhereItStopped()
    {
        var asked = 0;
        bench.Destination = new AnsweringDestination(
            _ => asked++ < 3 ? new DeliveryOutcome.Transient(ErrorCategory.Connection, "refused") : new DeliveryOutcome.Delivered("ok"));
        bench.Log.Append(LaneBench.SourceId, 1, "a", "b");

        await RunUntilAsync(() => bench.Journal.Records.Count == 1);

        Assert.Equal(["1,2", "1,2", "1,2", "1,2"], bench.Destination.Positions);
        Assert.Equal(3, bench.Journal.Errors.Count);
    }

    private LiveLane Lane(SiemForwarder.Service.Dispatch.Delivery.BatchDelivery delivery) =>
        new(bench.Integration, delivery, bench.Journal, bench.Sources, signal, new DatabaseRetry(bench.Time, bench.Telemetry), bench.Time);

    private async Task RunUntilAsync(Func<bool> isSo)
    {
        await using var delivery = bench.Live(stop.Token);
        var running = Lane(delivery).RunAsync(stop.Token);
        await bench.AdvanceUntilAsync(isSo);
        await StopAsync(running);
    }

    private async Task StopAsync(Task running)
    {
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    private static async Task WaitAsync(Func<bool> isSo)
    {
        var started = System.Diagnostics.Stopwatch.StartNew();
        while (!isSo())
        {
            Assert.True(started.Elapsed < TimeSpan.FromSeconds(30), "What was waited for does not happen.");
            await Task.Yield();
        }
    }
}
