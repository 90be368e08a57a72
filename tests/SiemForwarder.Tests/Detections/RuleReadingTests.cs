using SiemForwarder.Detections;
using SiemForwarder.Detections.Fields;
using SiemForwarder.Detections.Rules;
using SiemForwarder.Events;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Detections;

/// <summary>Rules as users write them: what is refused and how it is told, and which fields of a normalized event they see.</summary>
public sealed class RuleReadingTests
{
    private static readonly Dictionary<string, IReadOnlyList<string>> Lists = new()
    {
        ["admins"] = ["alice", "root*"],
        ["office"] = ["192.0.2.0/24"],
        ["nobody"] = [],
    };

    [Theory]
    [InlineData("selection:\n    type|contians: LOGIN", "detection.selection.type|contians: the modifier 'contians' is not one of Sigma 2.1.")]
    [InlineData("selection:\n    ip|cidr: 10.1.2.3/8", "detection.selection.ip|cidr: '10.1.2.3/8' names a host inside the block; write the first address of the block.")]
    [InlineData("selection:\n    type|contains|re: a", "detection.selection.type|contains|re: re does not go with the modifiers before it.")]
    [InlineData("selection:\n    type|re: '(a'", "detection.selection.type|re: the regular expression cannot be read")]
    [InlineData("selection:\n    type|expand|re: '%admins%'", "detection.selection.type|expand|re: expand does not go with re; write the values into the expression.")]
    [InlineData("selection:\n    type|expand|fieldref: '%admins%'", "detection.selection.type|expand|fieldref: expand does not go with fieldref; it names one field.")]
    [InlineData("selection:\n    username|expand: '%nobody%'", "detection.selection.username|expand: the list 'nobody' that %nobody% stands for has no values; fill it, or leave the rule out.")]
    [InlineData("selection: {}", "detection.selection: the selection is empty.")]
    [InlineData("selection:\n    type: []", "detection.selection.type: the list is empty, so nothing would ever match.")]
    [InlineData("selection:\n    severity|gt: many", "detection.selection.severity|gt: 'many' is no number.")]
    [InlineData("selection:\n    type: LOGIN\n  other: &a [*b]", "Line 8 is no YAML that a rule may hold")]
    [InlineData("selection:\n    type: LOGIN\n    type: LOGOUT", "the key 'type' stands twice in one map")]
    public void ARefusalSaysWhereAndWhy(string selection, string expected)
    {
        var rules = Load(Rule(selection));

        Assert.Empty(rules.Detections);
        Assert.Contains(rules.Refusals, refusal => refusal.ToString().Contains(expected, StringComparison.Ordinal));
    }

