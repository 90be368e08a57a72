using System.Text;
using Microsoft.Playwright;
using SiemForwarder.EndToEnd.Pages;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.EndToEnd.Console;

/// <summary>What a person does with an integration that runs: looks at its bytes and volume, pauses it, gives events up; and what is kept when the line drops.</summary>
public sealed class ConsoleWorkTests(RunningForwarder running, Chromium chromium) : IClassFixture<RunningForwarder>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ThePreviewShowsTheExactBytesBesideTheFieldsAndTheVolumeWhatTheFilterLetsThrough()
    {
        var forwarder = await running.GetAsync();
        var source = await SeededLog.AddSourceAsync(forwarder, "previewed");
        await SeededLog.AppendAsync(forwarder, source, ["preview-user"], DateTimeOffset.UtcNow.AddMinutes(-1).ToUnixTimeMilliseconds());
        var created = await forwarder.PostAsync(
            "/api/v1/integrations", new { name = "previewed", serverUrl = "tcp://127.0.0.1:9", outputType = "CEF", sources = new[] { source } });
        await using var visit = await ConsoleVisit.SignInAsync(chromium, forwarder, Token, $"console/integrations/{created["id"]}");

        await visit.Button("Show the exact bytes").ClickAsync();
        var preview = visit.Page.Locator("section[aria-label=Preview]");
        await preview.Locator("pre", new() { HasText = "preview-user" }).First.WaitForAsync();
        await preview.Locator("tr", new() { HasText = "suser" }).Or(preview.Locator("tr", new() { HasText = "duser" })).First.WaitForAsync();
        var bytes = await preview.Locator("pre").First.InnerTextAsync();
        await visit.Button("Estimate the volume that the filter lets through").ClickAsync();
        await visit.Page.Locator("section[aria-label='Sources and filter']").GetByText("events per day").WaitForAsync();

        Assert.Contains("CEF:0|", bytes, StringComparison.Ordinal);
        Assert.Empty(visit.Errors);
    }

    [Fact]
    public async Task APausedIntegrationKeepsWhatComesAndSendsItWhenItGoesOn()
    {
        var forwarder = await running.GetAsync();
        await using var receiver = TcpSyslogReceiver.Start();
        var source = await SeededLog.AddSourceAsync(forwarder, "paused");
        var id = await forwarder.AddIntegrationAsync(new { name = "paused", serverUrl = $"tcp://127.0.0.1:{receiver.Port}", sources = new[] { source } });
        await using var visit = await ConsoleVisit.SignInAsync(chromium, forwarder, Token, $"console/integrations/{id}");

        await visit.Button("Pause").ClickAsync();
        await visit.Text("Paused by admin key file since").WaitForAsync();
        await SeededLog.AppendAsync(forwarder, source, ["while-paused"]);
        await visit.Page.Locator(".facts div", new() { HasText = "Waiting" }).Locator("b:text-is('1')").WaitForAsync();
        var before = receiver.Messages.Count;
        await visit.Button("Resume").ClickAsync();
        await receiver.WaitForMessagesAsync(1, Token);
        await visit.Button("Pause").WaitForAsync();

        Assert.Equal(0, before);
        Assert.Contains("while-paused", Encoding.UTF8.GetString(receiver.Messages[0]), StringComparison.Ordinal);
        Assert.Empty(visit.Errors);
    }

    [Fact]
    public async Task SetAsideEventsAreDiscardedOnlyWithAReasonThatIsKept()
    {
        var forwarder = await running.GetAsync();
        await using var receiver = HttpReceiver.Start(new HttpReply(400, "no such field"));
        var source = await SeededLog.AddSourceAsync(forwarder, "discarded");
        var id = await forwarder.AddIntegrationAsync(new { name = "discarded", serverUrl = $"http://127.0.0.1:{receiver.Port}/in", sources = new[] { source } });
        await SeededLog.AppendAsync(forwarder, source, ["gone"]);
        await using var visit = await ConsoleVisit.SignInAsync(chromium, forwarder, Token, $"console/integrations/{id}");

        await visit.Button("Discard all of this reason").ClickAsync();
        await Assertions.Expect(visit.Button("Discard")).ToBeDisabledAsync();
        await visit.FillAsync("Why are they discarded? *", "a test account");
        await visit.Button("Discard").ClickAsync();
        await visit.Page.Locator("section[aria-label='Set-aside events'] td", new() { HasText = "discarded" }).GetByText("a test account").WaitForAsync();

        var kept = await forwarder.GetAsync($"/api/v1/integrations/{id}/set-aside");
        Assert.Equal(("discarded", true), ((string)kept["items"]![0]!["state"]!, ((string)kept["items"]![0]!["note"]!).Contains("a test account", StringComparison.Ordinal)));
        Assert.Empty(visit.Errors);
    }

    [Fact]
    public async Task WhatWasTypedIsStillThereWhenTheConnectionComesBack()
    {
        var forwarder = await running.GetAsync();
        await using var line = new CutLine(forwarder.Address.Port);
        await using var visit = await ConsoleVisit.OpenAsync(chromium, line.Address, "console/integrations/new", Token);
        await visit.EnterKeyAsync(AdminKey.Value);
        await visit.FillAsync("Name *", "typed before");
        await visit.Field("Server URL *").FillAsync("tcp://127.0.0.1:9");

        line.Cut();
        var lost = visit.Page.Locator("#components-reconnect-modal");
        await lost.WaitForAsync(new() { State = WaitForSelectorState.Visible, Timeout = 60_000 });
        line.Mend();
        await lost.WaitForAsync(new() { State = WaitForSelectorState.Hidden, Timeout = 60_000 });
        var (name, url) = (await visit.Field("Name *").InputValueAsync(), await visit.Field("Server URL *").InputValueAsync());
        await visit.Field("Server URL *").BlurAsync();
        await visit.Button("Create").ClickAsync();
        await visit.Button("Test SIEM Integration").WaitForAsync();

        Assert.Equal(("typed before", "tcp://127.0.0.1:9"), (name, url));
        Assert.Equal("typed before", await visit.Heading.InnerTextAsync());
    }
}
