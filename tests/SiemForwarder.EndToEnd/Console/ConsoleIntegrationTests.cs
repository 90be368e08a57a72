using SiemForwarder.EndToEnd.Access;
using SiemForwarder.EndToEnd.Pages;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.EndToEnd.Console;

/// <summary>The list of integrations, and what its parts do.</summary>
public sealed class ConsoleIntegrationTests(TestPostgres postgres, RunningForwarder running, Chromium chromium) : IClassFixture<RunningForwarder>
{
    private const string Hostile = "<img src=x onerror=document.title='owned'>";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AnIntegrationIsCreatedTestedEnabledAndDeleted()
    {
        var forwarder = await running.GetAsync();
        await using var receiver = TcpSyslogReceiver.Start();
        await using var visit = await ConsoleVisit.SignInAsync(chromium, forwarder, Token, "console/integrations");

        await visit.Link("Create SIEM Integration").ClickAsync();
        await visit.FillAsync("Name *", "first of all");
        await visit.FillAsync("Server URL *", $"tcp://127.0.0.1:{receiver.Port}");
        await visit.Button("Create").ClickAsync();
        await visit.Button("Test SIEM Integration").ClickAsync();
        await visit.Text("The test event was accepted.").WaitForAsync();
        var address = visit.Page.Url;
        await visit.Page.GetByRole(Microsoft.Playwright.AriaRole.Switch).ClickAsync();
        await visit.Text("It is enabled.").WaitForAsync();
        await visit.Text("Not yet invoked").WaitForAsync();
        await visit.Button("Delete").ClickAsync();
        await visit.Page.Locator(".mud-dialog").GetByRole(Microsoft.Playwright.AriaRole.Button, new() { Name = "Delete" }).ClickAsync();
        await visit.Text("'first of all' was deleted.").WaitForAsync();
        await visit.WaitForAddressAsync("/console/integrations");

        Assert.Matches(@"/console/integrations/\d+$", address);
        Assert.DoesNotContain("first of all", (await forwarder.GetAsync("/api/v1/integrations?pageSize=200")).ToJsonString(), StringComparison.Ordinal);
        Assert.Empty(visit.Errors);
    }

    [Fact]
    public async Task WhatIsWrongStandsBesideItsField()
    {
        var forwarder = await running.GetAsync();
        await using var visit = await ConsoleVisit.SignInAsync(chromium, forwarder, Token, "console/integrations/new");

        await visit.FillAsync("Name *", "wrong");
        await visit.FillAsync("Server URL *", "gopher://127.0.0.1:70");
        await visit.Button("Create").ClickAsync();
        await visit.Page.Locator(".field.wrong .error").WaitForAsync();

        Assert.Equal("true", await visit.Field("Server URL *").GetAttributeAsync("aria-invalid"));
        Assert.Equal("wrong", await visit.Field("Name *").InputValueAsync());
    }

    [Fact]
    public async Task TheListIsSearchedAndFilteredAndItsAddressTellsHow()
    {
        var forwarder = await running.GetAsync();
        await forwarder.PostAsync("/api/v1/integrations", new { name = "needle off", serverUrl = "tcp://127.0.0.1:9" });
        await forwarder.AddIntegrationAsync(new { name = "needle on", serverUrl = "tcp://127.0.0.1:9" });
        await using var visit = await ConsoleVisit.SignInAsync(chromium, forwarder, Token, "console/integrations");

        await visit.FillAsync("Search", "needle");
        await visit.Link("needle off").WaitForAsync();
        await visit.Field("Show").SelectOptionAsync("Enabled");
        await visit.Link("needle off").WaitForAsync(new() { State = Microsoft.Playwright.WaitForSelectorState.Detached });
        await Microsoft.Playwright.Assertions.Expect(visit.Page.Locator("tbody tr")).ToHaveCountAsync(1);

        await visit.WaitForAddressAsync("?search=needle&enabled=true");
    }

