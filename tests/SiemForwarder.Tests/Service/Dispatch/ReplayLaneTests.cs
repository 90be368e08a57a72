using SiemForwarder.Connections;
using SiemForwarder.Destinations;
using SiemForwarder.Events;
using SiemForwarder.Service.Dispatch.Delivery;
using SiemForwarder.Service.Dispatch.Replays;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Tests.Service.Dispatch;

/// <summary>Replays, one after the other, each from where it stopped.</summary>
public sealed class ReplayLaneTests : IDisposable
{
    private readonly LaneBench bench = new();
    private readonly FakeReplayTable table = new();
    private readonly ConfigurationSignal configuration = new();
    private int opened;

    public ReplayLaneTests()
    {
        bench.Log.Append(LaneBench.SourceId, 1, "a", "b", "c", "d", "e", "f");
        bench.Log.Append(8, 1, "x", "y");
    }

    public void Dispose() => bench.Dispose();

    [Fact]
    public async Task AReplaySendsItsRangesFromWhereItStoppedAndMarksTheEvents()
    {
        table.Ask(Some(5, new ReplayRange(LaneBench.SourceId, 2, 5, 3), new ReplayRange(8, 1, 2, 0)));

        await RunUntilAsync(() => table.IsFinished(5));

        Assert.Equal(["4,5", "1,2"], bench.Destination.Positions);
        Assert.All(
            bench.Destination.Sent.SelectMany(batch => batch.Events),
            one => Assert.Equal("5", one.Details.Single(detail => detail.Key == ReplaySelection.Detail).Value));
        Assert.Equal([5L], table.Started);
    }

    [Fact]
    public async Task ABackfillSendsForTheFirstTimeAndMarksNothing()
    {
        table.Ask(Some(5, new ReplayRange(8, 1, 2, 0)) with { Kind = Replay.AsBackfill });

        await RunUntilAsync(() => table.IsFinished(5));

        Assert.All(bench.Destination.Sent.SelectMany(batch => batch.Events), one => Assert.DoesNotContain(one.Details, detail => detail.Key == ReplaySelection.Detail));
    }

    [Fact]
    public async Task OnlyWhatBothTheReplayAndTheIntegrationWantIsSent()
    {
        bench.Filter = new EventFilter(null, new EventMatch { Users = ["b"] });
        var wanted = new ReplayDefinition(null, null, new EventFilter(null, new EventMatch { Users = ["d"] }));
        table.Ask(Some(5, new ReplayRange(LaneBench.SourceId, 1, 5, 0)) with { Definition = wanted });

        await RunUntilAsync(() => table.IsFinished(5));

        Assert.Equal(["1,3,5"], bench.Destination.Positions);
    }

    [Fact]
    public async Task ItStaysWithinItsRate()
    {
        table.Ask(Some(5, new ReplayRange(LaneBench.SourceId, 1, 6, 0)) with { EventsPerSecond = 2 });
        var started = bench.Time.GetUtcNow();

        await RunUntilAsync(() => table.IsFinished(5));

        Assert.Equal(["1,2", "3,4", "5,6"], bench.Destination.Positions);
        Assert.InRange((bench.Time.GetUtcNow() - started).TotalSeconds, 2, 10);
    }

    [Fact]
    public async Task ACancelledReplayStopsWhileItWaitsAndTheNextHasItsTurn()
    {
        bench.Destination = new AnsweringDestination(batch => batch.Events[0].Source.Id == 8
            ? new DeliveryOutcome.Delivered("ok") : new DeliveryOutcome.Misconfigured(ErrorCategory.Authentication, "HTTP 401"));
        table.Ask(Some(5, new ReplayRange(LaneBench.SourceId, 1, 6, 0)));
        table.Ask(Some(6, new ReplayRange(8, 1, 2, 0)));

        await RunUntilAsync(
            () =>
            {
                if (bench.Journal.Errors.Count > 0)
                {
                    table.Cancel(5);
                }

                return table.IsFinished(6);
            });

        Assert.Equal(2, opened);
        Assert.Equal(2, bench.Destination.Closed);
        Assert.False(table.IsFinished(5));
    }

