using SiemForwarder.Service.Memory;

namespace SiemForwarder.Tests.Service.Memory;

/// <summary>How the memory of the process is divided: within the budget, each part at least its minimum, and who makes way for whom.</summary>
public sealed class MemoryBudgetTests
{
    private const int Steps = 20_000;
    private const int Total = 1000;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void WhateverIsTakenAndGivenTheBudgetHoldsAndEveryPartGetsItsMinimum(int seed)
    {
        var random = new Random(seed);
        var budget = new MemoryBudget(Total);
        var held = new Dictionary<MemoryPart, long>();
        var shares = Enum.GetValues<MemoryPart>().Select(part => budget.Open(part, random.Next(1, 150), random.Next(200, 900))).ToList();
        foreach (var share in shares)
        {
            held[share.Part] = 0;
            share.GiveBack = random.Next(3) == 0 ? null : wanted => Give(share, Math.Min(wanted, held[share.Part]));
        }

        var refused = 0;
        for (var step = 0; step < Steps; step++)
        {
            var share = shares[random.Next(shares.Count)];
            var (size, before) = (random.Next(1, 200), held[share.Part]);
            if (random.Next(3) == 0)
            {
                Give(share, Math.Min(size, before));
            }
            else if (share.TryTake(size))
            {
                held[share.Part] += size;
            }
            else
            {
                refused++;
                Assert.True(before + size > share.Minimum, $"{share.Name} had {before} and was refused {size} of its minimum {share.Minimum}");
            }

            Assert.True(held.Values.Sum() <= Total);
            Assert.All(shares, one => Assert.Equal(held[one.Part], one.Taken));
            Assert.All(shares, one => Assert.InRange(one.Taken, 0, one.Most));
        }

        Assert.InRange(refused, 1, Steps - 1);

        void Give(MemoryShare share, long bytes)
        {
            held[share.Part] -= bytes;
            share.Give(bytes);
        }
    }

    [Fact]
    public async Task PartsThatTakeAtTheSameTimeStayWithinTheBudget()
    {
        var budget = new MemoryBudget(Total);
        var shares = Enum.GetValues<MemoryPart>().Select(part => budget.Open(part, 100, Total)).ToList();
        var (together, most) = (0L, 0L);

        await Task.WhenAll(shares.Select((share, number) => Task.Run(() =>
        {
            var random = new Random(number);
            for (var step = 0; step < Steps; step++)
            {
                var size = random.Next(1, 200);
                if (share.TryTake(size))
                {
                    InterlockedMax(Interlocked.Add(ref together, size));
                    Interlocked.Add(ref together, -size);
                    share.Give(size);
                }
            }
        }, TestContext.Current.CancellationToken)));

        Assert.InRange(most, 1, Total);
        Assert.All(shares, share => Assert.Equal(0, share.Taken));

        void InterlockedMax(long value)
        {
            for (var known = Interlocked.Read(ref most); value > known; known = Interlocked.Read(ref most))
            {
                Interlocked.CompareExchange(ref most, value, known);
            }
        }
    }

    [Fact]
    public void WhatIsCheapToFillAgainMakesWayFirstAndOnlyAsMuchAsIsMissing()
    {
        var budget = new MemoryBudget(Total);
        var (segments, keys, pushes) = (budget.Open(MemoryPart.Segments, 100, 500), budget.Open(MemoryPart.Keys, 100, 500), budget.Open(MemoryPart.Pushes, 100, 900));
        segments.GiveBack = segments.Give;
        keys.GiveBack = keys.Give;
        Assert.True(segments.TryTake(500));
        Assert.True(keys.TryTake(400));

        Assert.True(pushes.TryTake(300));
        Assert.Equal((300L, 400L, 300L), (segments.Taken, keys.Taken, pushes.Taken));
        Assert.True(pushes.TryTake(400));
        Assert.Equal((100L, 200L, 700L), (segments.Taken, keys.Taken, pushes.Taken));
        Assert.True(pushes.TryTake(100));
        Assert.False(pushes.TryTake(1));
        Assert.Equal((100L, 100L, 800L), (segments.Taken, keys.Taken, pushes.Taken));
    }

    [Fact]
    public void NothingMakesWayForWhatIsCheaper()
    {
        var budget = new MemoryBudget(Total);
        var (segments, pushes) = (budget.Open(MemoryPart.Segments, 100, 500), budget.Open(MemoryPart.Pushes, 100, 900));
        pushes.GiveBack = pushes.Give;
        Assert.True(pushes.TryTake(800));

        Assert.False(segments.TryTake(201));
        Assert.Equal((0L, 800L, 200L), (segments.Taken, pushes.Taken, segments.Room));
    }

    [Fact]
    public void WhatCannotWaitIsTakenAndLeavesTheOthersLessButNoMoreThanItsLimit()
    {
        var budget = new MemoryBudget(Total);
        var (segments, keys) = (budget.Open(MemoryPart.Segments, 100, 900), budget.Open(MemoryPart.Keys, 100, 500));
        Assert.True(segments.TryTake(900));

        keys.Take(400);
        Assert.Equal((900L, 600L), (segments.Taken, segments.Room));
        keys.Take(400);
        Assert.Equal(500, segments.Room);
        Assert.False(segments.TryTake(1));
    }

    [Fact]
    public void WhatIsIdleGivesEverythingBack()
    {
        var budget = new MemoryBudget(Total);
        var shares = Enum.GetValues<MemoryPart>().Select(part => budget.Open(part, 50, 500)).ToList();
        shares.ForEach(share => share.GiveBack = bytes => share.Give(Math.Min(bytes, share.Taken)));
        shares.ForEach(share => Assert.True(share.TryTake(150)));

        budget.GiveBackIdle();

        Assert.All(shares, share => Assert.Equal(0, share.Taken));
    }

    [Fact]
    public void ABudgetBelowTheMinimumsIsAsLargeAsTheyAre()
    {
        var budget = new MemoryBudget(10);
        var (keys, pushes) = (budget.Open(MemoryPart.Keys, 100, 500), budget.Open(MemoryPart.Pushes, 100, 50));

        Assert.Equal((150L, 100L, 50L), (budget.Bytes, keys.Room, pushes.Room));
    }
}
