using SiemForwarder.Connections;
using SiemForwarder.Service.Keycloak.Polling;
using SiemForwarder.Service.Keycloak.Tail;

namespace SiemForwarder.Tests.Service.Keycloak.Tail;

/// <summary>When to poll next.</summary>
public sealed class PollScheduleTests
{
    private readonly PollSchedule schedule = new(TimeSpan.FromSeconds(5), () => 1);

    [Fact]
    public void ABacklogIsReadWithoutPause() => Assert.Equal(TimeSpan.Zero, schedule.Next(new PollOutcome.Polled(1000, 1000, true)));

    [Fact]
    public void FailuresBackOffToAMinuteAndASuccessEndsIt()
    {
        var failed = new PollOutcome.Failed(ErrorCategory.Connection, "");

        var seconds = Enumerable.Range(0, 8).Select(_ => schedule.Next(failed).TotalSeconds);

        Assert.Equal([2, 4, 8, 16, 32, 60, 60, 60], seconds);
        Assert.Equal(5, schedule.Next(new PollOutcome.Polled(1, 1, false)).TotalSeconds);
        Assert.Equal(2, schedule.Next(failed).TotalSeconds);
    }

    [Fact]
    public void AfterAFaultOfOurOwnDatabasePollingIsBackWithinSeconds()
    {
        var failed = new PollOutcome.Failed(ErrorCategory.Database, "");

        Assert.Equal([2, 4, 5, 5], Enumerable.Range(0, 4).Select(_ => schedule.Next(failed).TotalSeconds));
    }

    [Fact]
    public void BackoffIsJittered() =>
        Assert.Equal(1, new PollSchedule(TimeSpan.FromSeconds(5), () => 0).Next(new PollOutcome.Failed(ErrorCategory.Connection, "")).TotalSeconds);

    [Theory]
    [InlineData(ErrorCategory.Authentication)]
    [InlineData(ErrorCategory.Authorization)]
    [InlineData(ErrorCategory.Configuration)]
    public void WhatOnlyAPersonCanMendIsTriedOnceAMinute(ErrorCategory category) =>
        Assert.Equal(60, schedule.Next(new PollOutcome.Failed(category, "")).TotalSeconds);

    [Theory]
    [InlineData(1, 2)]
    [InlineData(90, 90)]
    [InlineData(1_000_000, 3600)]
    public void TheServerMayAskForMoreTimeWithinReason(int asked, int waited) =>
        Assert.Equal(waited, schedule.Next(new PollOutcome.Failed(ErrorCategory.ServerError, "", TimeSpan.FromSeconds(asked))).TotalSeconds);

    [Fact]
    public void AQuietRealmIsAskedLessOftenUntilSomethingHappens()
    {
        var idle = new PollOutcome.Polled(0, 0, false);
        var delays = Enumerable.Range(0, 2000).Select(_ => schedule.Next(idle).TotalSeconds).ToList();

        Assert.Equal(5, delays[100]);
        Assert.Equal(30, delays[^1]);
        Assert.Equal(5, schedule.Next(new PollOutcome.Polled(1, 1, false)).TotalSeconds);
        Assert.Equal(5, schedule.Next(idle).TotalSeconds);
    }

    [Fact]
    public void AnIntervalLongerThanThatIsKept() =>
        Assert.Equal(120, new PollSchedule(TimeSpan.FromSeconds(120), () => 0).Next(new PollOutcome.Polled(0, 0, false)).TotalSeconds);
}
