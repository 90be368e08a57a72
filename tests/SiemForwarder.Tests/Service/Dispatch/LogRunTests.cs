using SiemForwarder.Destinations;
using SiemForwarder.Events;
using SiemForwarder.Service.Dispatch.Delivery;

namespace SiemForwarder.Tests.Service.Dispatch;

/// <summary>How a batch is assembled: what is read, what is passed over, what is gone, and where a run ends.</summary>
public sealed class LogRunTests : IDisposable
{
    private readonly LaneBench bench = new();

    public void Dispose() => bench.Dispose();

    [Fact]
    public async Task ARunGoesOverSegmentsUntilTheLogEnds()
    {
        bench.Log.Append(LaneBench.SourceId, 1, "a", "b");
        bench.Log.Append(LaneBench.SourceId, 3, "c");

        var run = await bench.DeliverAsync();

        Assert.Equal(new DeliveredRun(RunEnd.Done, 3, 3), run);
        Assert.Equal(["1,2,3"], bench.Destination.Positions);
        Assert.Equal(new DeliveredRun(RunEnd.NothingNew, 3, 0), await bench.DeliverAsync(after: 3));
    }

    [Fact]
    public async Task ARunEndsWhereTheBatchIsFullAndWhatIsNotWantedBehindItIsPassedOver()
    {
        bench.Filter = new EventFilter(new EventMatch { Types = ["LOGIN"] }, null);
        bench.Destination = new AnsweringDestination(_ => new DeliveryOutcome.Delivered("ok")) { Limits = new BatchLimits(2, 100_000) };
        bench.Log.Append(LaneBench.SourceId, 1, "-x", "a", "b", "-x", "c");

        var run = await bench.DeliverAsync();

        Assert.Equal(new DeliveredRun(RunEnd.Done, 4, 2), run);
        Assert.Equal(["1-1", "4-4"], bench.Journal.Records.Single().Filtered!.Select(range => $"{range.LowerBound}-{range.UpperBound}"));
        Assert.Equal(new DeliveredRun(RunEnd.Done, 5, 1), await bench.DeliverAsync(after: run.LastPosition));
    }

    [Fact]
    public async Task AnEventThatDoesNotFitIntoTheBytesOfABatchBeginsTheNext()
    {
        bench.Destination = new AnsweringDestination(_ => new DeliveryOutcome.Delivered("ok")) { Limits = new BatchLimits(100, 1500) };
        bench.Log.Append(LaneBench.SourceId, 1, [.. Enumerable.Repeat("somebody", 20)]);

        long done = 0;
        while (await bench.DeliverAsync(after: done) is { End: RunEnd.Done } run)
        {
            done = run.LastPosition;
        }

        Assert.Equal(20, done);
        Assert.True(bench.Destination.Sent.Count > 1);
        Assert.All(bench.Destination.Sent, batch => Assert.True(batch.Text.Length <= 1500 || batch.Events.Count == 1));
        Assert.Equal(Enumerable.Range(1, 20).Select(position => (long)position), bench.Destination.Sent.SelectMany(batch => batch.Events).Select(one => one.Position));
    }

    [Fact]
    public async Task NothingBehindTheLastPositionOfInterestIsTaken()
    {
        bench.Log.Append(LaneBench.SourceId, 1, "a", "b", "c", "d");

        Assert.Equal(new DeliveredRun(RunEnd.Done, 3, 2), await bench.DeliverAsync(after: 1, upTo: 3));
        Assert.Equal(["2,3"], bench.Destination.Positions);
    }

    [Theory]
    [InlineData(0, long.MaxValue, "1-4", "5,6", 6)]
    [InlineData(2, long.MaxValue, "3-4", "5,6", 6)]
    [InlineData(0, 3, "1-3", "", 3)]
    [InlineData(5, long.MaxValue, "", "6", 6)]
    public async Task WhatRetentionDroppedIsAGapAndIsWrittenDownBeforeAnythingIsSent(long after, long upTo, string gaps, string sent, long last)
    {
        bench.Log.Append(LaneBench.SourceId, 5, "e", "f");
        var gapsWhenSent = -1;
        bench.Destination = new AnsweringDestination(_ =>
        {
            gapsWhenSent = bench.Journal.Gaps.Count;
            return new DeliveryOutcome.Delivered("ok");
        });

        var run = await bench.DeliverAsync(after, upTo);

        Assert.Equal(gaps, string.Join(' ', bench.Journal.Gaps.Select(gap => $"{gap.First}-{gap.Last}")));
        Assert.Equal(sent, string.Join(';', bench.Destination.Positions));
        Assert.Equal(last, run.LastPosition);
        Assert.Equal(last, bench.Journal.Records[^1].LastPosition);
        Assert.True(sent.Length == 0 || gapsWhenSent == bench.Journal.Gaps.Count);
    }

    [Fact]
    public async Task ATailThatIsGoneIsAGapToo()
    {
        bench.Log.Append(LaneBench.SourceId, 1, "a");
        bench.Log.Reach(LaneBench.SourceId, 9);

        Assert.Equal(9, (await bench.DeliverAsync()).LastPosition);
        Assert.Equal([new PositionRange(2, 9)], bench.Journal.Gaps);
    }

    [Fact]
    public async Task OfALogWhoseHistoryIsNotKnownYetNothingIsRead()
    {
        bench.Log.History = 0;
        bench.Log.Append(LaneBench.SourceId, 1, "a");

        Assert.Equal(RunEnd.NothingNew, (await bench.DeliverAsync()).End);
        Assert.Equal(0, bench.Log.Reads);
    }

    [Fact]
    public async Task WithAFilterThatLetsNothingThroughTheCheckpointMovesAllTheSame()
    {
        bench.Filter = new EventFilter(new EventMatch { Types = ["NEVER"] }, null);
        for (var first = 1; first <= 25_000; first += 1000)
        {
            bench.Log.Append(LaneBench.SourceId, first, [.. Enumerable.Repeat("a", 1000)]);
        }

        Assert.Equal(new DeliveredRun(RunEnd.Done, 20_000, 0), await bench.DeliverAsync());
        Assert.Empty(bench.Destination.Sent);
        Assert.Equal(("filtered out", 0), (bench.Journal.Records.Single().Answer, bench.Journal.Records.Single().Attempts));
    }

    [Fact]
    public async Task AReadThatTheDatabaseFailsIsRepeatedAndNothingIsTakenTwice()
    {
        bench.Log.Append(LaneBench.SourceId, 1, "a", "b");
        bench.Log.FailingReads = 2;

        Assert.Equal(new DeliveredRun(RunEnd.Done, 2, 2), await bench.DeliverAsync());
        Assert.Equal(["1,2"], bench.Destination.Positions);
    }
}