    [Fact]
    public async Task TextFromOutsideIsShownAndNeverInterpreted()
    {
        var forwarder = await running.GetAsync();
        var created = await forwarder.PostAsync("/api/v1/integrations", new { name = Hostile, description = Hostile, serverUrl = "tcp://127.0.0.1:9" });
        await using var visit = await ConsoleVisit.SignInAsync(chromium, forwarder, Token, "console/integrations");

        await visit.Link(Hostile).ClickAsync();
        await visit.Button("Test SIEM Integration").WaitForAsync();

        Assert.Equal(Hostile, await visit.Heading.InnerTextAsync());
        Assert.Equal(0, await visit.Page.Locator("img").CountAsync());
        Assert.NotEqual("owned", await visit.Page.TitleAsync());
        Assert.EndsWith($"/{created["id"]}", visit.Page.Url, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AViewerSeesAndChangesNothing()
    {
        var forwarder = await running.GetAsync();
        var id = await forwarder.AddIntegrationAsync(new { name = "only to be seen", serverUrl = "tcp://127.0.0.1:9" });
        var key = await Caller.NewKeyAsync(forwarder, "siem-viewer");
        await using var visit = await ConsoleVisit.SignInAsync(chromium, forwarder, Token, $"console/integrations/{id}", (string)key["key"]!);

        Assert.True(await visit.Button("Test SIEM Integration").IsDisabledAsync());
        Assert.True(await visit.Button("Delete").IsDisabledAsync());
        Assert.True(await visit.Page.GetByRole(Microsoft.Playwright.AriaRole.Switch).IsDisabledAsync());
    }

    [Fact]
    public async Task TwoAdministratorsAreNeededWhereTheRuleSaysSo()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres, "--Forwarder:Access:TwoPersonRule=true");
        var id = await forwarder.AddIntegrationAsync(new { name = "guarded", serverUrl = "tcp://127.0.0.1:9" });
        var second = await Caller.NewKeyAsync(forwarder, "siem-admin");
        await using var first = await ConsoleVisit.SignInAsync(chromium, forwarder, Token, $"console/integrations/{id}");
        await using var other = await ConsoleVisit.SignInAsync(chromium, forwarder, Token, $"console/integrations/{id}", (string)second["key"]!);

        await first.Page.GetByRole(Microsoft.Playwright.AriaRole.Switch).ClickAsync();
        await first.Text("waits for the approval of a second administrator").WaitForAsync();
        await Microsoft.Playwright.Assertions.Expect(first.Page.GetByRole(Microsoft.Playwright.AriaRole.Switch)).ToBeCheckedAsync();
        var isStillOn = (bool)(await forwarder.GetAsync($"/api/v1/integrations/{id}"))["enabled"]!;
        await first.Button("Approve").ClickAsync();
        await first.Page.Locator("[role=alert]").First.WaitForAsync();
        await other.Button("Approve").ClickAsync();
        await forwarder.WaitForAsync($"/api/v1/integrations/{id}", node => !node["enabled"]!.GetValue<bool>());
        await first.Page.Locator("[role=switch]:not(:checked)").WaitForAsync();

        Assert.True(isStillOn);
    }

    [Fact]
    public async Task TheFirstPageIsSmall()
    {
        var forwarder = await running.GetAsync();
        await using var visit = await ConsoleVisit.OpenAsync(chromium, forwarder, "", Token);
        var responses = new System.Collections.Concurrent.ConcurrentQueue<Task<long>>();
        visit.Page.Response += (_, response) => responses.Enqueue(SizeAsync(response));

        await visit.EnterKeyAsync(AdminKey.Value);
        await visit.Heading.WaitForAsync();
        var sizes = await Task.WhenAll(responses);

        Assert.InRange(sizes.Sum(), 1000, 300 * 1024);
    }

    private static async Task<long> SizeAsync(Microsoft.Playwright.IResponse response)
    {
        await response.FinishedAsync();
        return (await response.Request.SizesAsync()).ResponseBodySize;
    }
}
