using System.Globalization;
using SiemForwarder.EndToEnd.Inbox;
using SiemForwarder.EndToEnd.Pages;
using SiemForwarder.EndToEnd.Support;

namespace SiemForwarder.EndToEnd.Console;

/// <summary>The page of the detections: alerts over time with their techniques, and who is behind the events.</summary>
public sealed class ConsoleDetectionTests(RunningForwarder running, Chromium chromium) : IClassFixture<RunningForwarder>
{
    private const string Refused = """
        title: An account is refused
        id: 6f0a8a52-2a43-4b0c-9a53-0f3f5f6c2f12
        logsource: {product: application}
        detection: {refused: {type: account.refused}, condition: refused}
        level: high
        tags: [attack.credential-access, attack.t1110.001]
        """;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AlertsAreShownOverTimeWithTheirTechniqueAndTheTopTalkersLeadToTheirEvents()
    {
        var forwarder = await running.GetAsync();
        var pusher = await Pusher.CreateAsync(forwarder, "apps");
        await forwarder.PostAsync("/api/v1/rules", new { name = "refused", yaml = Refused, enabled = true });
        Assert.Equal(System.Net.HttpStatusCode.Accepted, (await pusher.PushAsync(Pusher.Event("one", "account.refused", "mallory"), Token)).Status);
        var alerts = await forwarder.WaitForAsync("/api/v1/alert-summary", node => (int)node["alerts"]! == 1);
        await forwarder.WaitForAsync("/api/v1/event-summary?user=mallory", node => (long)node["events"]! >= 1);
        await using var visit = await ConsoleVisit.SignInAsync(chromium, forwarder, Token, "console/detections");

        // The list shows what the rule found and what it costs.
        var cells = visit.Page.Locator("tbody tr", new() { Has = visit.Page.GetByRole(Microsoft.Playwright.AriaRole.Link, new() { Name = "refused", Exact = true }) }).Locator("td.number");
        Assert.Equal("1", await cells.First.InnerTextAsync());
        Assert.Matches("^[0-9]+\\.[0-9]$", await cells.Nth(1).InnerTextAsync());
        var section = visit.Page.Locator("section[aria-label='Alerts over time']");
        await section.Locator("tr", new() { HasText = "T1110.001" }).GetByText("An account is refused").First.WaitForAsync();
        await section.Locator("figure", new() { HasText = "Alerts" }).First.Locator("path.line.a").WaitForAsync(new() { State = Microsoft.Playwright.WaitForSelectorState.Attached });
        await section.GetByRole(Microsoft.Playwright.AriaRole.Link, new() { Name = "mallory", Exact = true }).ClickAsync();
        await visit.WaitForAddressAsync("/console/events?user=mallory&from=*");

        Assert.Equal("T1110.001", (string)alerts["techniques"]![0]!["technique"]!);
        Assert.Equal(1, alerts["points"]!.AsArray().Sum(point => (long)point!["events"]!));
        Assert.Equal("high", (string)alerts["newest"]![0]!["level"]!);
        Assert.Empty(visit.Errors);
    }

