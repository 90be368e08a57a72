using SiemForwarder.Detections;
using SiemForwarder.Detections.Alerts;
using SiemForwarder.Detections.Fields;
using SiemForwarder.Detections.Rules;
using SiemForwarder.Events;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Detections;

/// <summary>An engine that is restored from a snapshot at any point makes the same alerts as one that was never disturbed.</summary>
public sealed class SnapshotTests
{
    private static readonly string Rules = EngineRun.Rules(
        EngineRun.Failed,
        EngineRun.Login,
        EngineRun.Correlation("type: event_count, rules: [failed], group-by: [ip], timespan: 1m, condition: { gte: 4 }", "Count", "forwarder: { suppress: 40s }"),
        EngineRun.Correlation("type: event_count, rules: [failed], group-by: [username], timespan: 1m, condition: { gte: 4 }", "Session", "forwarder: { window: session, gap: 9s, action: reset }"),
        EngineRun.Correlation("type: value_count, rules: [failed], group-by: [ip], timespan: 1m, condition: { gte: 3, field: username }", "Values", "forwarder: { suppress: 0 }"),
        EngineRun.Correlation("type: value_sum, rules: [failed], group-by: [ip], timespan: 30s, condition: { gte: 9, field: local.minute }", "Sum", "forwarder: { suppress: 0 }"),
        EngineRun.Correlation("type: value_median, rules: [failed], group-by: [ip], timespan: 30s, condition: { gte: 2, field: local.minute }", "Median", "forwarder: { suppress: 0 }"),
        EngineRun.Correlation("type: temporal, rules: [failed, login], group-by: [username], timespan: 20s, condition: failed and not login", "Temporal", "forwarder: { suppress: 5s }"),
        EngineRun.Correlation("type: temporal_ordered, rules: [failed, login], group-by: [username], timespan: 1m", "Ordered", "forwarder: { suppress: 0, scope: all }"),
        EngineRun.Correlation("type: temporal_ordered, rules: [c_Values, login], group-by: [username], timespan: 2m", "Nested", "forwarder: { suppress: 0 }"),
        EngineRun.OfLogins("first_seen: { field: ip, per: [username], memory: 2m, learn: 30s }", title: "FirstSeen"),
        EngineRun.OfLogins("first_seen: { silence_before: 20s, per: [username] }", title: "Dormant"),
        EngineRun.OfLogins("suppress: 10s, travel: { per: [username], minimum: 100 }", title: "Travel"),
        EngineRun.OfLogins("suppress: 5s, unless: { rule: failed, within: 15s, same: [username] }", title: "Unless"),
        EngineRun.OfLogins("missing: { rule: failed, within: 15s, same: [username] }", title: "Missing"),
        EngineRun.OfLogins("silence: { for: 25s, per: [username] }", title: "Silence"),
        EngineRun.OfLogins("baseline: { bucket: 10s, history: 1m, factor: 2, minimum: 3 }", title: "Baseline"),
        EngineRun.OfLogins("baseline: { count: { distinct: ip }, bucket: 10s, history: 1m, factor: 1, minimum: 3 }", "LOGIN_ERROR", "Distinct"),
        "title: Changed\nlogsource: { product: keycloak }\ndetection: { s: { changed.enabled: true }, condition: s }");

    private static readonly RuleSet Set = RuleSet.Load([new RuleFile("rules.yml", Rules)], new Dictionary<string, IReadOnlyList<string>>());

    private abstract record Step;

    private sealed record Followed(SecurityEvent Event) : Step;

    private sealed record Swept(int Source, DateTimeOffset To) : Step;

    [Theory]
    [InlineData(1, 100_000)]
    [InlineData(2, 100_000)]
    [InlineData(3, 100_000)]
    [InlineData(4, 4)]
    [InlineData(5, 4)]
    [InlineData(6, 2)]
    public void ARestoredEngineMakesTheSameAlerts(int seed, int maxGroups)
    {
        Assert.Empty(Set.Refusals);
        var random = new Random(seed);
        var steps = RandomSteps(random, 900);
        var options = new EngineOptions { MaxGroups = maxGroups, MaxEntities = maxGroups, MaxOccurrences = maxGroups < 10 ? 8 : 10_000, Lateness = TimeSpan.FromSeconds(20) };
        var undisturbed = Run(new DetectionEngine(Set, options), steps);
        Assert.Equal(undisturbed.Count, undisturbed.Distinct().Count());

        for (var turn = 0; turn < 6; turn++)
        {
            var (snapshotAt, checkpointAt) = (random.Next(steps.Count), random.Next(steps.Count));
            (snapshotAt, checkpointAt) = (Math.Min(snapshotAt, checkpointAt), Math.Max(snapshotAt, checkpointAt));
            var first = new DetectionEngine(Set, options);
            var told = Run(first, steps.Take(snapshotAt));
            var snapshot = first.WriteSnapshot();
            told.AddRange(Run(first, steps.Skip(snapshotAt).Take(checkpointAt - snapshotAt)));

            var second = new DetectionEngine(Set, options);
            Assert.Null(second.ReadSnapshot(snapshot));
            Assert.Equal(snapshot, second.WriteSnapshot());
            Run(second, steps.Skip(snapshotAt).Take(checkpointAt - snapshotAt));
            told.AddRange(Run(second, steps.Skip(checkpointAt)));

            Assert.Equal(undisturbed, told);
        }
    }

