using System.Net;
using SiemForwarder.EndToEnd.Access;
using SiemForwarder.EndToEnd.Keycloak;
using SiemForwarder.EndToEnd.Pages;
using SiemForwarder.EndToEnd.Support;

namespace SiemForwarder.EndToEnd.Console;

/// <summary>Who gets into the console, as whom, and for how long.</summary>
public sealed class ConsoleSignInTests(TestPostgres postgres, RunningForwarder running, Chromium chromium, RealKeycloaks keycloaks) : IClassFixture<RunningForwarder>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task WhoIsNotSignedInIsLedToTheSignInPageAndBackAgain()
    {
        var forwarder = await running.GetAsync();
        await using var visit = await ConsoleVisit.OpenAsync(chromium, forwarder, "console/integrations?enabled=true", Token);

        await visit.EnterKeyAsync("sfk_0123456789abcdef_wrong");
        await visit.Text("The API key is unknown").WaitForAsync();
        await visit.EnterKeyAsync(AdminKey.Value);
        await visit.Heading.WaitForAsync();

        Assert.Equal("Integrations › SIEM", await visit.Heading.InnerTextAsync());
        Assert.EndsWith("/console/integrations?enabled=true", visit.Page.Url, StringComparison.Ordinal);
        Assert.All(visit.Errors, error => Assert.Contains("401", error, StringComparison.Ordinal));
    }

    [Fact]
    public async Task TheCookieTellsNoSecretAndIsKeptFromScripts()
    {
        var forwarder = await running.GetAsync();
        await using var visit = await ConsoleVisit.SignInAsync(chromium, forwarder, Token);

        var cookies = await visit.Page.Context.CookiesAsync();
        var cookie = Assert.Single(cookies, one => one.Name == "siemforwarder-key");

        Assert.All(cookies, one => Assert.Equal((true, "Strict"), (one.HttpOnly, one.SameSite.ToString())));
        Assert.DoesNotContain(AdminKey.Value, cookie.Value, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ARevokedKeyEndsTheSessionOnAnOpenPage()
    {
        var forwarder = await running.GetAsync();
        var key = await Caller.NewKeyAsync(forwarder, "siem-viewer");
        await using var visit = await ConsoleVisit.SignInAsync(chromium, forwarder, Token, "console/integrations", (string)key["key"]!);

        var revoked = await forwarder.SendAsync(HttpMethod.Delete, $"/api/v1/keys/{key["id"]}");
        await visit.WaitForAddressAsync("/signin/key?returnUrl=*");

        Assert.Equal(HttpStatusCode.NoContent, revoked.Status);
    }

    [Fact]
    public async Task SigningOutEndsTheSession()
    {
        var forwarder = await running.GetAsync();
        await using var visit = await ConsoleVisit.SignInAsync(chromium, forwarder, Token);

        await visit.Button("Sign out").ClickAsync();
        await visit.WaitForAddressAsync("/signin/key");
        await visit.Page.GotoAsync(forwarder.Address.ToString());

        Assert.Contains("/signin/key?returnUrl=", visit.Page.Url, StringComparison.Ordinal);
        Assert.Empty(visit.Errors);
    }

    [Fact]
    public async Task APersonOfTheRealmSignsInAndOut()
    {
        var keycloak = await keycloaks.GetAsync("26.7.4", Token);
        await using var forwarder = await ForwarderApplication.StartAsync(postgres, SignInTests.SettingsOf(keycloak));
        await using var visit = await ConsoleVisit.OpenAsync(chromium, forwarder, "console/integrations", Token);

        await visit.Link("Sign in with Keycloak").ClickAsync();
        await visit.Page.Locator("#username").FillAsync("bob");
        await visit.Page.Locator("#password").FillAsync("bob-password");
        await visit.Page.Locator("#kc-login").ClickAsync();
        await visit.Heading.WaitForAsync();
        var who = await visit.Page.Locator(".who").InnerTextAsync();
        var creators = await visit.Link("Create SIEM Integration").CountAsync();
        await visit.Button("Sign out").ClickAsync();
        await visit.WaitForAddressAsync("/signin/key");

        Assert.Equal(("bob", 0), (who, creators));
    }

    [Fact]
    public async Task AKeyThatMayOnlyPushDoesNotGetIn()
    {
        var forwarder = await running.GetAsync();
        var source = await forwarder.PostAsync("/api/v1/sources", new { name = "console inbox", kind = "http", inbox = new { key = "a-key-of-16-and-more" } });
        var key = await Caller.NewKeyAsync(forwarder, "siem-ingest", source["id"]!.GetValue<int>());
        await using var visit = await ConsoleVisit.OpenAsync(chromium, forwarder, "", Token);

        await visit.EnterKeyAsync((string)key["key"]!);
        await visit.Text("may only push events").WaitForAsync();

        Assert.DoesNotContain(await visit.Page.Context.CookiesAsync(), cookie => cookie.Name == "siemforwarder-key");
    }

    [Fact]
    public async Task EverythingWorksBelowThePathOfAProxy()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres, "--Forwarder:Access:PathBase=/siem");
        await using var visit = await ConsoleVisit.SignInAsync(chromium, forwarder, Token, "siem/console/integrations");

        await visit.Link("Create SIEM Integration").ClickAsync();
        await visit.Field("Name *").WaitForAsync();

        Assert.EndsWith("/siem/console/integrations/new", visit.Page.Url, StringComparison.Ordinal);
        Assert.Empty(visit.Errors);
    }

    [Fact]
    public async Task ASocketOfAnotherPageIsRefused()
    {
        var forwarder = await running.GetAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/_blazor?id=1");
        request.Headers.TryAddWithoutValidation("Connection", "Upgrade");
        request.Headers.TryAddWithoutValidation("Upgrade", "websocket");
        request.Headers.TryAddWithoutValidation("Origin", "http://evil.example");

        using var answer = await forwarder.Api.SendAsync(request, Token);

        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
    }
}
