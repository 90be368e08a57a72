using System.Text.Json.Nodes;
using SiemForwarder.EndToEnd.Access;
using SiemForwarder.EndToEnd.Keycloak;
using SiemForwarder.EndToEnd.Support;

namespace SiemForwarder.EndToEnd.Pages;

/// <summary>The API by hand: a person in a real browser, under the Content-Security-Policy that everybody gets.</summary>
public sealed class SwaggerUiTests(TestPostgres postgres, Chromium chromium, RealKeycloaks keycloaks)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AKeyAndAVersionAreFilledInAndAChangeIsMade()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        var created = await forwarder.PostAsync("/api/v1/integrations", new { name = "before", serverUrl = "tcp://127.0.0.1:9", outputType = "CEF" });
        var id = created["id"]!.ToString();
        var swagger = await SwaggerPage.OpenAsync(chromium, forwarder.Address, Token);

        var (unknown, _) = await swagger.ExecuteAsync("GetIntegration", [("id", id)]);
        await swagger.AuthorizeAsync(AdminKey.Value);
        var (shown, text) = await swagger.ExecuteAsync("GetIntegration", [("id", id)]);
        var document = JsonNode.Parse(text)!;
        document["name"] = "after";
        var (changed, _) = await swagger.ExecuteAsync("UpdateIntegration", [("id", id), ("If-Match", $"\"{document["version"]}\"")], document.ToJsonString());
        var (stale, _) = await swagger.ExecuteAsync("PatchIntegration", [("id", id), ("If-Match", "\"1\"")], """{"name":"too late"}""");
        var (deleted, _) = await swagger.ExecuteAsync("DeleteIntegration", [("id", id), ("If-Match", "*")]);
        await swagger.CloseAsync();

        Assert.Equal(("401", "200", "200", "412", "204"), (unknown, shown, changed, stale, deleted));
        // What a refused request says in the console is its status; a blocked script or style would say more.
        Assert.DoesNotContain(swagger.Errors, error => error.Contains("Content Security Policy", StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task APersonSignsInAtTheRealmsOwnPageReadsChangesAndSignsOut()
    {
        var keycloak = await keycloaks.GetAsync("26.7.4", Token);
        await using var forwarder = await ForwarderApplication.StartAsync(postgres, SignInTests.SettingsOf(keycloak));
        var page = await chromium.OpenAsync(Token);
        await page.GotoAsync(new Uri(forwarder.Address, "signin?returnUrl=/swagger/index.html").ToString());
        await page.Locator("#username").FillAsync("alice");
        await page.Locator("#password").FillAsync("alice-password");
        await page.Locator("#kc-login").ClickAsync();
        await page.Locator(".opblock").First.WaitForAsync();
        var swagger = new SwaggerPage(page);

        var (known, me) = await swagger.ExecuteAsync("GetMe", []);
        var (made, _) = await swagger.ExecuteAsync("CreateEnginePool", [], """{"name":"dmz"}""");

        Assert.Equal(new Uri(forwarder.Address, "swagger/index.html").ToString(), page.Url);
        Assert.Equal(("200", "201"), (known, made));
        Assert.Equal(("session", "alice"), ((string?)JsonNode.Parse(me)!["kind"], (string?)JsonNode.Parse(me)!["name"]));
        await swagger.CloseAsync();
    }
}
