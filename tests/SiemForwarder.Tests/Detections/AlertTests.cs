using SiemForwarder.Detections;
using SiemForwarder.Detections.Rules;
using SiemForwarder.Events;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Detections;

/// <summary>What an alert says, when hits become alerts, and what a rule that fails does to the others.</summary>
public sealed class AlertTests
{
    private const string Three = "type: event_count, rules: [failed], group-by: [ip], timespan: 5m, condition: { gte: 3 }";

    [Fact]
    public void AnAlertSaysWhichRuleWhichGroupAndWhichEvents()
    {
        var run = new EngineRun(EngineRun.Rules(
            EngineRun.Failed, EngineRun.Correlation(Three, more: "level: high\ntags: [attack.t1110.003, attack.credential-access]\nid: 5f0c2f1e-8a2b-4c4d-9b9d-000000000001")));
        run.At(0, "LOGIN_ERROR");
        run.At(20, "LOGIN_ERROR");
        run.At(10, "LOGIN_ERROR");

        var alert = Assert.Single(run.Alerts);
        Assert.Equal("5f0c2f1e-8a2b-4c4d-9b9d-000000000001", alert.RuleId);
        Assert.Equal(run.Engine.Rules.Correlations[0].Version, alert.RuleVersion);
        Assert.Equal((RuleLevel.High, "T1110.003", 8), (alert.Level, Assert.Single(alert.Rule.Techniques), alert.Rule.Severity));
        Assert.Equal(("ip", "192.0.2.10"), (alert.Group[0].Name, alert.Group[0].Value));
        Assert.Equal(["1-1@1", "1-3@3", "1-2@2"], alert.Events.Select(one => $"{one.Id}@{one.Position}"));
        Assert.Equal((3, 3.0, "1-3"), (alert.EventCount, alert.Value!.Value, alert.Trigger.Id));
        Assert.Equal((EngineRun.Start, EngineRun.Start.AddSeconds(20), EngineRun.Start.AddSeconds(10)), (alert.FirstAt, alert.LastAt, alert.OccurredAt));
        Assert.Equal(8, alert.Id.Version);
    }

    [Fact]
    public void TheNewestOfManyEventsAreNamedAndAllAreCounted()
    {
        var run = new EngineRun(EngineRun.Rules(EngineRun.Failed, EngineRun.Correlation(Three.Replace("gte: 3", "gte: 150", StringComparison.Ordinal))));
        for (var index = 0; index < 150; index++)
        {
            run.At(index, "LOGIN_ERROR");
        }

        var alert = Assert.Single(run.Alerts);
        Assert.Equal((150, 100, "1-51", "1-150"), (alert.EventCount, alert.Events.Count, alert.Events[0].Id, alert.Events[^1].Id));
        Assert.Equal(EngineRun.Start, alert.FirstAt);
    }

    [Theory]
    [InlineData("", 1, 0)]
    [InlineData("forwarder: { suppress: 10s }", 5, 9)]
    [InlineData("forwarder: { suppress: 0 }", 43, 0)]
    [InlineData("forwarder: { suppress: 0, action: reset }", 15, 0)]
    public void HitsThatFollowAnAlertTooSoonAreCountedWithTheNext(string forwarder, int alerts, long suppressed)
    {
        var run = new EngineRun(EngineRun.Rules(EngineRun.Failed, EngineRun.Correlation(Three, more: forwarder)));
        for (var index = 0; index < 45; index++)
        {
            run.At(index, "LOGIN_ERROR");
        }

        Assert.Equal(alerts, run.Alerts.Count);
        Assert.All(run.Alerts.Skip(1), alert => Assert.Equal(suppressed, alert.SuppressedCount));
    }

    [Fact]
    public void ARuleForSingleEventsIsSuppressedByTheGroupThatItNames()
    {
        var run = new EngineRun(EngineRun.OfLogins("suppress: 1h, per: [username]"));

        Assert.True(run.At(0, "LOGIN", "alice"));
        Assert.True(run.At(1, "LOGIN", "bob"));
        Assert.False(run.At(2, "LOGIN", "alice"));
        Assert.False(run.At(3, "LOGIN", "alice"));
        Assert.True(run.At(3600, "LOGIN", "alice"));
        Assert.Equal((2, "alice"), (run.Alerts[^1].SuppressedCount, run.Alerts[^1].Group[0].Value));
    }

    [Fact]
    public void TheIdDependsOnRuleGroupAndTriggerAlone()
    {
        var rules = EngineRun.Rules(EngineRun.Failed, EngineRun.Correlation(Three, more: "forwarder: { suppress: 0 }"));
        var run = new EngineRun(rules);
        var again = new EngineRun(rules + "\ndescription: another version");
        foreach (var one in new[] { run, again })
        {
            for (var index = 0; index < 8; index++)
            {
                one.At(index, "LOGIN_ERROR", ip: $"192.0.2.{index % 2}");
            }
        }

        Assert.Equal(4, run.Alerts.Select(alert => alert.Id).Distinct().Count());
        Assert.Equal(run.Alerts.Select(alert => alert.Id), again.Alerts.Select(alert => alert.Id));
        Assert.NotEqual(run.Alerts[0].RuleVersion, again.Alerts[0].RuleVersion);
    }

