using Microsoft.Playwright;
using SiemForwarder.EndToEnd.Inbox;
using SiemForwarder.EndToEnd.Pages;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.EndToEnd.Console;

/// <summary>What a person does from day to day: looks on live, by keyboard alone, cancels a replay, keeps pools, verifies the trail.</summary>
public sealed class ConsoleOperationTests(RunningForwarder running, Chromium chromium) : IClassFixture<RunningForwarder>
{
    private const string Label = "document.activeElement.labels?.[0]?.textContent.trim() ?? ''";
    private const string Outline = "(style => style.outlineStyle + ' ' + style.outlineWidth)(getComputedStyle(document.activeElement))";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task TheLiveTailShowsWhatArrivesWithoutAnotherSearch()
    {
        var forwarder = await running.GetAsync();
        var pusher = await Pusher.CreateAsync(forwarder);
        await using var visit = await ConsoleVisit.SignInAsync(chromium, forwarder, Token, "console/events?type=live.tail");

        await visit.Text("No event matches.").WaitForAsync();
        await visit.Page.GetByLabel("Live").CheckAsync();
        await pusher.PushAsync(Pusher.Event(Guid.NewGuid().ToString("D"), "live.tail", "arrived-now"), Token);
        await visit.Page.Locator("tbody tr", new() { HasText = "arrived-now" }).WaitForAsync();

        Assert.Empty(visit.Errors);
    }

    [Fact]
    public async Task AnIntegrationIsCreatedWithTheKeyboardAloneAndWhatHasTheFocusIsSeen()
    {
        var forwarder = await running.GetAsync();
        await using var visit = await ConsoleVisit.SignInAsync(chromium, forwarder, Token, "console/integrations/new");
        var keys = visit.Page.Keyboard;

        await visit.Field("Name *").WaitForAsync();
        await visit.Page.Locator(".brand").FocusAsync();
        for (var passed = 0; passed < 60 && await visit.Page.EvaluateAsync<string>(Label) != "Name *"; passed++)
        {
            await keys.PressAsync("Tab");
        }

        var outline = await visit.Page.EvaluateAsync<string>(Outline);
        await keys.TypeAsync("typed by keyboard");
        for (var field = 0; field < 3; field++)
        {
            await keys.PressAsync("Tab");
        }

        await keys.TypeAsync("tcp://127.0.0.1:9");
        await keys.PressAsync("Enter");
        await visit.Button("Test SIEM Integration").WaitForAsync();

        Assert.Equal("solid 3px", outline);
        Assert.Equal("typed by keyboard", await visit.Heading.InnerTextAsync());
    }

    [Fact]
    public async Task AReplayThatRunsShowsItsProgressAndIsCancelled()
    {
        var forwarder = await running.GetAsync();
        await using var receiver = TcpSyslogReceiver.Start();
        var source = await SeededLog.AddSourceAsync(forwarder, "replayed slowly");
        var id = await forwarder.AddIntegrationAsync(new { name = "replayed slowly", serverUrl = $"tcp://127.0.0.1:{receiver.Port}", sources = new[] { source } });
        await SeededLog.AppendAsync(forwarder, source, Enumerable.Range(0, 900).Select(number => $"user-{number}"));
        await receiver.WaitForMessagesAsync(900, Token);
        await using var visit = await ConsoleVisit.SignInAsync(chromium, forwarder, Token, $"console/integrations/{id}");

        await visit.FillAsync("Events per second", "1");
        await visit.Button("Start replay").ClickAsync();
        var replay = visit.Page.Locator(".replay").First;
        await replay.Locator("b:text-is('running')").WaitForAsync();
        await replay.GetByText(" left").WaitForAsync();
        var bars = await replay.Locator("progress").CountAsync();
        await replay.GetByRole(AriaRole.Button, new() { Name = "Cancel" }).ClickAsync();
        await replay.Locator("b:text-is('cancelled')").WaitForAsync();

        Assert.Equal(1, bars);
        Assert.Empty(visit.Errors);
    }

    [Fact]
    public async Task APoolIsCreatedAndDeletedAndEnginesAreSeenAlive()
    {
        var forwarder = await running.GetAsync();
        await using var visit = await ConsoleVisit.SignInAsync(chromium, forwarder, Token, "console/engines");

        await visit.Page.Locator(".badge.good:text-is('alive')").First.WaitForAsync();
        await visit.FillAsync("New pool", "branch-office");
        await visit.Button("Create pool").ClickAsync();
        await visit.Text("The pool is created.").WaitForAsync();
        var row = visit.Page.Locator("tr", new() { HasText = "branch-office" });
        await row.GetByText("none").WaitForAsync();
        await row.GetByRole(AriaRole.Button, new() { Name = "Delete" }).ClickAsync();
        await visit.Page.Locator(".mud-dialog").GetByRole(AriaRole.Button, new() { Name = "Delete" }).ClickAsync();
        await row.WaitForAsync(new() { State = WaitForSelectorState.Detached });

        Assert.DoesNotContain("branch-office", (await forwarder.GetAsync("/api/v1/engine-pools")).ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task TheTrailIsNarrowedAndVerified()
    {
        var forwarder = await running.GetAsync();
        await forwarder.PostAsync("/api/v1/integrations", new { name = "in the trail", serverUrl = "tcp://127.0.0.1:9" });
        await using var visit = await ConsoleVisit.SignInAsync(chromium, forwarder, Token, "console/audit");

        await visit.FillAsync("Action", "integration.create");
        var record = visit.Page.Locator("tbody tr", new() { HasText = "in the trail" });
        await record.Locator("summary").ClickAsync();
        await record.Locator("pre", new() { HasText = "tcp://127.0.0.1:9" }).First.WaitForAsync();
        await visit.Button("Verify the trail").ClickAsync();
        await visit.Text("The trail is whole").WaitForAsync();

        Assert.Empty(visit.Errors);
    }
}
