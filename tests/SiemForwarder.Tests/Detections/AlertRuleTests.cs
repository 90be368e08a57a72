using System.Text;
using SiemForwarder.Detections;
using SiemForwarder.Detections.Alerts;
using SiemForwarder.Detections.Fields;
using SiemForwarder.Detections.Rules;
using SiemForwarder.Events;
using SiemForwarder.Service.Detections;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Detections;

/// <summary>Rules over the alerts of rules: what they are given, and that none leads back to itself.</summary>
public sealed class AlertRuleTests
{
    private const string AnyAlert = """
        title: Any alert
        name: any_alert
        level: informational
        logsource: {product: forwarder, service: detection}
        detection: {selection: {type: DETECTION}, condition: selection}
        """;

    private static readonly EventSource Log = new(-1, "detections", "", "");

    [Theory]
    [InlineData("product: forwarder, service: detection", true)]
    [InlineData("product: forwarder", false)]
    [InlineData("product: keycloak", false)]
    [InlineData("service: detection", false)]
    public void OnlyARuleThatSaysSoReadsAlerts(string logsource, bool reads)
    {
        var run = Run($"title: R\nlogsource: {{{logsource}}}\ndetection: {{selection: {{type: '*'}}, condition: selection}}");

        Assert.Equal(reads, run.Told(Alert("a", "guessing")));
    }

    [Fact]
    public void ThreeRulesThatAlertOnOneUserWithinAnHourAreToldOnce()
    {
        var run = Run(AnyAlert, EngineRun.Correlation("type: value_count, rules: [any_alert], group-by: [username], timespan: 1h, condition: {gte: 3, field: rule.id}"));

        Assert.False(run.Told(Alert("a", "guessing", minute: 0)));
        Assert.False(run.Told(Alert("b", "travel", minute: 10)));
        Assert.False(run.Told(Alert("c", "travel", minute: 11)));
        Assert.False(run.Told(Alert("d", "mfa", minute: 12, user: "bob")));
        Assert.True(run.Told(Alert("e", "mfa", minute: 59)));
        var told = Assert.Single(run.Alerts);
        Assert.Equal(("alice", 4, 3d), (Assert.Single(told.Group).Value, told.EventCount, told.Value));
        Assert.Equal([.. Assert.Single(Again(run).Alerts).Id.ToByteArray()], [.. told.Id.ToByteArray()]);
    }

    [Fact]
    public void FieldsOfTheRuleAreListsWhereItHasSeveral()
    {
        var run = Run(
            "title: R\nlogsource: {product: forwarder, service: detection}\n"
            + "detection: {selection: {rule.techniques: T1078, rule.level: [high, critical], rule.tactics: persistence, group.ip|cidr: 10.0.0.0/8}, condition: selection}");

        Assert.True(run.Told(Alert("a", "x", more: """,  "attack_techniques":"T1110,T1078","rule_level":"high","attack_tactics":"persistence","group.ip":"10.1.2.3" """)));
        Assert.False(run.Told(Alert("b", "x", more: """,  "attack_techniques":"T1110,T10780","rule_level":"high","attack_tactics":"persistence","group.ip":"10.1.2.3" """)));
    }

    [Fact]
    public void AnAlertNeverTriggersTheRuleThatMadeItNorWhatThatFeeds()
    {
        var run = Run(
            "title: Each\nname: each\nlogsource: {product: forwarder, service: detection}\ndetection: {selection: {type: DETECTION}, condition: selection}",
            EngineRun.Correlation("type: event_count, rules: [each], timespan: 1h, condition: {gte: 1}, generate: true"));

        Assert.True(run.Told(Alert("a", "guessing")));
        Assert.Equal(["C", "each"], run.Alerts.Select(alert => alert.RuleId is "c_C" ? "C" : alert.RuleId).Order(StringComparer.Ordinal));
        Assert.False(run.Told(Alert("b", "each")));
        Assert.False(run.Told(Alert("c", "c_C")));
        Assert.True(run.Told(Alert("d", "guessing", minute: 1)));
    }

    [Fact]
    public void RulesThatWouldRaiseEachOthersAlertsAreNotGivenThemAndTheirAuthorIsTold()
    {
        string Reader(string name, string of) =>
            $"title: {name}\nname: {name}\nlogsource: {{product: forwarder, service: detection}}\ndetection: {{selection: {{rule.id: [{of}]}}, condition: selection}}";
        var run = Run(Reader("first", "third, guessing"), Reader("second", "first"), Reader("third", "second"), Reader("last", "third"));

        Assert.True(run.Told(Alert("a", "guessing")));
        Assert.False(run.Told(Alert("b", "first")));
        Assert.False(run.Told(Alert("c", "second")));
        // What stands outside of the circle is given all.
        Assert.True(run.Told(Alert("d", "third")));
        Assert.Equal(["first", "last"], run.Alerts.Select(alert => alert.RuleId));
        Assert.Equal(["first", "second", "third"], run.Engine.Rules.Lints.Where(lint => lint.Reason.Contains("circle", StringComparison.Ordinal)).Select(lint => lint.Rule).Order());
    }