    [Fact]
    public void ARuleThatOnlyTagsAndARuleThatOnlyFeedsMakeNoAlert()
    {
        var run = new EngineRun(EngineRun.Rules(EngineRun.Login + "\nlevel: informational", EngineRun.Failed, EngineRun.Correlation(Three)));
        run.At(0, "LOGIN");
        run.At(0, "LOGIN_ERROR");

        Assert.Empty(run.Alerts);
        Assert.Equal([1L, 1L, 0L], run.Engine.Describe().Select(one => one.HitCount));
    }

    [Fact]
    public void ARuleThatFailsIsSetToErrorOnceAndTheOthersGoOn()
    {
        var run = new EngineRun(EngineRun.Rules(
            "title: Slow\nlogsource: { product: keycloak }\ndetection: { s: { 'username|re': '^(?=a)(a+)+b$' }, condition: s }", EngineRun.Failed, EngineRun.Correlation(Three)));
        Assert.Contains("50 ms", Assert.Single(run.Engine.Rules.Lints).Reason, StringComparison.Ordinal);
        for (var index = 0; index < 3; index++)
        {
            run.At(index, "LOGIN_ERROR", user: index == 0 ? "aaab" : new string('a', 60));
        }

        Assert.Equal("Slow@0 C@2", run.Told);
        Assert.Equal("Rule 'Slow' is set to Error at event 1-2 (position 2): a regular expression took more than 50 ms; write it without looking around and referring back. "
            + "The other rules go on.", Assert.Single(run.Engine.Faults.TakeNew()).ToString());
        Assert.Empty(run.Engine.Faults.TakeNew());
        Assert.Equal("Slow", Assert.Single(run.Engine.Describe(), one => one.Fault is not null).Title);
    }

    [Fact]
    public void AnExpressionThatAnotherEngineWouldNeverFinishIsMatchedInTime()
    {
        var run = new EngineRun(EngineRun.Rules("title: R\nlogsource: { product: keycloak }\ndetection: { s: { 'username|re': '^(a+)+b$' }, condition: s }"));

        Assert.False(run.At(0, "LOGIN", user: new string('a', 5000)));
        Assert.True(run.At(0, "LOGIN", user: new string('a', 5000) + "b"));
        Assert.Empty(run.Engine.Faults.All);
    }

    [Fact]
    public void GroupsThatAreEvictedAreCountedAndTheNearestToTheirThresholdStay()
    {
        var run = new EngineRun(EngineRun.Rules(EngineRun.Failed, EngineRun.Correlation(Three)), new EngineOptions { MaxGroups = 50 });
        run.At(0, "LOGIN_ERROR", ip: "198.51.100.1");
        run.At(1, "LOGIN_ERROR", ip: "198.51.100.1");
        for (var index = 0; index < 200; index++)
        {
            run.At(2, "LOGIN_ERROR", ip: $"192.0.2.{index}");
        }

        var report = run.Engine.Describe().Single(one => one.Title == "C");
        Assert.InRange(report.GroupCount, 1, 50);
        Assert.Equal(201, report.GroupCount + report.EvictedCount);
        Assert.Equal(EngineRun.Start.AddSeconds(2), report.DegradedSince);
        Assert.True(run.At(3, "LOGIN_ERROR", ip: "198.51.100.1"));
    }

    [Fact]
    public void WhatComesTooLateAndWhatHasNoGroupIsCounted()
    {
        var run = new EngineRun(EngineRun.Rules(EngineRun.Failed, EngineRun.Correlation(Three)));
        run.At(1000, "LOGIN_ERROR");
        run.At(399, "LOGIN_ERROR");
        run.At(400, "LOGIN_ERROR");
        run.At(1000, "", like: Some.LoginEvent(ip: null));

        var report = run.Engine.Describe().Single(one => one.Title == "C");
        Assert.Equal((1, 1), (report.LateDroppedCount, report.UngroupedCount));
    }

    [Fact]
    public void AClockThatIsAheadMakesNoOtherEventLate()
    {
        var run = new EngineRun(EngineRun.Rules(EngineRun.Failed, EngineRun.Correlation(Three)));
        var alerts = new List<SiemForwarder.Detections.Alerts.Alert>();
        run.Engine.Follow(
            Some.LoginEvent() with { OccurredAt = EngineRun.Start.AddYears(50), ReceivedAt = EngineRun.Start }, LogSource.KeycloakUser, SiemForwarder.Detections.Fields.LocalCalendar.Utc, alerts);
        for (var index = 0; index < 3; index++)
        {
            run.At(index, "LOGIN_ERROR");
        }

        Assert.Equal("C@2", run.Told);
    }
}
