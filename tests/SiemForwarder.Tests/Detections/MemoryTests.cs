using SiemForwarder.Detections;
using SiemForwarder.Detections.Rules;
using SiemForwarder.Events;

namespace SiemForwarder.Tests.Detections;

/// <summary>Rules that remember: what they wait for, what late events do to them, and what they never do.</summary>
public sealed class MemoryTests
{
    private const string MfaRemoved = "title: MFA removed\nname: removed\nlogsource: { product: keycloak }\ndetection: { s: { type: REMOVE_CREDENTIAL }, condition: s }\n"
        + "forwarder: { missing: { rule: enrolled, within: 1h, same: [userId] } }";

    private const string Enrolled = "title: Enrolled\nname: enrolled\nlogsource: { product: keycloak }\ndetection: { s: { type: UPDATE_CREDENTIAL }, condition: s }";

    [Theory]
    [InlineData(1800, false)]
    [InlineData(3600, false)]
    [InlineData(3601, true)]
    [InlineData(-1, true)]
    public void WhatDoesNotFollowInTimeIsMissed(double enrolledAt, bool fires)
    {
        var run = new EngineRun(EngineRun.Rules(MfaRemoved, Enrolled));
        foreach (var (at, type) in new[] { (0.0, "REMOVE_CREDENTIAL"), (enrolledAt, "UPDATE_CREDENTIAL") })
        {
            run.At(at, type);
        }

        Assert.False(run.Sweep(3600 + 599));
        Assert.Equal(fires, run.Sweep(3600 + 600));
        Assert.False(run.Sweep(90000));
        Assert.All(run.Alerts, alert => Assert.Equal((EngineRun.Start.AddHours(1), "1-1"), (alert.OccurredAt, alert.Trigger.Id)));
    }

    [Theory]
    [InlineData("first_seen: { field: ip, per: [username], memory: 10d, learn: 1d }", 24)]
    [InlineData("unless: { rule: other, within: 12h, same: [username] }", 12)]
    [InlineData("baseline: { per: [clientId], bucket: 1h, history: 2d }", 12)]
    public void ARuleThatLearnsSaysUntilWhenAlsoAfterASnapshot(string memory, int hours)
    {
        var rules = EngineRun.Rules(EngineRun.OfLogins(memory), EngineRun.OfLogins("suppress: 1h", "LOGOUT", "Other") + "\nname: other");
        var run = new EngineRun(rules);
        Assert.All(run.Engine.Describe(), report => Assert.Null(report.LearningUntil));

        run.At(0, "LOGIN");
        Assert.Equal(EngineRun.Start.AddHours(hours), run.Engine.Describe().Max(report => report.LearningUntil));
        var restored = new EngineRun(rules);
        Assert.Null(restored.Engine.ReadSnapshot(run.Engine.WriteSnapshot()));
        Assert.Equal(EngineRun.Start.AddHours(hours), restored.Engine.Describe().Max(report => report.LearningUntil));
        run.At((hours * 3600) + 1, "LOGIN");
        Assert.All(run.Engine.Describe(), report => Assert.Null(report.LearningUntil));
    }

    [Fact]
    public void WhatFollowsIsKnownAlsoWhereItIsReadFirst()
    {
        var run = new EngineRun(EngineRun.Rules(MfaRemoved, Enrolled));
        run.At(30, "UPDATE_CREDENTIAL");
        run.At(0, "REMOVE_CREDENTIAL");

        Assert.False(run.Sweep(90000));
    }

    [Fact]
    public void ASourceThatIsNotSweptFiresNothingHoweverLateItIs()
    {
        var run = new EngineRun(EngineRun.Rules(MfaRemoved, Enrolled));
        run.At(0, "REMOVE_CREDENTIAL");
        run.At(0, "LOGIN", source: 2);

        Assert.False(run.Sweep(900000, source: 2));
        run.At(1800, "UPDATE_CREDENTIAL");
        Assert.False(run.Sweep(900000));
    }

    [Fact]
    public void ASilenceIsToldOnceAndArmedByTheNextEvent()
    {
        var run = new EngineRun(EngineRun.OfLogins("silence: { for: 30m, per: [realm] }"));
        run.At(0, "LOGIN");
        run.At(600, "LOGIN");

        Assert.False(run.Sweep(600 + 1800 + 599));
        Assert.True(run.Sweep(600 + 1800 + 600));
        Assert.False(run.Sweep(9000));
        Assert.False(run.At(500, "LOGIN"));
        Assert.False(run.Sweep(9001));
        run.At(9100, "LOGIN");
        Assert.True(run.Sweep(20000));
        Assert.Equal("R@2400 R@10900", run.Told);
    }

    [Theory]
    [InlineData("always", "R@34200")]
    [InlineData("business", "R@84600")]
    public void ASilenceOfTheNightCountsOnlyWhereItIsAskedFor(string during, string told)
    {
        var run = new EngineRun(EngineRun.OfLogins($"silence: {{ for: 30m, during: {during} }}"));
        run.At(32400, "LOGIN");
        run.Sweep(86400);

        Assert.Equal(told, run.Told);
    }

