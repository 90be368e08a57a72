using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using SiemForwarder.EndToEnd.Inbox;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Service.Detections;
using SiemForwarder.Service.Operations;

namespace SiemForwarder.EndToEnd.Detections;

/// <summary>Rules over the alerts of rules, in the service.</summary>
public sealed class AlertRuleServiceTests(TestPostgres postgres)
{
    private const string Refused = """
        title: Refused
        name: refused
        logsource: {product: application}
        detection: {selection: {type: account.refused}, condition: selection}
        level: high
        """;

    private const string Provisioned = """
        title: Provisioned
        name: provisioned
        logsource: {product: application}
        detection: {selection: {type: account.provisioned}, condition: selection}
        level: low
        """;

    private const string Own = """
        title: Changed
        name: changed
        logsource: {product: forwarder, service: audit}
        detection: {selection: {type: '*'}, condition: selection}
        level: low
        """;

    private const string TwoOfOne = """
        title: Any alert
        name: any_alert
        logsource: {product: forwarder, service: detection}
        detection: {selection: {type: DETECTION}, condition: selection}
        level: informational
        ---
        title: Two rules on one address
        name: two_of_one
        level: critical
        correlation: {type: value_count, rules: [any_alert], group-by: [ip], timespan: 1h, condition: {gte: 2, field: rule.id}}
        """;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AlertsOfTwoRulesOnOneAddressRaiseOneMoreThatNamesThem()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        var pusher = await Pusher.CreateAsync(forwarder);
        await AddAsync(forwarder, ("two", $"{Refused}\n---\n{Provisioned}\n---\n{TwoOfOne}"));

        await PushAsync(pusher, "a", "account.refused");
        await PushAsync(pusher, "b", "account.provisioned");
        var alerts = await WaitForAlertsAsync(forwarder, 3);

        var second = alerts.Single(alert => alert["rule_id"]!.ToString() == "two_of_one");
        Assert.Equal(("192.0.2.7", 2, 10), (second["group.ip"]!.ToString(), second["event_count"]!.GetValue<int>(), second["severity"]!.GetValue<int>()));
        Assert.All(second["events"]!.AsArray(), one => Assert.Equal("detections", one!["source"]!.ToString()));
        Assert.Equal(
            alerts.Where(alert => alert != second).Select(alert => alert["event_id"]!.ToString()).Order(),
            second["events"]!.AsArray().Select(one => one!["id"]!.ToString()).Order());

