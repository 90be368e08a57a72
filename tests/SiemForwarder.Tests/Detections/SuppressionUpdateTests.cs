using SiemForwarder.Detections;
using SiemForwarder.Detections.Rules;

namespace SiemForwarder.Tests.Detections;

/// <summary>Hits that follow an alert too soon are told once: by the next alert, or by an update when no further one can follow.</summary>
public sealed class SuppressionUpdateTests
{
    private const int Hour = 3600;
    private const int Lateness = 600;
    private static readonly string Rule = EngineRun.OfLogins("suppress: 1h, update: true, per: [username]");

    [Fact]
    public void AnUpdateTellsOnceHowManyHitsFollowedAnAlert()
    {
        var run = Alerted();
        Assert.False(run.Sweep(Hour + Lateness), "a late hit may still come");

        Assert.True(run.Sweep(Hour + Lateness + 1));
        var update = run.Alerts[^1];
        Assert.Equal((true, 2L, 2), (update.IsUpdate, update.SuppressedCount, update.EventCount));
        Assert.Equal((EngineRun.Start.AddSeconds(Hour), EngineRun.Start.AddSeconds(20)), (update.OccurredAt, update.LastAt));
        Assert.Equal("alice", Assert.Single(update.Group).Value);
        Assert.False(run.Sweep(2 * Hour));
        Assert.True(run.At((2 * Hour) + 1, "LOGIN"));
        Assert.Equal((false, 0L), (run.Alerts[^1].IsUpdate, run.Alerts[^1].SuppressedCount));
    }

    [Fact]
    public void WhatTheNextAlertTellsNoUpdateDoes()
    {
        var run = Alerted();

        Assert.True(run.At(Hour, "LOGIN"));
        Assert.Equal(2, run.Alerts[^1].SuppressedCount);
        Assert.False(run.Sweep(4 * Hour));
    }

    [Fact]
    public void AnAlertThatNothingFollowedHasNoUpdate()
    {
        var run = new EngineRun(Rule);
        run.At(0, "LOGIN");

        Assert.False(run.Sweep(4 * Hour));
    }

    [Fact]
    public void AReplayTellsTheSameUpdateUnderTheSameId()
    {
        var (first, restored) = (Alerted(), new EngineRun(Rule));
        Assert.Null(restored.Engine.ReadSnapshot(first.Engine.WriteSnapshot()));

        first.Sweep(3 * Hour);
        restored.Sweep(4 * Hour);

        Assert.Equal(first.Alerts[^1].Id, Assert.Single(restored.Alerts).Id);
        Assert.NotEqual(first.Alerts[0].Id, first.Alerts[^1].Id);
        Assert.Equal(first.Alerts[^1].OccurredAt, restored.Alerts[^1].OccurredAt);
    }

    [Fact]
    public void ACorrelationUpdatesToo()
    {
        var run = new EngineRun(EngineRun.Rules(EngineRun.Failed, EngineRun.Correlation(
            "type: event_count, rules: [failed], group-by: [ip], timespan: 5m, condition: {gte: 3}", more: "forwarder: { suppress: 1h, update: true }")));
        for (var second = 0; second < 10; second++)
        {
            run.At(second, "LOGIN_ERROR");
        }

        Assert.True(run.Sweep(3 * Hour));
        Assert.Equal((true, 7L), (run.Alerts[^1].IsUpdate, run.Alerts[^1].SuppressedCount));
    }

    [Fact]
    public void WithoutSuppressionAnUpdateIsRefused()
    {
        var rules = RuleSet.Load([new RuleFile("r", EngineRun.OfLogins("update: true"))], new Dictionary<string, IReadOnlyList<string>>());

        Assert.Contains("forwarder.update", Assert.Single(rules.Refusals).ToString(), StringComparison.Ordinal);
    }

    // An alert, and two hits that follow it too soon.
    private static EngineRun Alerted()
    {
        var run = new EngineRun(Rule);
        Assert.True(run.At(0, "LOGIN"));
        Assert.False(run.At(10, "LOGIN"));
        Assert.False(run.At(20, "LOGIN"));
        return run;
    }
}
