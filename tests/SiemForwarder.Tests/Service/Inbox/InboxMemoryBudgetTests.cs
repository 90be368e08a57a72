using Microsoft.Extensions.Options;
using SiemForwarder.Service.Inbox;
using SiemForwarder.Service.Memory;

namespace SiemForwarder.Tests.Service.Inbox;

/// <summary>The room of the inbox is shared out: neither one source nor strangers can take all of it.</summary>
public sealed class InboxMemoryBudgetTests
{
    private const int Total = 1024 * 1024;
    private readonly InboxMemoryBudget room = new(Options.Create(new InboxOptions { MaxPendingBytes = Total, MaxRequestBytes = 60_000 }), MemoryBudget.Unlimited);

    [Fact]
    public void ASourceHasHalfOfTheRoom()
    {
        using var first = room.Open(1, isProven: true);
        using var second = room.Open(1, isProven: true);
        using var other = room.Open(2, isProven: true);

        Assert.True(first.TryTake(Total / 2));
        Assert.False(second.TryTake(1));
        Assert.True(other.TryTake(Total / 2));
        first.Give(1);
        Assert.True(second.TryTake(1));
    }

    [Fact]
    public void TheOldestStrangerMakesWayWhereStrangersHoldTheirQuarterOfASource()
    {
        var strangers = Enumerable.Range(0, 8).Select(_ => room.Open(1, isProven: false)).ToList();
        Assert.All(strangers, stranger => Assert.True(stranger.TryTake(Total / 32)));
        using var late = room.Open(1, isProven: false);

        Assert.True(late.TryTake(1));

        Assert.Equal([true, .. Enumerable.Repeat(false, 7)], strangers.Select(stranger => stranger.IsEvicted));
        Assert.True(strangers[0].Evicted.IsCancellationRequested);
        Assert.False(strangers[0].TryTake(1));
        Assert.False(strangers[0].Prove());
        strangers.ForEach(stranger => stranger.Dispose());
    }

    [Fact]
    public void WhatIsProvenIsSafeFromStrangers()
    {
        using var proven = room.Open(1, isProven: false);
        Assert.True(proven.TryTake(Total / 4));
        Assert.True(proven.Prove());
        using var first = room.Open(1, isProven: false);
        using var second = room.Open(1, isProven: false);

        Assert.True(first.TryTake(Total / 4));
        Assert.True(second.TryTake(Total / 4));

        Assert.Equal((false, true, false), (proven.IsEvicted, first.IsEvicted, second.IsEvicted));
    }

    [Fact]
    public void StrangersOfManySourcesLeaveHalfToThoseWhoMayPush()
    {
        var strangers = Enumerable.Range(1, 20).Select(source => room.Open(source, isProven: false)).ToList();
        Assert.All(strangers, stranger => Assert.True(stranger.TryTake(Total / 8)));
        using var keyed = room.Open(99, isProven: true);

        Assert.True(keyed.TryTake(Total / 2));

        Assert.Equal(16, strangers.Count(stranger => stranger.IsEvicted));
        strangers.ForEach(stranger => stranger.Dispose());
        using var after = room.Open(98, isProven: true);
        Assert.True(after.TryTake(Total / 2));
    }

    [Fact]
    public void ARequestOfTheGreatestSizeHasRoomWhateverTheShares()
    {
        var small = new InboxMemoryBudget(Options.Create(new InboxOptions { MaxPendingBytes = Total, MaxRequestBytes = 600_000 }), MemoryBudget.Unlimited);
        using var stranger = small.Open(1, isProven: false);

        Assert.True(stranger.TryTake(Total));
    }
}
