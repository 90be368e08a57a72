using SiemForwarder.Service.Audit;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Service.Audit;

/// <summary>However many refusals there are, few of them become rows, and the others are counted.</summary>
public sealed class RefusalBoundTests
{
    private readonly TestClock time = new();

    [Fact]
    public void AnAddressGetsThreeRowsAMinuteAndOneThatSaysHowManyMoreThereWere()
    {
        var bound = new RefusalBound(time);

        var rows = Enumerable.Range(0, 100).Count(_ => bound.Take("a", "10.0.0.1"));
        Assert.Empty(bound.TakeHeld(all: false));
        time.Advance(TimeSpan.FromMinutes(1));
        var held = Assert.Single(bound.TakeHeld(all: false));

        Assert.Equal((3, 97L, "10.0.0.1"), (rows, held.Count, held.Address));
        Assert.True(bound.Take("a", "10.0.0.1"));
        Assert.Empty(bound.TakeHeld(all: true));
    }

    [Fact]
    public void ManyAddressesTogetherGetSixtyRowsAMinuteAndLittleMemory()
    {
        var bound = new RefusalBound(time);

        var rows = Enumerable.Range(0, 5000).Count(i => bound.Take($"{i}", $"{i}"));
        var held = bound.TakeHeld(all: true);

        Assert.Equal(RefusalBound.RowsPerMinute, rows);
        Assert.Equal(5000 - rows, held.Sum(one => one.Count));
        Assert.InRange(held.Count, 1, RefusalBound.MaxAddresses + 1);
    }

    [Fact]
    public void WhatCouldNotBeWrittenIsCountedOn()
    {
        var bound = new RefusalBound(time);
        bound.Take("a", "10.0.0.1");
        bound.Hold("a", "10.0.0.1");

        bound.GiveBack(Assert.Single(bound.TakeHeld(all: true)));

        Assert.Equal(1, Assert.Single(bound.TakeHeld(all: true)).Count);
    }
}
