using SiemForwarder.Detections;
using SiemForwarder.Detections.Alerts;
using SiemForwarder.Detections.Fields;
using SiemForwarder.Detections.Rules;
using SiemForwarder.Events;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Detections;

/// <summary>What an event costs in memory: nothing where no rule matches, and where one does, next to nothing beyond what it remembers.</summary>
public sealed class DetectionAllocationTests
{
    private const int Events = 10_000;

    private const string Rules = """
        title: Failed
        name: failed
        logsource: {product: keycloak}
        detection: {selection: {type: LOGIN_ERROR}, condition: selection}
        level: informational
        ---
        title: Somebody else
        name: else
        logsource: {product: keycloak}
        detection:
          selection: {outcome: failure, username|startswith: [svc-, batch-], ip|cidr: 10.0.0.0/8, details.redirect_uri|contains: evil, clientId: [a, b]}
          night: {local.hour: [0, 1, 2], local.business: false, ip.private: true}
          condition: selection or night
        level: high
        ---
        title: Many
        name: many
        correlation: {type: event_count, rules: [failed], group-by: [ip], timespan: 5m, condition: {gte: 1000000}}
        level: high
        ---
        title: Many users
        name: users
        correlation: {type: value_count, rules: [failed], group-by: [ip], timespan: 5m, condition: {gte: 1000000, field: username}}
        level: high
        """;

    [Fact]
    public void AnEventThatNoRuleMatchesAllocatesNothing() => Assert.Equal(0, AllocatedBy(Some.LoginEvent("CODE_TO_TOKEN", error: "invalid_code"), stepMs: 0));

    [Fact]
    public void AnEventOfAKnownGroupAllocatesOnlyWhatItsWindowsGrowBy()
    {
        // The windows hold 300 events each, so that they no longer grow.
        var allocated = AllocatedBy(Some.LoginEvent(), stepMs: 3000);

        Assert.True(allocated <= 16 * Events, $"{allocated / (double)Events} bytes for each event");
    }

    [Fact]
    public void AFloodOfGroupsIsForgottenWithoutCopiesOfAllThatIsKept()
    {
        var engine = new DetectionEngine(Load(), new EngineOptions { MaxGroups = 1000 });
        var alerts = new List<Alert>();
        var events = Enumerable.Range(0, Events).Select(number => At(Some.LoginEvent(ip: $"10.1.{number / 256}.{number % 256}"), number, 1)).ToArray();
        FollowAll(engine, events.AsSpan(0, 2000), alerts);

        var before = GC.GetAllocatedBytesForCurrentThread();
        FollowAll(engine, events.AsSpan(2000), alerts);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.True(engine.Describe().Sum(report => report.EvictedCount) > Events, "nothing was forgotten");
        Assert.True(allocated <= 1000 * (Events - 2000), $"{allocated / (double)(Events - 2000)} bytes for each event");
    }

    private static long AllocatedBy(SecurityEvent like, int stepMs)
    {
        var engine = new DetectionEngine(Load());
        var alerts = new List<Alert>();
        var events = Enumerable.Range(0, 2 * Events).Select(number => At(like, number, stepMs)).ToArray();
        FollowAll(engine, events.AsSpan(0, Events), alerts);

        var before = GC.GetAllocatedBytesForCurrentThread();
        FollowAll(engine, events.AsSpan(Events), alerts);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.Empty(alerts);
        return allocated;
    }

    private static void FollowAll(DetectionEngine engine, ReadOnlySpan<SecurityEvent> events, List<Alert> alerts)
    {
        foreach (var one in events)
        {
            engine.Follow(one, LogSource.KeycloakUser, LocalCalendar.Utc, alerts);
        }
    }

    private static RuleSet Load()
    {
        var rules = RuleSet.Load([new RuleFile("rules", Rules)], new Dictionary<string, IReadOnlyList<string>>());
        Assert.Empty(rules.Refusals);
        return rules;
    }

    private static SecurityEvent At(SecurityEvent like, int number, int stepMs) => like with
    {
        Id = new Guid(number, 0, 0, new byte[8]).ToString("D"), Position = number + 1, OccurredAt = like.OccurredAt.AddMilliseconds((long)number * stepMs),
    };
}