    [Fact]
    public void AnAliasBombIsRefusedBeforeItGrows()
    {
        var bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n" + string.Concat(Enumerable.Range(1, 9).Select(level =>
            $"a{level}: &a{level} [{string.Join(',', Enumerable.Repeat($"*a{level - 1}", 10))}]\n"));

        Assert.Contains("200,000 values", Assert.Single(Load(bomb).Refusals).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void AFileOfMoreThanOneMebibyteIsRefusedUnread()
    {
        var rule = Rule("selection:\n    type: LOGIN");
        var filled = $"{rule}\ndescription: {new string('x', (1024 * 1024) - rule.Length - 14)}";

        Assert.Empty(Load(filled).Refusals);
        Assert.Contains("1 MiB", Assert.Single(Load(filled + "x").Refusals).ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(70)]
    [InlineData(100_000)]
    public void DeepYamlIsRefused(int depth) =>
        Assert.Contains("64 deep", Assert.Single(Load("a: " + new string('[', depth) + new string(']', depth)).Refusals).ToString(), StringComparison.Ordinal);

    [Fact]
    public void ADeepConditionIsRefused() =>
        Assert.Contains("64 deep", Assert.Single(Load(Rule("selection:\n    type: LOGIN", new string('(', 30_000) + "selection" + new string(')', 30_000))).Refusals).ToString(),
            StringComparison.Ordinal);

    [Fact]
    public void AFileWithOneRefusedDocumentIsRefusedWholeAndTheOthersLoad()
    {
        var good = Rule("selection:\n    type: LOGIN");
        var rules = RuleSet.Load([new("bad.yml", good + "---\n" + Rule("selection: {}")), new("good.yml", good)], Lists);

        Assert.Single(rules.Detections);
        Assert.Single(rules.Refusals);
    }

    [Theory]
    [InlineData("type: login_error")]
    [InlineData("ipAddress: 192.0.2.10")]
    [InlineData("ip|cidr: 192.0.2.0/24")]
    [InlineData("ip.list.office: true")]
    [InlineData("ip.private: false")]
    [InlineData("username|expand: '%admins%'")]
    [InlineData("details.auth_method: openid-connect")]
    [InlineData("outcome: failure")]
    [InlineData("kind: user")]
    [InlineData("severity|gte: 4")]
    [InlineData("actor.userId|fieldref: userId")]
    [InlineData("event.action: LOGIN_ERROR")]
    [InlineData("event.category: authentication")]
    [InlineData("local.hour: 10")]
    [InlineData("local.weekday: 1")]
    [InlineData("local.business: true")]
    [InlineData("error|neq: user_not_found")]
    [InlineData("geo.country: null")]
    public void ANormalizedEventHasTheFieldsOfTheTaxonomy(string test) => Assert.Equal("Rule", Match(Rule("selection:\n    " + test), Some.LoginEvent()));

    [Theory]
    [InlineData("type: LOGIN")]
    [InlineData("Type: LOGIN_ERROR")]
    [InlineData("geo.country|neq: DE")]
    [InlineData("local.hour: 9")]
    public void AnotherFieldOrValueDoesNotMatch(string test) => Assert.Equal("", Match(Rule("selection:\n    " + test), Some.LoginEvent()));

    [Theory]
    [InlineData("keycloak", "user", "Rule")]
    [InlineData("keycloak", "admin", "")]
    [InlineData("pki", null, "")]
    public void ARuleSeesOnlyTheEventsOfItsLogsource(string product, string? service, string expected) =>
        Assert.Equal(expected, Match(Rule("selection:\n    type: LOGIN_ERROR").Replace("service: user", service is null ? "category: x" : $"service: {service}", StringComparison.Ordinal)
            .Replace("keycloak", product, StringComparison.Ordinal), Some.LoginEvent()));

    [Fact]
    public void TheVersionChangesWithWhatTheRuleSaysAndNotWithItsLayout()
    {
        var version = Version(Rule("selection:\n    type: LOGIN\n    error: a"));

        Assert.Equal(version, Version(Rule("selection:\n    # words\n    error: 'a'\n    type: \"LOGIN\"")));
        Assert.NotEqual(version, Version(Rule("selection:\n    type: LOGIN\n    error: b")));
    }

    [Fact]
    public void AnEventThatMatchesNothingAllocatesNothing()
    {
        var matcher = new SingleEventMatcher(Load(Rule("selection:\n    type: LOGIN_ERROR\n    clientId|startswith: nobody\n    ip|cidr: 10.0.0.0/8")));
        var matches = new List<DetectionRule>();
        var login = Some.LoginEvent();
        matcher.Match(login, LogSource.KeycloakUser, LocalCalendar.Utc, matches);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var turn = 0; turn < 1000; turn++)
        {
            matcher.Match(login, LogSource.KeycloakUser, LocalCalendar.Utc, matches);
        }

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 999);
        Assert.Empty(matches);
    }

    private static string Rule(string selection, string condition = "selection") =>
        $"title: Rule\nlogsource:\n  product: keycloak\n  service: user\ndetection:\n  {selection}\n  condition: {condition}\n";

    private static RuleSet Load(string text) => RuleSet.Load([new RuleFile("rule.yml", text)], Lists);

    private static string Version(string text) => Assert.Single(Load(text).Detections).Version;

    private static string Match(string text, SecurityEvent securityEvent)
    {
        var rules = Load(text);
        Assert.Empty(rules.Refusals);
        var matches = new List<DetectionRule>();
        new SingleEventMatcher(rules).Match(securityEvent, LogSource.KeycloakUser, LocalCalendar.Utc, matches);
        return string.Join(",", matches.Select(rule => rule.Head.Title));
    }
}