    [Fact]
    public async Task WhatIsGoneIsCountedAsMissingAndTheReplayEnds()
    {
        bench.Log.Append(LaneBench.SourceId, 20, "u");
        table.Ask(Some(5, new ReplayRange(LaneBench.SourceId, 5, 12, 4)));

        await RunUntilAsync(() => table.IsFinished(5));

        Assert.Equal(["5,6"], bench.Destination.Positions);
        Assert.Equal([new PositionRange(7, 12)], bench.Journal.Gaps);
    }

    [Fact]
    public async Task AFaultOfItsOwnIsToldToWhoRunsIt()
    {
        bench.Destination = new AnsweringDestination(_ => new DeliveryOutcome.Delivered("ok"));
        table.Ask(Some(5, new ReplayRange(8, 1, 2, 0)));
        var lane = new ReplayLane(
            bench.Integration, table, (_, _) => throw new InvalidOperationException("broken"), configuration, bench.Settings, bench.Time, bench.Telemetry);

        await Assert.ThrowsAsync<InvalidOperationException>(() => bench.FinishAsync(TrueAfter(lane.RunAsync(TestContext.Current.CancellationToken))));
    }

    private static async Task<bool> TrueAfter(Task task)
    {
        await task;
        return true;
    }

    private static Replay Some(long id, params ReplayRange[] ranges) => new(
        id, LaneBench.IntegrationId, Replay.AsReplay, Replay.Running, new ReplayDefinition(null, null, EventFilter.Everything), 1000, 0, 0, 0, null, null,
        "somebody", DateTimeOffset.UnixEpoch, null, null, ranges);

    private async Task RunUntilAsync(Func<bool> isSo)
    {
        using var stop = new CancellationTokenSource();
        var lane = new ReplayLane(bench.Integration, table, Open, configuration, bench.Settings, bench.Time, bench.Telemetry);
        var running = lane.RunAsync(stop.Token);
        await bench.AdvanceUntilAsync(isSo);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    private BatchDelivery Open(Replay replay, CancellationToken stopping)
    {
        opened++;
        var lane = new DeliveryLane(bench.Integration, LaneBench.Fence, bench.Log, new ReplaySelection(replay, bench.Filter), bench.Journal)
        {
            MaxEvents = replay.EventsPerSecond,
        };
        return new BatchDelivery(lane, bench.Parts, stopping);
    }

    /// <summary>Replays in memory.</summary>
    private sealed class FakeReplayTable : IReplayTable
    {
        private readonly Lock access = new();
        private readonly List<Replay> replays = [];

        public List<long> Started { get; } = [];

        public void Ask(Replay replay) => replays.Add(replay);

        public void Cancel(long id) => Move(id, "cancelled");

        public bool IsFinished(long id)
        {
            lock (access)
            {
                return replays.Single(one => one.Id == id).State == "done";
            }
        }

        public Task<Replay?> FindAsync(int integrationId, long id, CancellationToken cancellationToken)
        {
            lock (access)
            {
                return Task.FromResult(replays.Find(one => one.Id == id));
            }
        }

        public Task<Replay?> FindRunningAsync(int integrationId, CancellationToken cancellationToken)
        {
            lock (access)
            {
                return Task.FromResult(replays.Find(one => one.State == Replay.Running));
            }
        }

        public Task<int> StartAsync(long id, CancellationToken cancellationToken)
        {
            Started.Add(id);
            return Task.FromResult(1);
        }

        public Task<int> FinishAsync(long id, CancellationToken cancellationToken)
        {
            Move(id, "done");
            return Task.FromResult(1);
        }

        private void Move(long id, string state)
        {
            lock (access)
            {
                var index = replays.FindIndex(one => one.Id == id);
                replays[index] = replays[index] with { State = state };
            }
        }
    }
}
