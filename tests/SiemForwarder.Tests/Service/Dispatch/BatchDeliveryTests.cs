using System.Security.Cryptography;
using System.Text;
using SiemForwarder.Connections;
using SiemForwarder.Destinations;
using SiemForwarder.Events;
using SiemForwarder.Events.Privacy;
using SiemForwarder.Service.Dispatch.Delivery;

namespace SiemForwarder.Tests.Service.Dispatch;

/// <summary>The flow of a lane from the log to the record, with the destination and the database as they come.</summary>
public sealed class BatchDeliveryTests : IDisposable
{
    private readonly LaneBench bench = new();

    public void Dispose() => bench.Dispose();

    [Fact]
    public async Task AnAcceptedBatchIsRecordedWithItsBytesAndItsHash()
    {
        bench.Log.Append(LaneBench.SourceId, 1, "alice", "bob");

        await bench.DeliverAsync();

        var record = Assert.Single(bench.Journal.Records);
        var sent = Encoding.UTF8.GetBytes(bench.Destination.Sent.Single().Text);
        Assert.Equal((0, 2, 2, sent.Length, 1, "ok"), (record.AfterPosition, record.LastPosition, record.EventCount, record.ByteCount, record.Attempts, record.Answer));
        Assert.Equal(SHA256.HashData(sent), record.Hash);
        Assert.Equal((LaneBench.SourceId, 1), (record.SourceId, record.Incarnation));
    }

    [Fact]
    public async Task ARefusedEventIsSetAsideWithItsBytesAndTheRestIsAccepted()
    {
        bench.Log.Append(LaneBench.SourceId, 1, "alice", "poison", "bob");
        bench.Destination = new AnsweringDestination(batch => Encoding.UTF8.GetString(batch.Bytes.Span).Contains("poison", StringComparison.Ordinal)
            ? new DeliveryOutcome.Rejected("it smells", "HTTP 400") : new DeliveryOutcome.Delivered("ok"));

        await bench.DeliverAsync();

        Assert.Equal(["1,2,3", "1", "2,3", "2", "3"], bench.Destination.Positions);
        var aside = Assert.Single(bench.Journal.Records.SelectMany(record => record.SetAside));
        Assert.Equal((2, "it smells", "HTTP 400"), (aside.Event.Position, aside.Reason, aside.Answer));
        Assert.Contains("poison", Encoding.UTF8.GetString(aside.Bytes), StringComparison.Ordinal);
        Assert.Equal([(0L, 1L, 1), (1, 2, 0), (2, 3, 1)], bench.Journal.Records.Select(record => (record.AfterPosition, record.LastPosition, record.EventCount)));
    }

    [Fact]
    public async Task AFailedRoundIsShownAndTheSameBatchIsSentAgainAfterThePause()
    {
        bench.Log.Append(LaneBench.SourceId, 1, "alice");
        bench.Destination = Answering(new DeliveryOutcome.Transient(ErrorCategory.ServerError, "HTTP 503", TimeSpan.FromSeconds(77)));
        var started = bench.Time.GetUtcNow();

        Assert.Equal(RunEnd.Done, (await bench.DeliverAsync()).End);

        var error = Assert.Single(bench.Journal.Errors);
        Assert.Equal((ErrorCategory.ServerError, "HTTP 503", started.AddSeconds(77)), (error.Category, error.Message, error.NextAttemptAt));
        Assert.Equal(["1", "1"], bench.Destination.Positions);
        Assert.Equal(1, Assert.Single(bench.Journal.Records).Attempts);
        Assert.True(bench.Time.GetUtcNow() - started >= TimeSpan.FromSeconds(77));
    }

    [Fact]
    public async Task AWrongSettingHoldsTheLaneUntilAProbeIsTaken()
    {
        bench.Log.Append(LaneBench.SourceId, 1, "alice");
        bench.Destination = Answering(new DeliveryOutcome.Misconfigured(ErrorCategory.Authentication, "HTTP 401"));
        var started = bench.Time.GetUtcNow();

        await bench.DeliverAsync();

        Assert.Equal(started + bench.Settings.ProbePause, Assert.Single(bench.Journal.Errors).NextAttemptAt);
        Assert.Equal(["1", "1"], bench.Destination.Positions);
    }