    [Fact]
    public void AnAccountThatWasDormantIsTold()
    {
        var run = new EngineRun(EngineRun.OfLogins("first_seen: { silence_before: 60d, per: [username] }"));

        Assert.False(run.At(0, "LOGIN"));
        Assert.False(run.At(60 * 86400, "LOGIN"));
        Assert.False(run.At((61 * 86400) + 1, "LOGIN", user: "bob"));
        Assert.True(run.At((120 * 86400) + 1, "LOGIN"));
    }

    [Fact]
    public void AValueIsNewAgainAfterTheMemoryAndALateOneIsNoNews()
    {
        var run = new EngineRun(EngineRun.OfLogins("first_seen: { field: ip, per: [username], memory: 10d, learn: 0 }"));
        run.At(0, "LOGIN", ip: "192.0.2.1");

        Assert.True(run.At(100, "LOGIN", ip: "192.0.2.2"));
        Assert.False(run.At(50, "LOGIN", ip: "192.0.2.2"));
        Assert.False(run.At(10 * 86400, "LOGIN", ip: "192.0.2.1"));
        Assert.True(run.At((10 * 86400) + 101, "LOGIN", ip: "192.0.2.2"));
    }

    [Fact]
    public void TravelIsComparedWithThePlacesBeforeAndAfterALateEvent()
    {
        var berlin = EventLocation.Nowhere with { Latitude = 52.5, Longitude = 13.4 };
        var tokyo = EventLocation.Nowhere with { Latitude = 35.7, Longitude = 139.7 };
        var run = new EngineRun(EngineRun.OfLogins("suppress: 0, travel: { per: [username] }"), lists: new() { ["travel_exempt"] = ["203.0.113.0/24"] });
        run.At(0, "LOGIN", ip: "192.0.2.1", location: berlin);
        run.At(7200, "LOGIN", ip: "192.0.2.2", location: berlin);
        run.At(3600, "LOGIN", ip: "203.0.113.7", location: tokyo);
        Assert.Empty(run.Alerts);
        run.At(3600, "LOGIN", ip: "192.0.2.3", location: tokyo);

        Assert.Equal(["1-1 1-4", "1-4 1-2"], run.Alerts.Select(alert => string.Join(" ", alert.Events.Select(one => one.Id))));
        Assert.Equal(2, run.Alerts.Select(alert => alert.Id).Distinct().Count());
    }

    [Fact]
    public void OneAttackDoesNotRaiseTheBaseline()
    {
        var run = new EngineRun(EngineRun.OfLogins("baseline: { bucket: 1h, history: 8h, factor: 3, minimum: 5 }"));
        var fired = new List<int>();
        for (var hour = 0; hour < 12; hour++)
        {
            for (var index = 0; index < (hour is 5 or 7 or 9 ? 500 : 2); index++)
            {
                if (run.At((hour * 3600) + index, "LOGIN"))
                {
                    fired.Add(hour);
                }
            }
        }

        Assert.Equal([5, 7, 9], fired);
    }

    [Theory]
    [InlineData("distinct: ip", 7)]
    [InlineData("sum: details.amount", -1)]
    public void ABaselineCountsWhatItIsTold(string count, int firesAt)
    {
        var run = new EngineRun(EngineRun.OfLogins($"baseline: {{ count: {{ {count} }}, bucket: 1h, history: 4h, factor: 3, minimum: 5 }}"));
        for (var hour = 0; hour < 4; hour++)
        {
            run.At(hour * 3600, "LOGIN", ip: "192.0.2.1");
            run.At((hour * 3600) + 1, "LOGIN", ip: "192.0.2.2");
        }

        var firstAt = -1;
        for (var index = 1; index <= 10; index++)
        {
            run.At((4 * 3600) + index, "LOGIN", ip: "192.0.2.1");
            firstAt = run.At((4 * 3600) + index, "LOGIN", ip: $"192.0.2.{index}") && firstAt < 0 ? index : firstAt;
        }

        Assert.Equal(firesAt, firstAt);
    }

    [Theory]
    [InlineData("first_seen: { field: ip, per: [userId] }, travel: { per: [userId] }", "a rule has one kind only")]
    [InlineData("first_seen: { field: ip }", "forwarder.first_seen.per: it is missing")]
    [InlineData("first_sen: { field: ip }", "forwarder.first_sen: it is not known here")]
    [InlineData("unless: { rule: nobody, within: 1d }", "there is no rule for single events with the name or id 'nobody'")]
    [InlineData("silence: { for: 30 }", "forwarder.silence.for: '30' is no duration")]
    [InlineData("suppress: soon", "forwarder.suppress: 'soon' is no duration")]
    [InlineData("baseline: { bucket: 1h, history: 2h }", "4 to 10,000 buckets")]
    [InlineData("baseline: { bucket: 1m, history: 2h, season: hour-of-day }", "hours are compared with hours only")]
    public void AMapThatCannotBeRunIsRefusedWithASentence(string forwarder, string reason)
    {
        var rules = RuleSet.Load([new RuleFile("rule.yml", EngineRun.OfLogins(forwarder))], new Dictionary<string, IReadOnlyList<string>>());

        Assert.Empty(rules.Detections);
        Assert.Contains(rules.Refusals, refusal => refusal.ToString().Contains(reason, StringComparison.Ordinal));
    }
}
