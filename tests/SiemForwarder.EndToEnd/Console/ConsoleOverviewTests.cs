using SiemForwarder.EndToEnd.Inbox;
using SiemForwarder.EndToEnd.Pages;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.EndToEnd.Console;

/// <summary>The overview: charts of what flowed, the flow as it is now, and what needs attention first.</summary>
public sealed class ConsoleOverviewTests(TestPostgres postgres, Chromium chromium)
{
    private static readonly Microsoft.Playwright.LocatorWaitForOptions Attached = new() { State = Microsoft.Playwright.WaitForSelectorState.Attached };

    private const string Often = "--Forwarder:Operations:GaugeInterval=00:00:01";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task TheChartsShowWhatFlowedAndWhatWaitsAsLinesAndAsATable()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres, Often);
        await using var receiver = TcpSyslogReceiver.Start();
        await forwarder.AddIntegrationAsync(new { name = "open", serverUrl = $"tcp://127.0.0.1:{receiver.Port}" });
        await forwarder.AddIntegrationAsync(new { name = "closed", serverUrl = $"tcp://127.0.0.1:{LoopbackPorts.Next()}" });
        var pusher = await Pusher.CreateAsync(forwarder);
        for (var i = 0; i < 5; i++)
        {
            Assert.Equal(System.Net.HttpStatusCode.Accepted, (await pusher.PushAsync(Pusher.Event($"{i}"), Token)).Status);
        }

        var history = await forwarder.WaitForAsync("/api/v1/history", node => Sum(node, "appended") >= 5 && Sum(node, "delivered") >= 5 && Sum(node, "backlog") >= 5);
        await using var visit = await ConsoleVisit.SignInAsync(chromium, forwarder, Token);
        var chart = visit.Page.Locator("figure", new() { HasText = "Waiting for integrations" });
        await chart.Locator("path.line.a").WaitForAsync(new() { State = Microsoft.Playwright.WaitForSelectorState.Attached });
        var described = await chart.Locator("desc").TextContentAsync();
        await chart.GetByRole(Microsoft.Playwright.AriaRole.Button, new() { Name = "Show as a table" }).ClickAsync();
        // Those of the open integration may have been waiting as well when it was looked at.
        await chart.Locator("tbody tr td:text-matches('^([5-9]|10)$')").First.WaitForAsync();
        await visit.Button("Last week").ClickAsync();
        await visit.WaitForAddressAsync("/?range=week");
        await visit.Page.Locator("button[aria-pressed=true]:text-is('Last week')").WaitForAsync();

        Assert.Equal(60, history["points"]!.AsArray().Count);
        Assert.Contains(history["points"]!.AsArray(), point => point!["latencySeconds"] is not null);
        Assert.Contains("Events: now", described, StringComparison.Ordinal);
        Assert.Empty(visit.Errors);
    }

    [Fact]
    public async Task ThePageOfAnIntegrationHasChartsOfItsPartAlone()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres, Often);
        await using var receiver = TcpSyslogReceiver.Start();
        var open = await forwarder.AddIntegrationAsync(new { name = "open", serverUrl = $"tcp://127.0.0.1:{receiver.Port}" });
        var closed = await forwarder.AddIntegrationAsync(new { name = "closed", serverUrl = $"tcp://127.0.0.1:{LoopbackPorts.Next()}" });
        var pusher = await Pusher.CreateAsync(forwarder);
        Assert.Equal(System.Net.HttpStatusCode.Accepted, (await pusher.PushAsync(Pusher.Event("1"), Token)).Status);
        await forwarder.WaitForAsync($"/api/v1/history?range=week&integration={open}", node => Sum(node, "delivered") >= 1);
        await forwarder.WaitForAsync($"/api/v1/history?range=week&integration={closed}", node => Sum(node, "backlog") >= 1);
        await using var visit = await ConsoleVisit.SignInAsync(chromium, forwarder, Token, $"console/integrations/{open}?range=week");
        var charts = visit.Page.Locator("section[aria-label=Charts]");

        await charts.Locator("button[aria-pressed=true]:text-is('Last week')").WaitForAsync();
        await charts.Locator("figure", new() { HasText = "Delivered per second" }).Locator("desc", new() { HasText = "Delivered: now " }).WaitForAsync(Attached);
        await charts.Locator("figure", new() { HasText = "From event to SIEM" }).Locator("desc", new() { HasText = "Longest: now " }).WaitForAsync(Attached);
        var lines = await charts.Locator("figure", new() { HasText = "Delivered per second" }).Locator("path.line").CountAsync();
        await visit.GoToAsync($"console/integrations/{closed}");
        await charts.Locator("figure", new() { HasText = "Waiting" }).Locator("desc", new() { HasText = "Events: now 1" }).WaitForAsync(Attached);
        await charts.Locator("figure", new() { HasText = "From event to SIEM" }).GetByText("Nothing was measured in this time.").WaitForAsync();

        Assert.Equal(1, lines);
        Assert.Empty(visit.Errors);
    }

    [Fact]
    public async Task TheFirstStepsLeadFromASourceToAnEventSeenAtTheSiem()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        await using var receiver = TcpSyslogReceiver.Start();
        await using var visit = await ConsoleVisit.SignInAsync(chromium, forwarder, Token);
        var steps = visit.Page.Locator("ol.guide li");

        await steps.Nth(4).GetByRole(Microsoft.Playwright.AriaRole.Link, new() { Name = "See Success: an event has reached the SIEM" }).WaitForAsync();
        var isNew = await visit.Page.Locator("ol.guide li.done").CountAsync() == 0;
        await steps.Nth(0).GetByRole(Microsoft.Playwright.AriaRole.Link).ClickAsync();
        await visit.Field("Kind").SelectOptionAsync("Inbox");
        await visit.FillAsync("Name *", "applications");
        await visit.Button("Create").ClickAsync();
        var key = await visit.Page.Locator("#inbox-key").InnerTextAsync();
        var source = (int)(await forwarder.GetAsync("/api/v1/sources"))["items"]![0]!["id"]!;
        await new Pusher(forwarder.Api, source).PushAsync(Pusher.Event("first"), Token, key: key);
        await visit.GoToAsync("");
        await visit.Page.Locator("ol.guide li.done").Nth(1).WaitForAsync();
        await steps.Nth(2).GetByRole(Microsoft.Playwright.AriaRole.Link).ClickAsync();
        await visit.FillAsync("Name *", "the SIEM");
        await visit.FillAsync("Server URL *", $"tcp://127.0.0.1:{receiver.Port}");
        await visit.Button("Create").ClickAsync();
        await visit.Button("Test SIEM Integration").ClickAsync();
        await visit.Text("The test event was accepted.").WaitForAsync();
        await visit.GoToAsync("");
        await steps.Nth(3).GetByRole(Microsoft.Playwright.AriaRole.Link).ClickAsync();
        await visit.Page.GetByRole(Microsoft.Playwright.AriaRole.Switch).ClickAsync();
        await visit.Text("It is enabled.").WaitForAsync();
        await new Pusher(forwarder.Api, source).PushAsync(Pusher.Event("second"), Token, key: key);
        await visit.GoToAsync("");
        await visit.Page.Locator("section[aria-label='Flow of events'] .badge:text-is('Success')").Nth(1).WaitForAsync();
        await visit.Page.Locator("ol.guide").WaitForAsync(new() { State = Microsoft.Playwright.WaitForSelectorState.Detached });

        Assert.True(isNew);
        Assert.Empty(visit.Errors);
    }

    [Fact]
    public async Task TheFlowShowsOnEachArrowHowFastItGoesWhatWaitsAndForHowLong()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        var source = await SeededLog.AddSourceAsync(forwarder, "branch");
        await forwarder.AddIntegrationAsync(new { name = "unreachable", serverUrl = $"tcp://127.0.0.1:{LoopbackPorts.Next()}" });
        await SeededLog.AppendAsync(forwarder, source, ["alice", "bob"], DateTimeOffset.UtcNow.AddDays(-3).ToUnixTimeMilliseconds());
        await using var visit = await ConsoleVisit.SignInAsync(chromium, forwarder, Token);

        var integration = visit.Page.Locator("section[aria-label='Flow of events'] li", new() { HasText = "unreachable" });
        await integration.GetByText("2 waiting, the oldest for 3 d").WaitForAsync();
        await visit.Page.Locator("#out").GetByText("2 waiting, the oldest for 3 d").WaitForAsync();
        await visit.Page.Locator("#in b:text-matches('^[0-9.]+ events/s$')").WaitForAsync();
        await integration.Locator(":text-matches('^→ [0-9.]+ events/s')").WaitForAsync();

        var flow = await forwarder.GetAsync("/api/v1/flow");
        Assert.Equal(2, (long)flow["integrations"]!["backlog"]!);
        Assert.Equal(2, (long)flow["sources"]!["appended"]!);
    }

    [Fact]
    public async Task WithAThousandIntegrationsTheOneInErrorComesFirstAndTheListTurnsItsPages()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        await forwarder.PostAsync("/api/v1/integrations", new { name = "copy", serverUrl = "tcp://127.0.0.1:9" });
        await SeededIntegrations.CopyAsync(forwarder, "copy", 999);
        var source = await SeededLog.AddSourceAsync(forwarder);
        var last = await forwarder.AddIntegrationAsync(new { name = "zzz the last of all", serverUrl = $"tcp://127.0.0.1:{LoopbackPorts.Next()}" });
        await SeededLog.AppendAsync(forwarder, source, ["alice"]);
        await forwarder.WaitForAsync($"/api/v1/integrations/{last}/status", node => (string)node["status"]! == "Error");
        await using var visit = await ConsoleVisit.SignInAsync(chromium, forwarder, Token);

        await visit.Page.Locator("section[aria-label='What needs attention'] li", new() { HasText = "'zzz the last of all' is in Error" }).WaitForAsync();
        await visit.Page.Locator("section[aria-label='Flow of events'] li", new() { HasText = "zzz the last of all" }).WaitForAsync();
        await visit.Link("All 1,001").ClickAsync();
        await visit.Text("Page 1 of 21").WaitForAsync();
        await visit.Button("Next").ClickAsync();
        await visit.Text("Page 2 of 21").WaitForAsync();
        await visit.Link("branch 0051").WaitForAsync();
        await visit.FillAsync("Search", "branch 0777");
        await visit.Link("branch 0777").WaitForAsync();
        await visit.GoToAsync("console/integrations?status=Error");
        await visit.Link("zzz the last of all").WaitForAsync();

        Assert.Empty(visit.Errors);
    }

    [Fact]
    public async Task WhatDoesNotFitOnTheOverviewIsCounted()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        var source = await SeededLog.AddSourceAsync(forwarder);
        var port = LoopbackPorts.Next();
        for (var i = 0; i < 10; i++)
        {
            await forwarder.AddIntegrationAsync(new { name = $"down {i}", serverUrl = $"tcp://127.0.0.1:{port}" });
        }

        await SeededLog.AppendAsync(forwarder, source, ["alice"]);
        await forwarder.WaitForAsync("/api/v1/flow", node => (long)node["integrations"]!["failing"]! == 10);
        await using var visit = await ConsoleVisit.SignInAsync(chromium, forwarder, Token);

        await visit.Text("2 more integrations are in Error.").WaitForAsync();
        await visit.Link("See them all").ClickAsync();
        await visit.Link("down 9").WaitForAsync();

        Assert.EndsWith("/console/integrations?status=Error", visit.Page.Url, StringComparison.Ordinal);
    }

    private static long Sum(System.Text.Json.Nodes.JsonNode history, string name) => history["points"]!.AsArray().Sum(point => (long?)point![name] ?? 0);
}