    [Fact]
    public async Task ADestinationThatAsksForLessIsLetBreatheAndTheStatusSaysSo()
    {
        bench.Log.Append(LaneBench.SourceId, 1, "alice");
        bench.Destination = Answering(new DeliveryOutcome.Delivered("ok") { SlowDown = new SlowDown("quota", TimeSpan.FromSeconds(40)) });
        var started = bench.Time.GetUtcNow();

        await bench.DeliverAsync();

        Assert.Equal((ErrorCategory.RateLimited, "quota", started.AddSeconds(40)), bench.Journal.Attempts.Select(one => (one.Category, one.Message, one.NextAttemptAt)).Single());
        Assert.True(bench.Time.GetUtcNow() - started >= TimeSpan.FromSeconds(40));
        Assert.Single(bench.Journal.Records);
    }

    [Fact]
    public async Task TheRestOfAPartialAnswerIsSentAgainAndAllOfItIsOneRecord()
    {
        bench.Log.Append(LaneBench.SourceId, 1, "a", "b", "c");
        bench.Destination = Answering(new DeliveryOutcome.Partial([new RejectedEvent(0, "bad", "400")], [2], "HTTP 207"));

        await bench.DeliverAsync();

        Assert.Equal(["1,2,3", "3"], bench.Destination.Positions);
        var record = Assert.Single(bench.Journal.Records);
        Assert.Equal((3, 2, 2, "HTTP 207; then ok"), (record.LastPosition, record.EventCount, record.Attempts, record.Answer));
        Assert.Equal(1, Assert.Single(record.SetAside).Event.Position);
    }

    [Fact]
    public async Task WhatWasSentIsRecordedOnceTheDatabaseIsBackAndNotSentAgain()
    {
        bench.Log.Append(LaneBench.SourceId, 1, "alice");
        bench.Journal.FailingWrites = 5;

        Assert.Equal(RunEnd.Done, (await bench.DeliverAsync()).End);

        Assert.Equal(["1"], bench.Destination.Positions);
        Assert.Single(bench.Journal.Records);
    }

    [Fact]
    public async Task AFailedAttemptThatCannotBeNotedDoesNotStopTheRound()
    {
        bench.Settings.Retries = 1;
        bench.Log.Append(LaneBench.SourceId, 1, "alice");
        bench.Destination = Answering(new DeliveryOutcome.Transient(ErrorCategory.Connection, "refused"));
        bench.Journal.FailingWrites = 1;

        await bench.DeliverAsync();

        Assert.Equal("refused", Assert.Single(bench.Journal.Attempts).Message);
        Assert.Equal(2, Assert.Single(bench.Journal.Records).Attempts);
    }

    [Fact]
    public async Task ACheckpointThatSomebodyElseMovedEndsTheRun()
    {
        bench.Log.Append(LaneBench.SourceId, 1, "alice");
        bench.Journal.IsTaken = true;

        Assert.Equal(RunEnd.CheckpointTaken, (await bench.DeliverAsync()).End);
    }

    [Fact]
    public async Task NothingIsSentUntilItIsSureThatTheLeaseHolds()
    {
        bench.Log.Append(LaneBench.SourceId, 1, "alice");
        bench.Leases.Renewed([], bench.Time.GetTimestamp(), TimeSpan.FromDays(1));
        await using var delivery = bench.Live(TestContext.Current.CancellationToken);
        var running = delivery.DeliverNextAsync(LaneBench.SourceId, 0, long.MaxValue, TestContext.Current.CancellationToken);
        await bench.AdvanceUntilAsync(() => bench.Time.WaitingTimers > 0);
        Assert.Empty(bench.Destination.Sent);

        bench.Leases.Renewed(
            [new SiemForwarder.Service.Engines.Lease(SiemForwarder.Service.Engines.LeaseKind.Integration, LaneBench.IntegrationId, LaneBench.Fence)],
            bench.Time.GetTimestamp(), TimeSpan.FromDays(1));

        await bench.FinishAsync(running);
        Assert.Single(bench.Destination.Sent);
    }

