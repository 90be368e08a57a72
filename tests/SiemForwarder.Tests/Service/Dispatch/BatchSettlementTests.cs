using SiemForwarder.Connections;
using SiemForwarder.Destinations;
using SiemForwarder.Events;
using SiemForwarder.Service.Dispatch.Delivery;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Service.Dispatch;

/// <summary>What becomes of a batch after each outcome, without sending anything.</summary>
public sealed class BatchSettlementTests
{
    private const int MaxRefusals = 3;

    private static readonly DeliveryOutcome Taken = new DeliveryOutcome.Delivered("HTTP 200");
    private static readonly DeliveryOutcome Refused = new DeliveryOutcome.Rejected("bad event", "HTTP 400");
    private static readonly DeliveryOutcome Away = new DeliveryOutcome.Transient(ErrorCategory.ServerError, "HTTP 503", TimeSpan.FromSeconds(9));
    private static readonly DeliveryOutcome Locked = new DeliveryOutcome.Misconfigured(ErrorCategory.Authentication, "HTTP 401");

    private readonly BatchSettlement settlement = new(MaxRefusals);

    public static TheoryData<string, int, string, string> Table => new()
    {
        // outcome, events in the batch, what to do, what is sent next
        { "taken", 0, "record 1-10 accepted 0", "" },
        { "taken", 1, "record 1-10 accepted 1", "" },
        { "taken", 4, "record 1-10 accepted 4", "" },
        { "slow down", 4, "record 1-10 accepted 4, slow down", "" },
        { "refused", 1, "record 1-10 accepted 0, aside 2", "" },
        { "refused", 2, "halve", "2" },
        { "refused", 3, "halve", "2" },
        { "refused", 4, "halve", "2,4" },
        { "away", 1, "pause 1 for 00:00:09", "2" },
        { "away", 4, "pause 1 for 00:00:09", "2,4,6,8" },
        { "locked", 1, "hold Authentication", "2" },
        { "locked", 4, "hold Authentication", "2,4,6,8" },
        { "first refused", 1, "record 1-10 accepted 0, aside 2", "" },
        { "first refused", 2, "record 1-10 accepted 1, aside 2", "" },
        { "first refused", 4, "record 1-10 accepted 3, aside 2", "" },
        { "last again", 1, "pause 1", "2" },
        { "last again", 2, "rest", "4" },
        { "last again", 4, "rest", "8" },
        { "first refused, last again", 2, "rest", "4" },
        { "first refused, last again", 4, "rest", "8" },
        { "all refused", 1, "record 1-10 accepted 0, aside 2", "" },
        { "all refused", 4, "halve", "2,4" },
        { "all again", 4, "pause 1", "2,4,6,8" },
        { "none left open", 1, "record 1-10 accepted 1", "" },
        { "none left open", 4, "record 1-10 accepted 4", "" },
    };

    [Theory]
    [MemberData(nameof(Table))]
    public void EveryOutcomeHasItsDecisionForEverySizeOfBatch(string outcome, int count, string expected, string next)
    {
        settlement.Begin(Run(count));

        Assert.Equal(expected, Words(settlement.Settle(Outcome(outcome, count), 1)));
        Assert.Equal(next, Positions(settlement.Next));
    }

    [Fact]
    public void ThePoisonEventIsFoundByHalvesAndTheRestIsAcceptedInOrder()
    {
        settlement.Begin(Run(5));
        var (told, sent) = (new List<string>(), new List<string>());

        while (settlement.Next is { } batch)
        {
            sent.Add(Positions(batch));
            told.Add(Words(settlement.Settle(batch.Events.ToArray().Any(one => one.Position == 6) ? Refused : Taken, 1)));
        }

        Assert.Equal(["2,4,6,8,10", "2,4", "6,8,10", "6", "8,10"], sent);
        Assert.Equal(["halve", "record 1-4 accepted 2", "halve", "record 5-6 accepted 0, aside 6", "record 7-10 accepted 2"], told);
    }

    [Fact]
    public void ARestThatIsRefusedAsAWholeGoesOneByOneAndEndsInOneRecord()
    {
        settlement.Begin(Run(4));
        var told = new List<string>
        {
            Words(settlement.Settle(new DeliveryOutcome.Partial([new RejectedEvent(0, "bad", "400")], [2, 3], "HTTP 207"), 2)),
            Words(settlement.Settle(Refused, 3)),
        };
        Assert.Equal("6", Positions(settlement.Next));
        told.Add(Words(settlement.Settle(Away, 4)));
        told.Add(Words(settlement.Settle(Taken, 1)));
        Assert.Equal("8", Positions(settlement.Next));

        var end = Assert.IsType<Settlement.PartDone>(settlement.Settle(Refused, 1));

        Assert.Equal(["rest", "rest", "pause 1 for 00:00:09", "rest"], told);
        Assert.Equal("record 1-10 accepted 2, aside 2 8", Words(end));
        Assert.Equal("HTTP 207; then sent one by one", end.Answer);
        Assert.Equal(5, end.Attempts);
        Assert.Null(settlement.Next);
    }