    [Fact]
    public void AChainOfRulesOverAlertsGoesThrough()
    {
        var run = Run(
            "title: first\nname: first\nlogsource: {product: forwarder, service: detection}\ndetection: {selection: {rule.id: guessing}, condition: selection}",
            "title: second\nname: second\nlogsource: {product: forwarder, service: detection}\ndetection: {selection: {rule.id: first}, condition: selection}");

        Assert.True(run.Told(Alert("a", "guessing")));
        var next = AlertBody.ToIncoming(run.Alerts[0], Log, new Dictionary<int, string>());
        Assert.True(run.Told(Encoding.UTF8.GetString(next.Body.Span)));
        Assert.Equal(["first", "second"], run.Alerts.Select(alert => alert.RuleId));
        Assert.Empty(run.Engine.Rules.Lints);
        Assert.Equal("first", Assert.Single(run.Engine.Rules.Sight.RaisersFor(run.Engine.Rules.Detections[1])).Head.Key);
        Assert.Empty(run.Engine.Rules.Sight.RaisersFor(run.Engine.Rules.Detections[0]));
    }

    [Fact]
    public void ThePackFindsAUserInAlertsThatAreGroupedBySomethingElse()
    {
        var files = DetectionPack.Files.Where(file => file.File.Name.StartsWith("45-", StringComparison.Ordinal)).Select(file => file.File.Text);
        var failures = new EngineRun(EngineRun.Rules(EngineRun.Failed, EngineRun.Correlation(
            "type: event_count, rules: [failed], group-by: [ip], timespan: 5m, condition: {gte: 2}", "Guessing")));
        failures.At(0, "LOGIN_ERROR", "alice");
        failures.At(1, "LOGIN_ERROR", "alice");
        var guessing = AlertBody.ToIncoming(Assert.Single(failures.Alerts), Some.Source, new Dictionary<int, string>());
        var run = Run([.. files]);

        run.Told(Encoding.UTF8.GetString(guessing.Body.Span));
        run.Told(Alert("b", "travel", minute: 1, more: $",\"org_id\":\"{Some.Source.Realm}\""));
        Assert.True(run.Told(Alert("c", "mfa", minute: 2, more: $",\"org_id\":\"{Some.Source.Realm}\"")));
        Assert.Equal("fw_several_rules_user", Assert.Single(run.Alerts).Rule.Name);
    }

    [Fact]
    public void ASnapshotKeepsWhatARuleOverAlertsHasSeen()
    {
        string[] rules = [AnyAlert, EngineRun.Correlation("type: value_count, rules: [any_alert], group-by: [username], timespan: 1h, condition: {gte: 2, field: rule.id}")];
        var (first, second) = (Run(rules), Run(rules));
        first.Told(Alert("a", "guessing"));

        Assert.Null(second.Engine.ReadSnapshot(first.Engine.WriteSnapshot()));

        Assert.True(second.Told(Alert("b", "travel", minute: 1), position: 2));
        Assert.Equal(["a", "b"], Assert.Single(second.Alerts).Events.Select(one => one.Id));
    }

    [Theory]
    [InlineData("product: forwarder, service: alerts", "audit or detection")]
    [InlineData("product: keycloak, service: events", "user or admin")]
    [InlineData("product: okta", "no events of the product 'okta'")]
    [InlineData("category: process_creation", "no category")]
    public void ARuleForEventsThatNobodySendsIsPointedOut(string logsource, string said)
    {
        var run = Run($"title: R\nlogsource: {{{logsource}}}\ndetection: {{selection: {{type: '*'}}, condition: selection}}");

        Assert.Contains(said, Assert.Single(run.Engine.Rules.Lints).Reason, StringComparison.Ordinal);
    }

    private static AlertRun Run(params string[] documents) => new(EngineRun.Rules(documents));

    private static AlertRun Again(AlertRun run)
    {
        var again = new AlertRun(run.Text);
        run.Given.ForEach(body => again.Told(body));
        return again;
    }

    private static string Alert(string id, string rule, int minute = 0, string user = "alice", string more = "") => $$"""
        {"event_id":"{{id}}","timestamp":"{{EngineRun.Start.AddMinutes(minute):O}}","event_type":"DETECTION","rule_id":"{{rule}}","rule_title":"{{rule}}","subject":"{{user}}"{{more}}}
        """;

    private sealed class AlertRun(string text)
    {
        private readonly EngineRun run = new(text);

        public string Text => text;

        public DetectionEngine Engine => run.Engine;

        public List<Alert> Alerts => run.Alerts;

        public List<string> Given { get; } = [];

        // Whether the alert, as the log holds it, raises another.
        public bool Told(string body, long? position = null)
        {
            Given.Add(body);
            var before = run.Alerts.Count;
            var read = EventNormalizer.Normalize(
                EventStream.Detection, Encoding.UTF8.GetBytes(body), default, Log, position ?? Given.Count, EngineRun.Start.ToUnixTimeMilliseconds(), EngineRun.Start);
            Engine.Follow(read, LogSource.Alerts, LocalCalendar.Utc, run.Alerts);
            return run.Alerts.Count > before;
        }
    }
}