    [Fact]
    public async Task WhatIsOnItsWayWhenALaneIsStoppedIsRecorded()
    {
        using var stop = new CancellationTokenSource();
        bench.Log.Append(LaneBench.SourceId, 1, "alice");
        bench.Destination = new AnsweringDestination(_ =>
        {
            stop.Cancel();
            return new DeliveryOutcome.Delivered("ok");
        });
        await using var delivery = bench.Live(stop.Token);

        var run = await delivery.DeliverNextAsync(LaneBench.SourceId, 0, long.MaxValue, stop.Token);

        Assert.Equal(RunEnd.Done, run.End);
        Assert.Single(bench.Journal.Records);
    }

    [Fact]
    public async Task ADestinationSeesEventsOnlyAsTheIntegrationMayShowThem()
    {
        bench.Privacy = new PrivacyPolicy([new PrivacyRule(PrivacyFields.Subject, PrivacyAction.Mask)], null);
        bench.Filter = new EventFilter(new EventMatch { Users = ["alice"] }, null);
        bench.Log.Append(LaneBench.SourceId, 1, "alice", "bob");

        await bench.DeliverAsync();

        var sent = Assert.Single(bench.Destination.Sent);
        Assert.DoesNotContain("alice", sent.Text, StringComparison.Ordinal);
        Assert.Equal((1, PrivacyPolicy.Mask), (sent.Events.Single().Position, sent.Events.Single().Subject!.Name));
    }

    [Fact]
    public async Task TheConnectionIsClosedWithTheDelivery()
    {
        await bench.DeliverAsync();

        Assert.Equal(1, bench.Destination.Closed);
    }

    [Fact]
    public async Task EveryPositionEndsOnceWhateverTheDestinationAnswers()
    {
        for (var seed = 0; seed < 40; seed++)
        {
            using var one = new LaneBench();
            one.Settings.MaxRefusalsInARow = 2;
            var (random, taken) = (new Random(seed), new List<long>());
            one.Destination = new AnsweringDestination(batch => RandomAnswer(random, batch, taken)) { Limits = new BatchLimits(7, 100_000) };
            one.Filter = new EventFilter(new EventMatch { Types = ["LOGIN"] }, null);
            one.Log.Append(LaneBench.SourceId, 1, [.. Enumerable.Range(1, 30).Select(number => random.Next(3) == 0 ? "-out" : $"u{number}")]);
            long done = 0;
            while (done < 30)
            {
                done = (await one.DeliverAsync(after: done)).LastPosition;
            }

            var aside = one.Journal.Records.SelectMany(record => record.SetAside).Select(refused => refused.Event.Position);
            var filtered = one.Journal.Records.SelectMany(record => record.Filtered ?? [])
                .SelectMany(range => Enumerable.Range((int)range.LowerBound, (int)(range.UpperBound - range.LowerBound + 1))).Select(position => (long)position);
            Assert.Equal(Enumerable.Range(1, 30).Select(position => (long)position), taken.Concat(aside).Concat(filtered).Order());
            Assert.Equal(taken.Count, one.Journal.Records.Sum(record => record.EventCount));
        }
    }

    private static DeliveryOutcome RandomAnswer(Random random, DeliveryBatch batch, List<long> taken)
    {
        switch (random.Next(5))
        {
            case 0:
                return new DeliveryOutcome.Rejected("bad", "400");
            case 1:
                return new DeliveryOutcome.Transient(ErrorCategory.Timeout, "late");
            case 2 when batch.Count > 1:
                taken.Add(batch.Events[0].Position);
                return new DeliveryOutcome.Partial([], [.. Enumerable.Range(1, batch.Count - 1)], "HTTP 207");
            default:
                taken.AddRange(batch.Events.ToArray().Select(one => one.Position));
                return new DeliveryOutcome.Delivered("ok");
        }
    }

    /// <summary>Gives one outcome, and accepts everything then.</summary>
    private static AnsweringDestination Answering(DeliveryOutcome first)
    {
        var asked = 0;
        return new AnsweringDestination(_ => asked++ == 0 ? first : new DeliveryOutcome.Delivered("ok"));
    }
}