    [Fact]
    public void EveryRuleOfTheRandomRunAlerts()
    {
        var engine = new DetectionEngine(Set, new EngineOptions { Lateness = TimeSpan.FromSeconds(20) });
        Run(engine, RandomSteps(new Random(1), 1500));

        Assert.Equal(["Failed login", "Login", "Values"], engine.Describe().Where(one => one.AlertCount == 0).Select(one => one.Title));
    }

    [Fact]
    public void ARuleInErrorStaysInErrorAndAnEditedOneBeginsAnew()
    {
        const string Slow = "title: Slow\nlogsource: { product: keycloak }\ndetection: { s: { 'username|re': '^(?=a)(a+)+b$' }, condition: s }";
        var count = EngineRun.Correlation("type: event_count, rules: [failed], group-by: [ip], timespan: 1m, condition: { gte: 2 }");
        var run = new EngineRun(EngineRun.Rules(EngineRun.Failed, count, Slow));
        run.At(0, "LOGIN_ERROR", new string('a', 60));

        var same = new EngineRun(EngineRun.Rules(EngineRun.Failed, count, Slow));
        Assert.Null(same.Engine.ReadSnapshot(run.Engine.WriteSnapshot()));
        Assert.True(same.At(1, "LOGIN_ERROR", "aab"));
        Assert.Equal("C@1", same.Told);

        var edited = new EngineRun(EngineRun.Rules(EngineRun.Failed, count + "description: other", Slow + "\ndescription: other"));
        Assert.Null(edited.Engine.ReadSnapshot(run.Engine.WriteSnapshot()));
        edited.At(1, "LOGIN_ERROR", "aab");
        Assert.Equal("Slow@1", edited.Told);
    }

    [Fact]
    public void BytesThatAreNoSnapshotAreTold()
    {
        var engine = new DetectionEngine(Set);
        Run(engine, RandomSteps(new Random(1), 100));
        var snapshot = engine.WriteSnapshot();

        Assert.Contains("another version", new DetectionEngine(Set).ReadSnapshot([]), StringComparison.Ordinal);
        Assert.Contains("another version", new DetectionEngine(Set).ReadSnapshot([(byte)(snapshot[0] - 1), .. snapshot.AsSpan(1)]), StringComparison.Ordinal);
        Assert.Contains("cannot be read", new DetectionEngine(Set).ReadSnapshot(snapshot[..(snapshot.Length / 2)]), StringComparison.Ordinal);
        Assert.Contains("cannot be read", new DetectionEngine(Set).ReadSnapshot([snapshot[0], 2, 3, 4]), StringComparison.Ordinal);
    }

    private static List<Guid> Run(DetectionEngine engine, IEnumerable<Step> steps)
    {
        var alerts = new List<Alert>();
        foreach (var step in steps)
        {
            if (step is Followed { Event: var securityEvent })
            {
                engine.Follow(securityEvent, null, LocalCalendar.Utc, alerts);
            }
            else if (step is Swept swept)
            {
                engine.Advance(swept.Source, swept.To, alerts);
            }
        }

        Assert.Empty(engine.Faults.All);
        return alerts.ConvertAll(alert => alert.Id);
    }

    // Two sources, ten minutes, a fifth of the events late by up to 30 seconds.
    private static List<Step> RandomSteps(Random random, int count)
    {
        var steps = new List<Step>();
        for (var index = 0; index < count; index++)
        {
            var now = EngineRun.Start.AddSeconds(index * 600.0 / count);
            var at = now.AddMilliseconds(random.Next(5) == 0 ? -random.Next(30_000) : 0);
            var source = random.Next(10) == 0 ? 2 : 1;
            if (random.Next(12) == 0)
            {
                steps.Add(new Swept(source, now));
                continue;
            }

            var isLogin = random.Next(3) == 0;
            var place = random.Next(3);
            var one = Some.LoginEvent(
                isLogin ? "LOGIN" : "LOGIN_ERROR", $"user {random.Next(12)}", isLogin ? null : "user_not_found", $"192.0.2.{random.Next(20)}", position: index + 1);
            steps.Add(new Followed(one with
            {
                Id = random.Next(2) == 0 ? Guid.NewGuid().ToString() : $"event {index}",
                OccurredAt = at,
                ReceivedAt = now,
                Source = Some.Source with { Id = source },
                Location = EventLocation.Nowhere with { Latitude = 10 * place, Longitude = 20 * place },
                Kind = index % 50 == 0 ? EventKind.Admin : EventKind.User,
                Outcome = EventOutcome.Success,
                Admin = index % 50 == 0 ? new AdminAction("UPDATE", "CLIENT", "clients/c1", "c1", random.Next(2) == 0 ? """{"enabled":true}""" : """{"enabled":false}""") : null,
            }));
        }

        return steps;
    }
}