        // Its own alert is read too, and leads to nothing more.
        await WaitForPositionAsync(forwarder, 3);
        Assert.Equal(3, (await LogBench.Open(forwarder.ConnectionString).ReadAllAsync(-1)).Count);
        var report = await forwarder.PostAsync("/api/v1/rules/two/backtest", new { from = DateTimeOffset.UtcNow.AddHours(-1), to = DateTimeOffset.UtcNow.AddMinutes(1) });
        Assert.Equal((3, 5), (report["alerts"]!.GetValue<int>(), report["events"]!.GetValue<int>()));
    }

    [Fact]
    public async Task ARuleOverAlertsThatIsSwitchedOnKnowsEarlierAlertsButTellsOnlyOfLaterOnes()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        var pusher = await Pusher.CreateAsync(forwarder);
        await AddAsync(forwarder, ("plain", $"{Refused}\n---\n{Provisioned}"));
        await PushAsync(pusher, "a", "account.refused");
        await PushAsync(pusher, "b", "account.provisioned");
        await WaitForAlertsAsync(forwarder, 2);
        await WaitForPositionAsync(forwarder, 2);

        await AddAsync(forwarder, ("two", TwoOfOne));
        await forwarder.WaitForAsync("/api/v1/rules/two", file => file["rules"]!.AsArray().Any(rule => rule!["groups"]!.GetValue<int>() > 0));
        await PushAsync(pusher, "c", "account.refused");
        var alerts = await WaitForAlertsAsync(forwarder, 4);

        Assert.Equal(["refused", "provisioned", "refused", "two_of_one"], alerts.Select(alert => alert["rule_id"]!.ToString()));
        Assert.Equal(3, alerts[3]["event_count"]!.GetValue<int>());
    }

    [Fact]
    public async Task AnAlertThatNothingFollowsIsToldOnceAllSourcesAreReadBeyondIt()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        var pusher = await Pusher.CreateAsync(forwarder);
        const string NotProvisioned = """
            title: Alert of provisioning
            name: provisioning_alert
            logsource: {product: forwarder, service: detection}
            detection: {selection: {rule.id: provisioned}, condition: selection}
            level: informational
            ---
            title: Refused and not provisioned
            name: not_provisioned
            logsource: {product: forwarder, service: detection}
            detection: {selection: {rule.id: refused}, condition: selection}
            forwarder: {missing: {rule: provisioning_alert, within: 1h, same: [username]}}
            """;
        await AddAsync(forwarder, ("not", $"{Refused}\n---\n{Provisioned}\n---\n{NotProvisioned}"));

        // Together, since time passes between two requests.
        string[] events = [Event("a", "account.refused", "alice", 4), Event("b", "account.refused", "bob", 4), Event("c", "account.provisioned", "bob", 3.5)];
        Assert.Equal(HttpStatusCode.Accepted, (await pusher.PushAsync($"[{string.Join(',', events)}]", Token)).Status);
        var alerts = await WaitForAlertsAsync(forwarder, 4);

        var told = Assert.Single(alerts, alert => alert["rule_id"]!.ToString() == "not_provisioned");
        Assert.Equal("alice", told["group.username"]!.ToString());
    }

    [Fact]
    public async Task ARuleOverAlertsIsBlindWhileNoRuleThatSeesRaisesThem()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        await AddAsync(forwarder, ("two", TwoOfOne));
        var watch = forwarder.Services.GetRequiredService<BlindWatchService>();

        Assert.Contains("No enabled rule raises the alerts", await ReasonAsync("Blind"), StringComparison.Ordinal);
        await AddAsync(forwarder, ("refused", Refused));
        Assert.Contains("are blind themselves: 'Refused'", await ReasonAsync("Blind"), StringComparison.Ordinal);
        await AddAsync(forwarder, ("own", Own));
        Assert.Contains("1 of 2 rules whose alerts it looks at is blind, or partly so: 'Refused'", await ReasonAsync("Degraded"), StringComparison.Ordinal);
        await forwarder.Services.GetRequiredService<OperationsService>().LookInTurnAsync(Token);
        var alarms = (await forwarder.GetAsync("/api/v1/alarms"))["items"]!.AsArray();
        Assert.Equal(["rule:refused"], alarms.Select(alarm => alarm!["subject"]!.ToString()));
        await Pusher.CreateAsync(forwarder);
        await watch.LookInTurnAsync(Token);
        Assert.Equal("Running", (await forwarder.GetAsync("/api/v1/rules/two"))["state"]!.ToString());

        async Task<string> ReasonAsync(string state)
        {
            await watch.LookInTurnAsync(Token);
            var rule = await forwarder.GetAsync("/api/v1/rules/two");
            Assert.Equal(state, rule["state"]!.ToString());
            return rule["rules"]!.ToJsonString(new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        }
    }

    private static async Task AddAsync(ForwarderApplication forwarder, params (string Name, string Yaml)[] files)
    {
        foreach (var (name, yaml) in files)
        {
            await forwarder.PostAsync("/api/v1/rules", new { name, yaml, enabled = true });
        }
    }

    private static async Task PushAsync(Pusher pusher, string id, string type) =>
        Assert.Equal(HttpStatusCode.Accepted, (await pusher.PushAsync(Event(id, type), Token)).Status);

    private static string Event(string id, string type, string user = "alice", double hoursAgo = 0) => $$"""
        {"event_id":"{{id}}","event_type":"{{type}}","timestamp":"{{DateTimeOffset.UtcNow.AddHours(-hoursAgo):O}}","subject":"{{user}}","ip_address":"192.0.2.7"}
        """;

    // The log of the alerts, once it holds so many.
    private static async Task<List<JsonNode>> WaitForAlertsAsync(ForwarderApplication forwarder, int count)
    {
        await forwarder.WaitForAsync("/api/v1/events?type=DETECTION", node => node["items"]!.AsArray().Count >= count);
        return (await LogBench.Open(forwarder.ConnectionString).ReadAllAsync(-1)).ConvertAll(entry => JsonNode.Parse(entry.Body)!);
    }

    private static async Task WaitForPositionAsync(ForwarderApplication forwarder, long position)
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(Token);
        bound.CancelAfter(TimeSpan.FromMinutes(3));
        await using var followed = await FollowedPositions.ListenAsync(forwarder.ConnectionString, bound.Token);
        await followed.WaitForAsync(DetectionTables.SourceId, position, bound.Token);
    }
}
