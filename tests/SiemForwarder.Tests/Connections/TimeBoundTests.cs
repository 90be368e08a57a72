using SiemForwarder.Connections;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Connections;

/// <summary>A step ends when its time is over, and that is not taken for the caller's own wish to end.</summary>
public sealed class TimeBoundTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    private readonly TestClock clock = new();

    [Fact]
    public void TimeThatIsOverCancels()
    {
        using var bound = new TimeBound(Limit, clock, TestContext.Current.CancellationToken);
        clock.Advance(Limit - TimeSpan.FromMilliseconds(1));
        Assert.False(bound.IsOver || bound.Token.IsCancellationRequested);

        clock.Advance(TimeSpan.FromMilliseconds(1));

        Assert.True(bound.IsOver && bound.Token.IsCancellationRequested);
    }

    [Fact]
    public void WhatMovedStartsTheTimeAnew()
    {
        using var bound = new TimeBound(Limit, clock, TestContext.Current.CancellationToken);
        clock.Advance(Limit / 2);
        bound.Extend(Limit);
        clock.Advance(Limit / 2);
        Assert.False(bound.IsOver);

        clock.Advance(Limit / 2);

        Assert.True(bound.IsOver);
    }

    [Fact]
    public async Task ACallerThatCancelsIsNotATimeThatIsOver()
    {
        using var caller = new CancellationTokenSource();
        using var bound = new TimeBound(Limit, clock, caller.Token);

        await caller.CancelAsync();
        Assert.True(bound.Token.IsCancellationRequested && !bound.IsOver);

        clock.Advance(Limit);
        Assert.False(bound.IsOver);
    }

    [Fact]
    public void ABoundThatIsDisposedNoLongerWaits()
    {
        var bound = new TimeBound(Limit, clock, TestContext.Current.CancellationToken);
        Assert.Equal(1, clock.WaitingTimers);

        bound.Dispose();

        Assert.Equal(0, clock.WaitingTimers);
        Assert.Throws<ObjectDisposedException>(() => bound.Token);
    }
}