    [Fact]
    public async Task FromAnEventAnInvestigationGoesOnToWhatItsSessionUserClientAndAddressDid()
    {
        var forwarder = await running.GetAsync();
        var pusher = await Pusher.CreateAsync(forwarder, "logins");
        await pusher.PushAsync(Login("LOGIN", "s-4711", "trudy"), Token);
        await pusher.PushAsync(Login("CODE_TO_TOKEN", "s-4711", "trudy"), Token);
        await pusher.PushAsync(Login("LOGIN", "s-4712", "trudy"), Token);
        await forwarder.WaitForAsync("/api/v1/events?user=trudy", node => (int)node["total"]! == 3);
        var found = await forwarder.GetAsync("/api/v1/events?session=s-4712");
        await using var visit = await ConsoleVisit.SignInAsync(chromium, forwarder, Token, $"console/events/{found["items"]![0]!["eventId"]}");

        await visit.Link("24 h of trudy").WaitForAsync();
        await visit.Link("7 d of crm").WaitForAsync();
        await visit.Link("24 h of 192.0.2.44").WaitForAsync();
        await visit.Link("7 d of s-4712").ClickAsync();
        await visit.Text("1 event since").WaitForAsync();
        await visit.FillAsync("Session", "s-4711");
        await visit.Button("Search").ClickAsync();
        await visit.Text("2 events since").WaitForAsync();

        Assert.Contains("session=s-4711", visit.Page.Url, StringComparison.Ordinal);
        Assert.Empty(visit.Errors);

        static string Login(string type, string session, string user) => $$$"""
            {"id":"{{{Guid.NewGuid():D}}}","type":"access.{{{type}}}","time":{{{DateTimeOffset.UtcNow.ToUnixTimeMilliseconds()}}},"realmId":"r","realmName":"acme",
             "authDetails":{"realmId":"acme","clientId":"crm","userId":"u-44","ipAddress":"192.0.2.44","sessionId":"{{{session}}}","username":"{{{user}}}"},"details":{"username":"{{{user}}}"}}
            """;
    }

    [Fact]
    public async Task AnAlertIsShownWithItsEventsInTheirOrderAndABacktestWithItsBlindParts()
    {
        var forwarder = await running.GetAsync();
        var pusher = await Pusher.CreateAsync(forwarder, "orders");
        const string Pair = """
            title: Denied and denied again
            logsource: {product: application, service: orders}
            detection: {denied: {type: order.denied}, condition: denied}
            level: informational
            name: order_denied
            ---
            title: Two orders denied
            level: high
            correlation: {type: event_count, rules: [order_denied], group-by: [username], timespan: 1h, condition: {gte: 2}}
            """;
        await forwarder.PostAsync("/api/v1/rules", new { name = "orders", yaml = Pair, enabled = true });
        // The later one is sent first.
        await pusher.PushAsync($"[{Order("second", 1)},{Order("first", 2)}]", Token);
        var found = await forwarder.WaitForAsync("/api/v1/events?type=DETECTION&user=oscar", node => (int)node["total"]! == 1);
        await using var visit = await ConsoleVisit.SignInAsync(chromium, forwarder, Token, $"console/events/{found["items"]![0]!["eventId"]}");

        var alert = visit.Page.Locator("section[aria-label='Alert']");
        await alert.GetByText("Two orders denied").WaitForAsync();
        Assert.Equal(["first", "second"], await alert.Locator("tbody a").AllInnerTextsAsync());
        await alert.GetByRole(Microsoft.Playwright.AriaRole.Link, new() { Name = "first", Exact = true }).ClickAsync();
        await visit.Text("order.denied").First.WaitForAsync();

        var shown = await forwarder.SendAsync(HttpMethod.Get, $"/api/v1/sources/{pusher.SourceId}");
        var off = shown.Json;
        off["enabled"] = false;
        await forwarder.SendAsync(HttpMethod.Put, $"/api/v1/sources/{pusher.SourceId}", off, shown.ETag);
        await visit.Page.GotoAsync($"{new Uri(visit.Page.Url).GetLeftPart(UriPartial.Authority)}/console/detections/orders");
        await visit.Button("Last 24 hours").ClickAsync();
        var backtest = visit.Page.Locator("section[aria-label='Backtest']");
        await backtest.GetByText("1 alert in ").WaitForAsync();
        await backtest.GetByText("Blind from").First.WaitForAsync();
        Assert.Empty(visit.Errors);

        static string Order(string id, int minutesAgo) => $$"""
            {"event_id":"{{id}}","event_type":"order.denied","timestamp":"{{DateTimeOffset.UtcNow.AddMinutes(-minutesAgo):O}}","subject":"oscar"}
            """;
    }

