using System.Globalization;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using SiemForwarder.EndToEnd.Inbox;
using SiemForwarder.EndToEnd.Pages;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.EndToEnd.Console;

/// <summary>Every page with something on it, as everybody is to be able to use it. UPDATE_GOLDEN=1 writes the pictures of the documentation anew.</summary>
public sealed class ConsolePageTests(RunningForwarder running, Chromium chromium, FurnishedForwarder furnished)
    : IClassFixture<RunningForwarder>, IClassFixture<FurnishedForwarder>
{
    // Who asked for less motion gets none.
    private const string Moving = """
        [...document.querySelectorAll('*')].map(one => getComputedStyle(one))
            .filter(one => one.animationName !== 'none' || one.transitionDuration.split(',').some(part => parseFloat(part) > 0)).length
        """;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string, string> AllPages => new()
    {
        { "overview", "" },
        { "integrations", "console/integrations" },
        { "create-integration", "console/integrations/new" },
        { "integration", "console/integrations/{integration}" },
        { "sources", "console/sources" },
        { "create-source", "console/sources/new" },
        { "source", "console/sources/{source}" },
        { "events", "console/events" },
        { "event", "console/events/{event}" },
        { "event-types", "console/event-types" },
        { "detections", "console/detections" },
        { "detection", "console/detections/08-brute-force-address" },
        { "coverage", "console/detections/coverage" },
        { "alarms", "console/alarms" },
        { "engines", "console/engines" },
        { "access", "console/access" },
        { "settings", "console/settings" },
        { "audit", "console/audit" },
    };

    [Theory]
    [MemberData(nameof(AllPages))]
    public async Task APageIsForEverybodyInLightAndDarkWideAndNarrow(string name, string path)
    {
        var forwarder = await running.GetAsync();
        await furnished.FurnishAsync(forwarder);
        await using var visit = await ConsoleVisit.SignInAsync(chromium, forwarder, Token, furnished.Fill(path));
        await visit.Page.WaitForLoadStateAsync(LoadState.NetworkIdle);
        await Assertions.Expect(visit.Page.Locator("main .mud-progress-linear")).ToHaveCountAsync(0);

        if (name == "overview")
        {
            await visit.Page.Locator("#in b", new PageLocatorOptions { HasText = "events/s" }).WaitForAsync();
        }

        var faults = new List<string>();
        foreach (var theme in (string[])["light", "dark"])
        {
            await visit.Page.EmulateMediaAsync(new PageEmulateMediaOptions
            {
                ColorScheme = theme == "dark" ? ColorScheme.Dark : ColorScheme.Light, ReducedMotion = ReducedMotion.Reduce,
            });
            await visit.Page.Locator($"html[data-theme={theme}]").WaitForAsync();
            var axe = await visit.Page.RunAxe();
            faults.AddRange(axe.Violations.Where(one => one.Impact is "serious" or "critical")
                .Select(one => $"{theme} {one.Id}: {string.Join(' ', one.Nodes.Take(3).Select(node => node.Html))}"));
            await DrawAsync(visit.Page, $"{name}-{theme}");
        }

        var moving = await visit.Page.EvaluateAsync<int>(Moving);
        var overflow = new List<int>();
        foreach (var (width, height) in ((int, int)[])[(360, 740), (3840, 2160)])
        {
            await visit.Page.SetViewportSizeAsync(width, height);
            overflow.Add(await visit.Page.EvaluateAsync<int>("document.documentElement.scrollWidth - document.documentElement.clientWidth"));
        }

        Assert.Empty(faults);
        Assert.Equal(0, moving);
        Assert.All(overflow, one => Assert.Equal(0, one));
        Assert.Equal(0, await visit.Page.Locator("img").CountAsync());
        Assert.NotEqual("owned", await visit.Page.TitleAsync());
        Assert.Empty(visit.Errors);
    }

    [Fact]
    public async Task AnEventIsFoundByItsUserAndShownInEveryFormWithItsJourney()
    {
        var forwarder = await running.GetAsync();
        await furnished.FurnishAsync(forwarder);
        await using var visit = await ConsoleVisit.SignInAsync(chromium, forwarder, Token, "console/events");

        var user = FurnishedForwarder.LastUser;
        await visit.FillAsync("User", user);
        await visit.Button("Search").ClickAsync();
        await visit.Text("1 event since").WaitForAsync();
        var shown = await visit.Page.Locator("tbody tr td").Nth(2).InnerTextAsync();
        await visit.Page.Locator("tbody tr a").First.ClickAsync();
        await visit.Button("CEF").ClickAsync();
        var formatted = await visit.Page.Locator("#formatted").InnerTextAsync();
        var journey = await visit.Page.Locator("section[aria-label=Journey]").InnerTextAsync();

        Assert.StartsWith(user, shown, StringComparison.Ordinal);
        Assert.Contains("CEF:0|", formatted, StringComparison.Ordinal);
        Assert.Contains("production SIEM", journey, StringComparison.Ordinal);
        Assert.Equal(0, await visit.Page.Locator("img").CountAsync());
    }

    [Fact]
    public async Task ARuleIsTriedOnStoredEventsAndSwitchedOn()
    {
        var forwarder = await running.GetAsync();
        await furnished.FurnishAsync(forwarder);
        await using var visit = await ConsoleVisit.SignInAsync(chromium, forwarder, Token, "console/detections");

        await visit.FillAsync("Search", "08-brute-force-address");
        await visit.Link("08-brute-force-address").ClickAsync();
        await visit.Button("Last 24 hours").ClickAsync();
        await visit.Text("0 alerts in").WaitForAsync();
        Assert.Contains("correlation:", await visit.Page.Locator("#yaml").InnerTextAsync(), StringComparison.Ordinal);
        await visit.Page.GetByRole(AriaRole.Switch, new PageGetByRoleOptions { Name = "Enabled" }).ClickAsync();
        await visit.Text("The rules are on.").WaitForAsync();

        Assert.True((bool)(await forwarder.GetAsync("/api/v1/rules/08-brute-force-address"))["enabled"]!);
        await forwarder.PostAsync("/api/v1/rules/08-brute-force-address/disable", new { });
    }

    [Fact]
    public async Task AnInboxIsCreatedItsKeyIsShownOnceAndWorks()
    {
        var forwarder = await running.GetAsync();
        await using var visit = await ConsoleVisit.SignInAsync(chromium, forwarder, Token, "console/sources/new");

        await visit.Field("Kind").SelectOptionAsync("Inbox");
        await visit.FillAsync("Name *", "pushed by apps");
        await visit.Button("Create").ClickAsync();
        var key = await visit.Page.Locator("#inbox-key").InnerTextAsync();
        await visit.Link("Go to the source").ClickAsync();
        await visit.Button("Check source").ClickAsync();
        await visit.Page.Locator("ol.stages li").First.WaitForAsync();
        var source = int.Parse(visit.Page.Url.Split('/')[^1], CultureInfo.InvariantCulture);
        var pushed = await new Pusher(forwarder.Api, source).PushAsync("""{"type":"LOGIN","user":"alice"}""", Token, key: key);

        Assert.Equal(System.Net.HttpStatusCode.Accepted, pushed.Status);
        Assert.DoesNotContain(key, await visit.Page.ContentAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task AKeyIsCreatedShownOnceAndRevoked()
    {
        var forwarder = await running.GetAsync();
        await using var visit = await ConsoleVisit.SignInAsync(chromium, forwarder, Token, "console/access");

        await visit.FillAsync("Name *", "night shift");
        await visit.Button("Create").ClickAsync();
        var key = await visit.Page.Locator("#new-key").InnerTextAsync();
        await visit.Page.Locator("tr:has-text('night shift')").GetByRole(AriaRole.Button, new LocatorGetByRoleOptions { Name = "Revoke" }).ClickAsync();
        await visit.Page.Locator(".mud-dialog").GetByRole(AriaRole.Button, new LocatorGetByRoleOptions { Name = "Revoke" }).ClickAsync();
        await visit.Text("revoked by admin key file").WaitForAsync();
        using var caller = new Access.Caller(forwarder.Address);
        using var refused = await caller.SendAsync(key, HttpMethod.Get, "/api/v1/me");

        Assert.Equal(System.Net.HttpStatusCode.Unauthorized, refused.StatusCode);
    }

    [Fact]
    public async Task ARoleShowsWhoHasItAndWhatManagesIt()
    {
        var forwarder = await running.GetAsync();
        using var change = new HttpRequestMessage(HttpMethod.Put, "/api/v1/roles/siem-investigator?managedBy=acme")
        {
            Content = System.Net.Http.Json.JsonContent.Create(new { grantedTo = new[] { "soc", "<img src=x>" } }), Headers = { { "If-Match", "*" } },
        };
        (await forwarder.Api.SendAsync(change, Token)).Dispose();
        await using var visit = await ConsoleVisit.SignInAsync(chromium, forwarder, Token, "console/access");

        var row = await visit.Page.Locator("section[aria-label='Roles of the realm'] tr:has-text('siem-investigator')").InnerTextAsync();

        Assert.Equal("siem-investigator <img src=x>, soc admin key file acme", string.Join(' ', row.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)));
        Assert.Equal(0, await visit.Page.Locator("img").CountAsync());
    }

    // Their charts and views stand below what a window shows.
    private static bool IsShownWhole(string name) => name.StartsWith("overview", StringComparison.Ordinal) || name.StartsWith("source-", StringComparison.Ordinal);

    private static async Task DrawAsync(IPage page, string name)
    {
        if (FurnishedForwarder.IsDrawing)
        {
            await page.SetViewportSizeAsync(1180, 760);
            await page.ScreenshotAsync(new PageScreenshotOptions { FullPage = IsShownWhole(name), Path = Path.Combine(RepositoryFiles.Root, "docs", "images", $"console-{name}.png") });
        }
    }
}
