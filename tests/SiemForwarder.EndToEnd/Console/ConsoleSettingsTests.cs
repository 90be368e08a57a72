using SiemForwarder.EndToEnd.Access;
using SiemForwarder.EndToEnd.Pages;
using SiemForwarder.EndToEnd.Support;

namespace SiemForwarder.EndToEnd.Console;

/// <summary>The settings in force: of the process, and of a destination that has some of its own.</summary>
public sealed class ConsoleSettingsTests(TestPostgres postgres, RunningForwarder running, Chromium chromium) : IClassFixture<RunningForwarder>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task EachSettingIsShownWithItsValueDefaultOriginAndPurposeAndNoSecret()
    {
        const string Secret = "a-client-secret-that-nobody-sees";
        await using var forwarder = await ForwarderApplication.StartAsync(
            postgres, "--Forwarder:Engine:Name=night shift", $"--Forwarder:Access:Oidc:ClientSecret={Secret}");
        await using var visit = await ConsoleVisit.SignInAsync(chromium, forwarder, Token, "console/settings");

        var row = visit.Page.Locator("section[aria-label=Forwarder__Engine] tr", new() { HasText = "Name" }).First;
        await row.GetByText("night shift").WaitForAsync();
        await row.GetByText("command line").WaitForAsync();
        await row.Locator(".hint").WaitForAsync();
        await visit.Page.Locator("section[aria-label=Memory] tr", new() { HasText = "pushes" }).WaitForAsync();
        await visit.FillAsync("Search", "ClientSecret");
        await visit.Page.Locator("td code:text-is('***')").First.WaitForAsync();
        var page = await visit.Page.ContentAsync();
        var all = await forwarder.GetAsync("/api/v1/settings");

        Assert.DoesNotContain(Secret, page, StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, all.ToJsonString(), StringComparison.Ordinal);
        Assert.All(all["items"]!.AsArray(), one =>
        {
            Assert.False(string.IsNullOrEmpty((string?)one!["description"]), $"{one["name"]} is not described");
            Assert.False(string.IsNullOrEmpty((string?)one["default"]), $"{one["name"]} has no default");
        });
        Assert.True(all["items"]!.AsArray().Count > 60, "few settings");
        Assert.Empty(visit.Errors);
    }

    [Fact]
    public async Task WhatAConfigurationFileManagesSaysSoBeforeSomebodyChangesIt()
    {
        var forwarder = await running.GetAsync();
        var integration = await forwarder.PostAsync("/api/v1/integrations?managedBy=acme", new { name = "declared", serverUrl = "tcp://127.0.0.1:6514" });
        var source = await forwarder.PostAsync("/api/v1/sources?managedBy=acme", new { name = "declared", kind = "http", inbox = new { key = "planted-0123456789-abcdef" } });
        await forwarder.PostAsync("/api/v1/rules?managedBy=acme", new
        {
            name = "declared", yaml = "title: Declared\nlogsource: {product: keycloak}\ndetection: {any: {type: LOGIN}, condition: any}\nlevel: low\n",
        });
        await using var visit = await ConsoleVisit.SignInAsync(chromium, forwarder, Token, $"console/integrations/{integration["id"]}");

        foreach (var page in new[] { $"console/integrations/{integration["id"]}", $"console/sources/{source["id"]}", "console/detections/declared" })
        {
            await visit.GoToAsync(page);
            await visit.Text("Managed by the configuration file acme: change it there").WaitForAsync();
        }

        Assert.Empty(visit.Errors);
    }

    [Fact]
    public async Task WhoMayNotAuditSeesNoSettings()
    {
        var forwarder = await running.GetAsync();
        var key = await Caller.NewKeyAsync(forwarder, "siem-viewer");
        await using var visit = await ConsoleVisit.SignInAsync(chromium, forwarder, Token, "console/settings", (string)key["key"]!);

        await visit.Text("Only auditors and administrators see the settings.").WaitForAsync();
        Assert.Equal(0, await visit.Link("Settings").CountAsync());
    }

    [Fact]
    public async Task ADestinationIsCreatedWithItsOwnSettingsAndItsSecretIsReplacedAndNeverShown()
    {
        const string First = "11111111-aaaa-bbbb-cccc-000000000001", Second = "22222222-aaaa-bbbb-cccc-000000000002";
        var forwarder = await running.GetAsync();
        await using var visit = await ConsoleVisit.SignInAsync(chromium, forwarder, Token, "console/integrations/new");

        await visit.FillAsync("Name *", "own settings");
        await visit.Field("Destination").SelectOptionAsync("splunk_hec");
        await visit.FillAsync("Server URL *", "https://127.0.0.1");
        await Microsoft.Playwright.Assertions.Expect(visit.Field("Port")).ToHaveValueAsync("443");
        await visit.FillAsync("Port", "8089");
        await visit.FillAsync("Index", "keycloak");
        await visit.FillAsync("Token", First);
        await visit.Button("Create").ClickAsync();
        await visit.Button("Edit Settings of Splunk HTTP Event Collector").ClickAsync();
        var created = await Only(forwarder);
        await visit.FillAsync("Index", "audit");
        await visit.Field("Endpoint").SelectOptionAsync("raw");
        await visit.FillAsync("Replace token", Second);
        await visit.Button("Save").ClickAsync();
        await visit.Text("It is saved.").WaitForAsync();
        var shown = await visit.Page.ContentAsync();
        var saved = await Only(forwarder);

        Assert.Equal(("splunk_hec", 8089, "keycloak", true), ((string)created["destination"]!, (int)created["port"]!, (string)created["settings"]!["index"]!, (bool)created["settings"]!["tokenSet"]!));
        Assert.Equal(("audit", "raw", true), ((string)saved["settings"]!["index"]!, (string)saved["settings"]!["endpoint"]!, (bool)saved["settings"]!["tokenSet"]!));
        Assert.DoesNotContain(First, shown, StringComparison.Ordinal);
        Assert.DoesNotContain(Second, shown, StringComparison.Ordinal);
        Assert.Empty(visit.Errors);
    }

    [Fact]
    public async Task ARequiredSettingThatIsMissingIsSaidBesideItsField()
    {
        var forwarder = await running.GetAsync();
        await using var visit = await ConsoleVisit.SignInAsync(chromium, forwarder, Token, "console/integrations/new");

        await visit.FillAsync("Name *", "without subject");
        await visit.Field("Destination").SelectOptionAsync("nats");
        await visit.FillAsync("Server URL *", "nats://127.0.0.1");
        await visit.Button("Create").ClickAsync();
        await visit.Page.Locator(".field.wrong", new() { HasText = "Subject" }).Locator(".error").WaitForAsync();

        Assert.Equal("4222", await visit.Field("Port").InputValueAsync());
    }

    private static async Task<System.Text.Json.Nodes.JsonNode> Only(ForwarderApplication forwarder) =>
        (await forwarder.GetAsync("/api/v1/integrations?search=own+settings"))["items"]![0]!;
}
