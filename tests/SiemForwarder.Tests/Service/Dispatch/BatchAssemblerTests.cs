using System.Text.RegularExpressions;
using SiemForwarder.Destinations;
using SiemForwarder.Events;
using SiemForwarder.Service.Dispatch.Delivery;

namespace SiemForwarder.Tests.Service.Dispatch;

/// <summary>The next batch of a lane that lags is prepared while the current one is sent.</summary>
public sealed class BatchAssemblerTests : IDisposable
{
    private const int OtherId = 8;
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);

    private readonly LaneBench bench = new();
    private readonly List<long> seen = [];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => bench.Dispose();

    [Fact]
    public async Task WhileABatchIsSentTheNextOneIsFormattedAndThenGoesOutUnchanged()
    {
        AppendLogins(LaneBench.SourceId, 1000);
        using var prepared = new ManualResetEventSlim();
        // The first send ends only when the batch behind it has been looked through: unless it is prepared meanwhile, never.
        bench.Destination = Answering(batch => batch.Events[0].Position > 1 || prepared.Wait(Bound, Token));
        await using var delivery = Delivery(position => Set(prepared, position == 200));

        var first = await Task.Run(() => delivery.DeliverNextAsync(LaneBench.SourceId, 0, long.MaxValue, Token, prepares: true), Token);
        var second = await delivery.DeliverNextAsync(LaneBench.SourceId, first.LastPosition, long.MaxValue, Token);

        Assert.Equal(new DeliveredRun(RunEnd.Done, 100, 100), first);
        Assert.Equal(new DeliveredRun(RunEnd.Done, 200, 100), second);
        AssertSentOnce(200);
        Assert.Equal([(0L, 100L), (100, 200)], bench.Journal.Records.Select(record => (record.AfterPosition, record.LastPosition)));
    }

    [Fact]
    public async Task WhatWasPreparedForAnotherPlaceIsNotSent()
    {
        AppendLogins(LaneBench.SourceId, 1000);
        await using var delivery = Delivery(_ => { });

        await delivery.DeliverNextAsync(LaneBench.SourceId, 0, long.MaxValue, Token, prepares: true);
        await delivery.DeliverNextAsync(LaneBench.SourceId, 500, long.MaxValue, Token, prepares: true);
        await delivery.DeliverNextAsync(LaneBench.SourceId, 600, 650, Token);

        Assert.Equal(
            [(0L, 100L), (500, 600), (600, 650)], bench.Journal.Records.Select(record => (record.AfterPosition, record.LastPosition)));
        Assert.Equal([1, 501, 601], bench.Destination.Sent.Select(batch => batch.Events[0].Position));
    }

    [Fact]
    public async Task TheBatchOfTheSourceThatComesNextIsPrepared()
    {
        AppendLogins(LaneBench.SourceId, 100);
        AppendLogins(OtherId, 1000);
        using var prepared = new ManualResetEventSlim();
        bench.Destination = Answering(_ => prepared.Wait(Bound, Token));
        await using var delivery = Delivery(position => Set(prepared, seen.Count > 100 && position == 100));

        await Task.Run(() => delivery.DeliverNextAsync(LaneBench.SourceId, 0, long.MaxValue, Token, prepares: true, (OtherId, 0)), Token);
        await delivery.DeliverNextAsync(OtherId, 0, long.MaxValue, Token);

        Assert.Equal([(LaneBench.SourceId, 100L), (OtherId, 100)], bench.Journal.Records.Select(record => (record.SourceId, record.LastPosition)));
    }

    [Fact]
    public async Task AFewEventsAreLeftToBecomeMore()
    {
        AppendLogins(LaneBench.SourceId, 100 + BatchAssembler.MinAhead - 1);
        await using (var delivery = Delivery(_ => { }))
        {
            await delivery.DeliverNextAsync(LaneBench.SourceId, 0, long.MaxValue, Token, prepares: true);
        }

        // A lane that ends waits for what it prepares; only the first event behind a full batch was looked at.
        Assert.Equal(101, seen.Max());
    }

    [Fact]
    public async Task ALaneThatEndsGivesItsPlaceBackToTheOthers()
    {
        AppendLogins(LaneBench.SourceId, 1000);
        var parts = bench.Parts;
        for (var lane = 0; lane < 2 * Environment.ProcessorCount; lane++)
        {
            await using var delivery = Delivery(_ => { }, parts);
            await delivery.DeliverNextAsync(LaneBench.SourceId, 0, long.MaxValue, Token, prepares: true);
            Assert.Equal(Environment.ProcessorCount - 1, parts.Ahead.CurrentCount);
        }

        Assert.Equal(Environment.ProcessorCount, parts.Ahead.CurrentCount);
    }

    [Fact]
    public async Task WithoutAFreePlaceALaneDeliversAsEver()
    {
        AppendLogins(LaneBench.SourceId, 1000);
        var parts = bench.Parts;
        for (var place = 0; place < Environment.ProcessorCount; place++)
        {
            await parts.Ahead.WaitAsync(Token);
        }

        await using var delivery = Delivery(_ => { }, parts);
        await delivery.DeliverNextAsync(LaneBench.SourceId, 0, long.MaxValue, Token, prepares: true);
        await delivery.DeliverNextAsync(LaneBench.SourceId, 100, long.MaxValue, Token, prepares: true);

        AssertSentOnce(200);
    }

    [Fact]
    public async Task ADatabaseThatIsAwayWhileABatchIsPreparedIsWaitedFor()
    {
        AppendLogins(LaneBench.SourceId, 1000);
        bench.Destination = Answering(_ =>
        {
            bench.Log.FailingReads = bench.Destination.Sent.Count == 1 ? 2 : 0;
            return true;
        });
        await using var delivery = Delivery(_ => { });

        await bench.FinishAsync(delivery.DeliverNextAsync(LaneBench.SourceId, 0, long.MaxValue, Token, prepares: true));
        await bench.FinishAsync(delivery.DeliverNextAsync(LaneBench.SourceId, 100, long.MaxValue, Token, prepares: true));

        AssertSentOnce(200);
    }

    private void AppendLogins(int source, int count) => bench.Log.Append(source, 1, [.. Enumerable.Range(1, count).Select(number => $"user-{number}")]);

    private BatchDelivery Delivery(Action<long> looked, DeliveryParts? parts = null)
    {
        var selection = new WatchedSelection(position =>
        {
            seen.Add(position);
            looked(position);
        });
        return new(new DeliveryLane(bench.Integration, LaneBench.Fence, bench.Log, selection, bench.Journal), parts ?? bench.Parts, Token);
    }

    private void AssertSentOnce(int count)
    {
        Assert.Equal(Enumerable.Range(1, count).Select(position => (long)position), bench.Destination.Sent.SelectMany(batch => batch.Events.Select(one => one.Position)));
        var users = bench.Destination.Sent.SelectMany(batch => Regex.Matches(batch.Text, "\"user-([0-9]+)\"", RegexOptions.None, Bound).Select(match => match.Groups[1].Value));
        Assert.Equal(Enumerable.Range(1, count).Select(number => $"{number}"), users.Distinct());
    }

    private static void Set(ManualResetEventSlim signal, bool isSo)
    {
        if (isSo)
        {
            signal.Set();
        }
    }

    private static AnsweringDestination Answering(Func<DeliveryBatch, bool> isAccepted) => new(batch =>
        isAccepted(batch) ? new DeliveryOutcome.Delivered("ok") : throw new TimeoutException("The batch behind this one is not prepared."));

    private sealed class WatchedSelection(Action<long> looked) : EventSelection(EventFilter.Everything)
    {
        public override bool Wants(SecurityEvent one)
        {
            looked(one.Position);
            return base.Wants(one);
        }
    }
}
