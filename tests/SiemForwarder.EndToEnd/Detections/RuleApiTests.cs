using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using SiemForwarder.EndToEnd.Inbox;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Service.Detections;
using SiemForwarder.Service.Operations;

namespace SiemForwarder.EndToEnd.Detections;

/// <summary>Rules, lists, backtests and coverage through the front door.</summary>
public sealed class RuleApiTests(TestPostgres postgres)
{
    private const string Refused = """
        title: Account refused
        logsource: {product: application}
        detection: {selection: {type: account.refused}, condition: selection}
        level: high
        tags: [attack.t1110.003]
        """;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AFileIsCreatedShownReplacedAndDeletedByItsVersion()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        var created = await forwarder.SendAsync(HttpMethod.Post, "/api/v1/rules", new { name = "own", yaml = Refused, expectedAlertsPerDay = 5 });
        Assert.Equal((HttpStatusCode.Created, "\"1\"", "Off"), (created.Status, created.ETag, created.Json["state"]!.ToString()));

        Assert.Equal(HttpStatusCode.Conflict, (await forwarder.SendAsync(HttpMethod.Post, "/api/v1/rules", new { name = "own", yaml = Refused })).Status);
        var changed = Refused.Replace("high", "low", StringComparison.Ordinal);
        Assert.Equal(400, (int)(await forwarder.SendAsync(HttpMethod.Post, "/api/v1/rules", new { name = "coverage", yaml = Refused })).Status);
        Assert.Equal(428, (int)(await forwarder.SendAsync(HttpMethod.Put, "/api/v1/rules/own", new { yaml = changed })).Status);
        Assert.Equal(412, (int)(await forwarder.SendAsync(HttpMethod.Put, "/api/v1/rules/own", new { yaml = changed }, "\"7\"")).Status);
        var replaced = await forwarder.SendAsync(HttpMethod.Put, "/api/v1/rules/own", new { yaml = changed, enabled = true }, "\"1\"");
        Assert.Equal((200, "\"2\"", "Running"), ((int)replaced.Status, replaced.ETag, replaced.Json["state"]!.ToString()));
        using var yaml = await forwarder.Api.GetAsync("/api/v1/rules/own/yaml", Token);
        Assert.Equal(changed, await yaml.Content.ReadAsStringAsync(Token));
        Assert.Equal(204, (int)(await forwarder.SendAsync(HttpMethod.Delete, "/api/v1/rules/own", null, "\"2\"")).Status);
        Assert.Equal(404, (int)(await forwarder.SendAsync(HttpMethod.Get, "/api/v1/rules/own")).Status);
        var audited = await forwarder.GetAsync("/api/v1/audit?pageSize=50");
        Assert.Equal(
            ["rule.create", "rule.update", "rule.delete"],
            audited["items"]!.AsArray().Where(entry => entry!["outcome"]!.ToString() == "success").Select(entry => entry!["action"]!.ToString()).Reverse());
    }

    [Fact]
    public async Task EveryFaultIsToldAndWhatFixturesContradictIsNotSaved()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        const string Wrong = """
            title: Wrong
            logsource: {product: keycloak}
            detection: {selection: {type|nonsense: LOGIN}, condition: selection and other}
            level: loud
            """;
        var check = await forwarder.PostAsync("/api/v1/rules/check", new { yaml = Wrong });
        Assert.False(check["valid"]!.GetValue<bool>());
        var refusals = check["refusals"]!.AsArray().Select(one => one!.ToString()).ToList();
        Assert.Contains(refusals, one => one.Contains("loud", StringComparison.Ordinal));
        Assert.Contains(refusals, one => one.Contains("nonsense", StringComparison.Ordinal));

        const string LoginRoot = """
            title: Root
            logsource: {product: keycloak, service: user}
            detection: {selection: {type: LOGIN, username: root}, condition: selection}
            level: high
            """;
        const string Fixtures = """
            fires:
            - title: root logs in
              events: [{type: LOGIN, details: {username: root}}]
            quiet:
            - title: alice logs in
              events: [{type: LOGIN, details: {username: alice}}]
            """;
        var good = await forwarder.PostAsync("/api/v1/rules/check", new { yaml = LoginRoot, fixtures = Fixtures });
        Assert.True(good["valid"]!.GetValue<bool>(), good.ToJsonString());
        Assert.Equal(2, good["fixtures"]!.AsArray().Count);

        var refused = await forwarder.SendAsync(
            HttpMethod.Post, "/api/v1/rules", new { name = "root", yaml = LoginRoot, fixtures = Fixtures.Replace("alice}", "root}", StringComparison.Ordinal) });
        Assert.Equal(400, (int)refused.Status);
        Assert.Contains("alice logs in", refused.ErrorOf("fixtures"), StringComparison.Ordinal);
        Assert.Equal(404, (int)(await forwarder.SendAsync(HttpMethod.Get, "/api/v1/rules/root")).Status);
    }

    [Fact]
    public async Task AFileOfThePackIsSwitchedOnButNeitherChangedNorDeleted()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        var list = await forwarder.GetAsync("/api/v1/rules");
        Assert.InRange(list["total"]!.GetValue<int>(), 44, 100);
        Assert.All(list["items"]!.AsArray(), file => Assert.Equal(("pack", "Off"), (file!["origin"]!.ToString(), file["state"]!.ToString())));

        var on = await forwarder.PostAsync("/api/v1/rules/08-brute-force-address/enable");
        Assert.True(on["enabled"]!.GetValue<bool>());
        Assert.Equal(400, (int)(await forwarder.SendAsync(HttpMethod.Put, "/api/v1/rules/08-brute-force-address", new { yaml = Refused }, "*")).Status);
        Assert.Equal(409, (int)(await forwarder.SendAsync(HttpMethod.Delete, "/api/v1/rules/08-brute-force-address", null, "*")).Status);

        var admins = await forwarder.SendAsync(HttpMethod.Put, "/api/v1/rule-lists/admins", new { values = new[] { "alice" } }, "*");
        Assert.Equal((200, "own"), ((int)admins.Status, admins.Json["origin"]!.ToString()));
        Assert.Contains("16-admin-attacked", admins.Json["usedBy"]!.AsArray().Select(one => one!.ToString()));
        Assert.Equal(204, (int)(await forwarder.SendAsync(HttpMethod.Delete, "/api/v1/rule-lists/admins", null, "*")).Status);
        Assert.Equal("pack", (await forwarder.GetAsync("/api/v1/rule-lists/admins"))["origin"]!.ToString());
        var history = (await forwarder.GetAsync("/api/v1/rule-lists/admins/history"))["items"]!.AsArray();
        Assert.Equal([null, """["alice"]"""], history.Select(version => version!["values"]?.ToJsonString()));
        Assert.All(history, version => Assert.NotEmpty(version!["changedBy"]!.ToString()));
    }

    [Fact]
    public async Task ABacktestTellsWhatWouldHaveFiredAndStoresNothing()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        var pusher = await Pusher.CreateAsync(forwarder);
        foreach (var id in (string[])["a", "b", "c"])
        {
            Assert.Equal(HttpStatusCode.Accepted, (await pusher.PushAsync(Pusher.Event(id, id == "b" ? "account.provisioned" : "account.refused"), Token)).Status);
        }

        await forwarder.PostAsync("/api/v1/rules", new { name = "own", yaml = Refused });
        var report = await forwarder.PostAsync("/api/v1/rules/own/backtest", new { from = DateTimeOffset.UtcNow.AddHours(-1), to = DateTimeOffset.UtcNow.AddMinutes(1) });

        Assert.Equal((2, true), (report["alerts"]!.GetValue<int>(), report["isWhole"]!.GetValue<bool>()));
        Assert.Equal([1L, 3L], report["found"]!.AsArray().Select(one => one!["events"]![0]!["position"]!.GetValue<long>()));
        await using var log = LogBench.Open(forwarder.ConnectionString);
        Assert.Empty(await log.ReadAllAsync(-1));
        var none = await forwarder.PostAsync("/api/v1/rules/own/backtest", new { from = DateTimeOffset.UtcNow.AddHours(-3), to = DateTimeOffset.UtcNow.AddHours(-2) });
        Assert.Equal(0, none["alerts"]!.GetValue<int>());
    }

    [Fact]
    public async Task ARuleWithoutASourceIsBlindRaisesAnAlarmAndComesBack()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        await forwarder.PostAsync("/api/v1/rules/08-brute-force-address/enable");
        var watch = forwarder.Services.GetRequiredService<BlindWatchService>();
        var operations = forwarder.Services.GetRequiredService<OperationsService>();
        await watch.LookInTurnAsync(Token);
        await operations.LookInTurnAsync(Token);

        var rule = await forwarder.GetAsync("/api/v1/rules/08-brute-force-address");
        Assert.Equal("Blind", rule["state"]!.ToString());
        Assert.Contains("No source is enabled", rule.ToJsonString(), StringComparison.Ordinal);
        Assert.Contains("DETECTION_BLIND", (await forwarder.GetAsync("/api/v1/alarms")).ToJsonString(), StringComparison.Ordinal);
        Assert.Equal("Blind", Technique(await forwarder.GetAsync("/api/v1/rules/coverage"), "T1110")!["state"]!.ToString());
        var layer = await forwarder.GetAsync("/api/v1/rules/navigator-layer");
        Assert.Equal(50, layer["techniques"]!.AsArray().Single(one => one!["techniqueID"]!.ToString() == "T1110")!["score"]!.GetValue<int>());

        await Pusher.CreateAsync(forwarder);
        await watch.LookInTurnAsync(Token);
        await operations.LookInTurnAsync(Token);

        Assert.Equal("Running", (await forwarder.GetAsync("/api/v1/rules/08-brute-force-address"))["state"]!.ToString());
        Assert.Empty((await forwarder.GetAsync("/api/v1/alarms"))["items"]!.AsArray());
        Assert.Equal("Watched", Technique(await forwarder.GetAsync("/api/v1/rules/coverage"), "T1110")!["state"]!.ToString());
    }

    [Fact]
    public async Task ARuleThatIsTooSlowIsInErrorAndAnAlarmNamesItWhileTheOtherShowsItsCostAndHits()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        var pusher = await Pusher.CreateAsync(forwarder);
        const string Slow = """
            title: Looks around
            name: looks_around
            logsource: {product: application}
            detection: {selection: {'username|re': '^(?=a)(a+)+b$'}, condition: selection}
            level: high
            """;
        await forwarder.PostAsync("/api/v1/rules", new { name = "slow", yaml = Slow, enabled = true });
        await forwarder.PostAsync("/api/v1/rules", new { name = "own", yaml = Refused, enabled = true });

        Assert.Equal(HttpStatusCode.Accepted, (await pusher.PushAsync(Pusher.Event("a", "account.refused", new string('a', 60)), Token)).Status);
        var slow = await forwarder.WaitForAsync("/api/v1/rules/slow", file => file["state"]!.ToString() == "Error");
        await forwarder.Services.GetRequiredService<OperationsService>().LookInTurnAsync(Token);

        Assert.Contains("regular expression took more than 50 ms", slow["rules"]![0]!["reasons"]![0]!.ToString(), StringComparison.Ordinal);
        var alarm = Assert.Single((await forwarder.GetAsync("/api/v1/alarms"))["items"]!.AsArray(), one => one!["kind"]!.ToString() == "DETECTION_FAILING")!;
        Assert.Equal("Looks around", alarm["name"]!.ToString());
        Assert.Contains("since event a: a regular expression took more than 50 ms", alarm["message"]!.ToString(), StringComparison.Ordinal);
        var list = await forwarder.GetAsync("/api/v1/rules?pageSize=1000");
        var own = list["items"]!.AsArray().Single(file => file!["name"]!.ToString() == "own")!["rules"]![0]!;
        Assert.Equal(1, own["hits"]!.GetValue<int>());
        Assert.True(own["microsecondsPerEvent"]!.GetValue<double>() > 0);
    }

    [Fact]
    public async Task ARuleThatHasNotSeenEnoughIsLearning()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        await Pusher.CreateAsync(forwarder);

        var rule = await forwarder.PostAsync("/api/v1/rules/23-service-account-address/enable");

        Assert.Equal("Learning", rule["state"]!.ToString());
        Assert.Contains("days of events before it alerts", rule.ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task MoreAlertsThanExpectedAreAnAlarm()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        var pusher = await Pusher.CreateAsync(forwarder);
        await forwarder.PostAsync("/api/v1/rules", new { name = "own", yaml = Refused, enabled = true, expectedAlertsPerDay = 1 });
        foreach (var id in (string[])["a", "b"])
        {
            Assert.Equal(HttpStatusCode.Accepted, (await pusher.PushAsync(Pusher.Event(id, "account.refused"), Token)).Status);
        }

        await forwarder.WaitForAsync("/api/v1/rules/own", node => node["alertsToday"]!.GetValue<long>() == 2);
        await forwarder.Services.GetRequiredService<OperationsService>().LookInTurnAsync(Token);

        var alarm = Assert.Single((await forwarder.GetAsync("/api/v1/alarms"))["items"]!.AsArray())!;
        Assert.Equal(("DETECTION_NOISY", "rule:own"), (alarm["kind"]!.ToString(), alarm["subject"]!.ToString()));
    }

    private static JsonNode? Technique(JsonNode coverage, string technique) =>
        coverage["items"]!.AsArray().Single(one => one!["technique"]!.ToString() == technique);
}
