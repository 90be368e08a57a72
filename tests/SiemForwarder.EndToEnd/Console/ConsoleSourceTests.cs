using SiemForwarder.EndToEnd.Pages;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Simulator;

namespace SiemForwarder.EndToEnd.Console;

/// <summary>What the page of a realm says of its retention, its saved types and its gaps; and picking what a filter or a search is about.</summary>
public sealed class ConsoleSourceTests(RunningForwarder running, Chromium chromium) : IClassFixture<RunningForwarder>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ARealmShowsItsRetentionMarginTheRecommendedTypesItDoesNotSaveAndItsGaps()
    {
        var forwarder = await running.GetAsync();
        await using var keycloak = await KeycloakSimulator.StartAsync(new SimulatorOptions(), Token);
        keycloak.Realm.EventsExpirationSeconds = 7 * 24 * 3600;
        keycloak.Realm.EnabledEventTypes = ["LOGIN", "LOGIN_ERROR"];
        keycloak.Realm.AddLogin("alice");
        var source = await forwarder.PostAsync("/api/v1/sources", new
        {
            name = "realm",
            keycloak = new
            {
                baseUrl = keycloak.BaseUrl.ToString(), realm = keycloak.Realm.Name, clientId = keycloak.Realm.Client.ClientId,
                clientSecret = keycloak.Realm.Client.Secret, pollIntervalSeconds = 1,
            },
        });
        await forwarder.WaitForAsync($"/api/v1/sources/{source["id"]}/status", node => node["poll"]?["auditing"]?["expirationSeconds"] is not null);
        await using var visit = await ConsoleVisit.SignInAsync(chromium, forwarder, Token, $"console/sources/{source["id"]}");
        var gaps = visit.Page.Locator("section[aria-label=Gaps]");
        await gaps.GetByText("None: every event that Keycloak returned is in the log.").WaitForAsync();
        keycloak.Realm.UserEvents.AddPoison(keycloak.NowMs());

        await gaps.Locator("tbody tr", new() { HasText = "User events" }).First.WaitForAsync(new() { Timeout = 60_000 });
        await visit.Page.Locator("section[aria-label='Retention margin']").GetByText("left of the 7 d 0 h that Keycloak keeps events").WaitForAsync();
        var recommended = visit.Page.Locator("section[aria-label='Recommended events']");
        await recommended.Locator("li", new() { HasText = "UPDATE_PASSWORD" }).First.WaitForAsync();
        await recommended.GetByText("2 of ").WaitForAsync();

        var named = await recommended.Locator("li b:text-is('LOGIN')").CountAsync();
        await visit.GoToAsync("console/event-types");
        await visit.Field("Stored by").SelectOptionAsync("realm");
        await visit.WaitForAddressAsync($"/console/event-types?source={source["id"]}");
        await visit.Page.Locator("tr", new() { Has = visit.Page.Locator("th:text-is('LOGIN')") }).Locator("td:text-is('yes')").Nth(1).WaitForAsync();
        await visit.Page.Locator("tr", new() { Has = visit.Page.Locator("th:text-is('UPDATE_PASSWORD')") }).Locator(".badge:text-is('no')").WaitForAsync();

        Assert.Equal(0, named);
        Assert.Empty(visit.Errors);
    }

    [Fact]
    public async Task TypesCategoriesAndOutcomesOfAFilterArePicked()
    {
        var forwarder = await running.GetAsync();
        var created = await forwarder.PostAsync("/api/v1/integrations", new { name = "picked", serverUrl = "tcp://127.0.0.1:9" });
        await using var visit = await ConsoleVisit.SignInAsync(chromium, forwarder, Token, $"console/integrations/{created["id"]}");

        await visit.Button("Edit Sources and filter").ClickAsync();
        await visit.Field("Add to 'Only categories'").SelectOptionAsync("authentication");
        await visit.Button("Remove authentication").WaitForAsync();
        await visit.Field("Add to 'Only outcomes'").SelectOptionAsync("failure");
        await visit.Button("Remove failure").WaitForAsync();
        var suggested = await visit.Page.EvaluateAsync<bool>(
            "[...document.querySelectorAll('datalist option')].some(one => one.value === 'LOGIN_ERROR')");
        await visit.FillAsync("Add to 'Never types'", "REFRESH_TOKEN*");
        await visit.Button("Remove REFRESH_TOKEN*").WaitForAsync();
        await visit.Button("Save").ClickAsync();
        await visit.Text("It is saved.").WaitForAsync();

        var filter = (await forwarder.GetAsync($"/api/v1/integrations/{created["id"]}"))["filter"]!;
        Assert.True(suggested);
        Assert.Equal("authentication", (string)filter["include"]!["categories"]![0]!);
        Assert.Equal("failure", (string)filter["include"]!["outcomes"]![0]!);
        Assert.Equal("REFRESH_TOKEN*", (string)filter["exclude"]!["types"]![0]!);
        Assert.Empty(visit.Errors);
    }

    [Fact]
    public async Task ASearchForEventsPicksItsCategory()
    {
        var forwarder = await running.GetAsync();
        var source = await SeededLog.AddSourceAsync(forwarder, "searched");
        await SeededLog.AppendAsync(forwarder, source, ["found-by-category"], DateTimeOffset.UtcNow.AddMinutes(-1).ToUnixTimeMilliseconds());
        await forwarder.WaitForAsync("/api/v1/events?user=found-by-category", node => node["items"]!.AsArray().Count == 1);
        await using var visit = await ConsoleVisit.SignInAsync(chromium, forwarder, Token, "console/events?user=found-by-category");

        await visit.Text("1 event since").WaitForAsync();
        await visit.Field("Category").SelectOptionAsync("iam");
        await visit.Button("Search").ClickAsync();
        await visit.Text("No event matches.").WaitForAsync();
        await visit.Field("Category").SelectOptionAsync("authentication");
        await visit.Button("Search").ClickAsync();
        await visit.Text("1 event since").WaitForAsync();

        Assert.Contains("category=authentication", visit.Page.Url, StringComparison.Ordinal);
        Assert.Empty(visit.Errors);
    }
}