    [Fact]
    public void AttemptsOfFailedRoundsCountOnceABatchIsTakenInPart()
    {
        settlement.Begin(Run(2));
        settlement.Settle(new DeliveryOutcome.Partial([], [1], "HTTP 207"), 1);
        settlement.Settle(Away, 4);

        var end = Assert.IsType<Settlement.PartDone>(settlement.Settle(new DeliveryOutcome.Delivered("HTTP 200") { SlowDown = new SlowDown("busy") }, 2));

        Assert.Equal((7, "HTTP 207; then HTTP 200", "busy"), (end.Attempts, end.Answer, end.SlowDown?.Reason));
    }

    [Fact]
    public void FailedRoundsAreCountedUntilSomethingIsAccepted()
    {
        settlement.Begin(Run(1));
        var told = new[] { Late(), Locked, Late() }.Select(one => Words(settlement.Settle(one, 1))).ToList();
        Assert.Equal(["pause 1", "hold Authentication", "pause 3"], told);
        settlement.Settle(Taken, 1);

        settlement.Begin(Run(1));

        Assert.Equal("pause 1", Words(settlement.Settle(Late(), 1)));
    }

    [Fact]
    public void ADestinationThatRefusesEveryEventHoldsBeforeTheLogIsEmptied()
    {
        var told = new List<string>();
        for (var i = 0; i < MaxRefusals; i++)
        {
            settlement.Begin(Run(1));
            told.Add(Words(settlement.Settle(Refused, 1)));
        }

        settlement.Begin(Run(1));
        var hold = Assert.IsType<Settlement.Hold>(settlement.Settle(Refused, 1));

        Assert.Equal(Enumerable.Repeat("record 1-10 accepted 0, aside 2", MaxRefusals), told);
        Assert.Equal(ErrorCategory.Rejected, hold.Category);
        Assert.Contains("The destination rejected 4 events in a row", hold.Reason, StringComparison.Ordinal);
        Assert.Contains("bad event", hold.Reason, StringComparison.Ordinal);
        Assert.Equal("2", Positions(settlement.Next));
        Assert.IsType<Settlement.Hold>(settlement.Settle(Refused, 1));
        Assert.IsType<Settlement.PartDone>(settlement.Settle(Taken, 1));
        settlement.Begin(Run(1));
        Assert.IsType<Settlement.PartDone>(settlement.Settle(Refused, 1));
    }

    [Fact]
    public void NothingIsLostAndNothingIsRecordedTwiceWhateverTheDestinationAnswers()
    {
        for (var seed = 0; seed < 3000; seed++)
        {
            new RandomDestination(seed).AssertEveryPositionEndsOnce();
        }
    }

    private static DeliveryOutcome Late() => new DeliveryOutcome.Transient(ErrorCategory.Timeout, "late");

    private static DeliveryOutcome Outcome(string name, int count)
    {
        var (first, last) = (new RejectedEvent(0, "bad event", "400"), count - 1);
        return name switch
        {
            "taken" => Taken,
            "slow down" => new DeliveryOutcome.Delivered("HTTP 200") { SlowDown = new SlowDown("busy", TimeSpan.FromSeconds(3)) },
            "refused" => Refused,
            "away" => Away,
            "locked" => Locked,
            "first refused" => new DeliveryOutcome.Partial([first], [], "HTTP 207"),
            "last again" => new DeliveryOutcome.Partial([], [last], "HTTP 207"),
            "first refused, last again" => new DeliveryOutcome.Partial([first], [last], "HTTP 207"),
            "all refused" => new DeliveryOutcome.Partial([.. Enumerable.Range(0, count).Select(i => first with { Index = i })], [], "HTTP 207"),
            "all again" => new DeliveryOutcome.Partial([], [.. Enumerable.Range(0, count)], "HTTP 207"),
            _ => new DeliveryOutcome.Partial([], [], "HTTP 207"),
        };
    }

    /// <summary>Positions 1 to 10, of which the even ones passed the filter, as many as asked for.</summary>
    private static AssembledBatch Run(int count) => Run(0, 10, [.. Enumerable.Range(1, count).Select(number => number * 2L)]);