    [Fact]
    public async Task TheCoveragePageShowsWhatIsWatchedInWhichSourceAndWhatIsNot()
    {
        var forwarder = await running.GetAsync();
        await Pusher.CreateAsync(forwarder, "covered");
        const string Covered = """
            title: Covered
            logsource: {product: application, service: covered}
            detection: {denied: {type: card.denied}, condition: denied}
            tags: [attack.t1199]
            """;
        await forwarder.PostAsync("/api/v1/rules", new { name = "covered", yaml = Covered, enabled = true });
        await forwarder.PostAsync("/api/v1/rules", new
        {
            name = "uncovered", enabled = true,
            yaml = Covered.Replace("covered", "nobody", StringComparison.Ordinal).Replace("Covered", "Uncovered", StringComparison.Ordinal).Replace("t1199", "t1195", StringComparison.Ordinal),
        });
        await forwarder.WaitForAsync("/api/v1/rules/uncovered", file => (string)file["state"]! == "Blind");
        await using var visit = await ConsoleVisit.SignInAsync(chromium, forwarder, Token, "console/detections");

        await visit.Link("Coverage of ATT&CK").ClickAsync();
        await visit.Page.Locator("tr", new() { HasText = "T1199" }).GetByText("covered", new() { Exact = false }).First.WaitForAsync();
        await visit.Page.Locator("tr", new() { HasText = "T1195" }).GetByText("No enabled source is named 'nobody'").First.WaitForAsync();
        var coverage = await forwarder.GetAsync("/api/v1/rules/coverage?pageSize=1000");
        var watched = coverage["items"]!.AsArray().Single(one => (string)one!["technique"]! == "T1199")!;
        Assert.Equal(("Watched", "covered", "Watched"), ((string)watched["state"]!, (string)watched["sources"]![0]!["source"]!, (string)watched["sources"]![0]!["state"]!));
        Assert.Contains(coverage["items"]!.AsArray(), one => (string)one!["state"]! == "Off");
        var layer = await forwarder.GetAsync("/api/v1/rules/navigator-layer");
        Assert.Contains("covered: Watched", (string)layer["techniques"]!.AsArray().Single(one => (string)one!["techniqueID"]! == "T1199")!["comment"]!, StringComparison.Ordinal);
        Assert.Empty(visit.Errors);
    }

    [Fact]
    public async Task ASummaryCountsWhatASearchFindsOverTimeByUserClientAddressAndType()
    {
        var forwarder = await running.GetAsync();
        var source = await SeededLog.AddSourceAsync(forwarder, "counted");
        var from = DateTimeOffset.UtcNow.AddHours(-3);
        await SeededLog.AppendAsync(forwarder, source, ["often", "often", "seldom"], from.AddHours(1).ToUnixTimeMilliseconds());

        var path = string.Create(CultureInfo.InvariantCulture, $"/api/v1/event-summary?source={source}&from={from:yyyy-MM-ddTHH:mm:ss}Z");
        var summary = await forwarder.WaitForAsync(path, node => (long)node["events"]! == 3);

        Assert.True((bool)summary["isWhole"]!);
        Assert.Equal(3, summary["points"]!.AsArray().Sum(point => (long)point!["events"]!));
        Assert.Equal(("often", 2L), ((string)summary["users"]![0]!["value"]!, (long)summary["users"]![0]!["events"]!));
        Assert.Equal(("app", 3L), ((string)summary["clients"]![0]!["value"]!, (long)summary["clients"]![0]!["events"]!));
        Assert.Equal(("192.0.2.1", 3L), ((string)summary["addresses"]![0]!["value"]!, (long)summary["addresses"]![0]!["events"]!));
        Assert.Equal(("LOGIN", 3L), ((string)summary["types"]![0]!["value"]!, (long)summary["types"]![0]!["events"]!));
    }

    [Theory]
    [InlineData("/api/v1/event-summary?from=0001-01-01T00:00:00Z")]
    [InlineData("/api/v1/event-summary?from=9999-12-31T23:59:59Z")]
    [InlineData("/api/v1/alert-summary?from=0001-01-01T00:00:00Z&to=9999-12-31T23:59:59Z")]
    public async Task TheEndsOfTheCalendarAreCountedToo(string path)
    {
        var forwarder = await running.GetAsync();

        Assert.InRange((await forwarder.GetAsync(path))["points"]!.AsArray().Count, 0, 50);
    }
}