    private static AssembledBatch Run(long after, long last, long[] positions) => new(
        1, after, last,
        new DeliveryBatch(new byte[positions.Length], Enumerable.Range(1, positions.Length).ToArray(), positions.Select(one => Some.LoginEvent(position: one)).ToArray()),
        1, []);

    private static string Positions(DeliveryBatch? batch) => batch is null ? "" : string.Join(',', batch.Events.ToArray().Select(one => one.Position));

    private static string Words(Settlement settlement) => settlement switch
    {
        Settlement.PartDone record => $"record {record.AfterPosition + 1}-{record.LastPosition} accepted {record.AcceptedCount}"
            + (record.Refused.Count > 0 ? $", aside {string.Join(' ', record.Refused.Select(one => one.Event.Position))}" : "")
            + (record.SlowDown is null ? "" : ", slow down"),
        Settlement.RetryLater pause => $"pause {pause.FailedRounds}{(pause.RetryAfter is { } asked ? $" for {asked}" : "")}",
        Settlement.Hold hold => $"hold {hold.Category}",
        Settlement.Halve => "halve",
        _ => "rest",
    };

    /// <summary>A run and a destination whose answers are random but honest.</summary>
    private sealed class RandomDestination(int seed)
    {
        private const int Patience = 400;

        private readonly Random random = new(seed);
        private readonly HashSet<long> accepted = [];
        private int sends;

        public void AssertEveryPositionEndsOnce()
        {
            var after = random.Next(0, 50);
            long[] all = [.. Enumerable.Range(after + 1, random.Next(1, 25)).Select(position => (long)position)];
            long[] wanted = [.. all.Where(_ => random.Next(4) > 0)];
            var settlement = new BatchSettlement(random.Next(1, 5));
            var (records, ends) = (new List<DeliveryRecord>(), new List<long>());
            var run = Run(after, all[^1], wanted);
            settlement.Begin(run);
            while (settlement.Next is { } batch)
            {
                var decision = settlement.Settle(batch.Count == 0 ? Taken : Answer(batch), 1);
                if (decision is Settlement.PartDone end)
                {
                    records.Add(DeliveryRecord.Of(run, end));
                    var aside = end.Refused.Select(one => one.Event.Position).ToHashSet();
                    long[] kept = [.. end.Slice.Events.ToArray().Select(one => one.Position).Where(position => !aside.Contains(position))];
                    Assert.Subset(accepted, kept.ToHashSet());
                    Assert.Empty(aside.Intersect(accepted));
                    ends.AddRange([.. kept, .. end.Refused.Select(one => one.Event.Position)]);
                }
            }

            Assert.Equal(wanted, ends.Order());
            Assert.Equal(records.Select(record => record.AfterPosition), records.SkipLast(1).Select(record => record.LastPosition).Prepend(after));
            Assert.Equal(all[^1], records[^1].LastPosition);
            var filtered = records.SelectMany(record => record.Filtered ?? []).Sum(range => range.UpperBound - range.LowerBound + 1);
            Assert.Equal(all.Length - wanted.Length, filtered);
            Assert.Equal(wanted.Length, records.Sum(record => record.EventCount + record.SetAside.Count));
        }

        private DeliveryOutcome Answer(DeliveryBatch batch)
        {
            Assert.Empty(batch.Events.ToArray().Select(one => one.Position).Intersect(accepted));
            switch (++sends > Patience ? 0 : random.Next(6))
            {
                case 0:
                    return Accept(batch, _ => true, Taken);
                case 1:
                    return Refused;
                case 2:
                    return Away;
                case 3:
                    return Locked;
                default:
                    var fates = Enumerable.Range(0, batch.Count).Select(index => (Index: index, Fate: random.Next(3))).ToList();
                    var partial = new DeliveryOutcome.Partial(
                        [.. fates.Where(one => one.Fate == 1).Select(one => new RejectedEvent(one.Index, "bad", "400"))],
                        [.. fates.Where(one => one.Fate == 2).Select(one => one.Index)], "HTTP 207");
                    return Accept(batch, index => fates[index].Fate == 0, partial);
            }
        }

        private DeliveryOutcome Accept(DeliveryBatch batch, Func<int, bool> isAccepted, DeliveryOutcome outcome)
        {
            SecurityEvent[] events = [.. batch.Events];
            accepted.UnionWith(events.Where((_, index) => isAccepted(index)).Select(one => one.Position));
            return outcome;
        }
    }
}
