using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using SiemForwarder.EndToEnd.Pages;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Service.Operations;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.EndToEnd.Console;

/// <summary>The sections of an integration's page, each with its own button to edit it, and what is repaired there.</summary>
public sealed class ConsoleEditTests(RunningForwarder running, Chromium chromium) : IClassFixture<RunningForwarder>
{
    private const string Password = "a-password-nobody-sees", PrivacyKey = "0123456789abcdef0123456789abcdef";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task EverySectionIsEditedWhereItStandsAndSecretsAreNeverShown()
    {
        var forwarder = await running.GetAsync();
        var created = await forwarder.PostAsync("/api/v1/integrations", new { name = "every section", serverUrl = "https://127.0.0.1:9443/in", outputType = "JSON" });
        var path = $"/api/v1/integrations/{created["id"]}";
        await using var visit = await ConsoleVisit.SignInAsync(chromium, forwarder, Token, $"console/integrations/{created["id"]}");

        await EditAsync("General", form => form.GetByLabel("Description").FillAsync("for the auditors"), node => (string?)node["description"] == "for the auditors");
        await EditAsync("Connection", form => form.GetByLabel("Timeout (s)").FillAsync("7"), node => (int?)node["http"]!["timeoutSeconds"] == 7);
        await EditAsync("Output", form => form.GetByLabel("Output type").SelectOptionAsync("CEF"), node => (string?)node["outputType"] == "CEF");
        // Before there are secrets: afterwards they would have to be given again with another server.
        await EditAsync("TLS", form => form.GetByLabel("Server name").FillAsync("siem.example.com"), node => (string?)node["tls"]?["serverName"] == "siem.example.com");
        await EditAsync(
            "Authentication",
            async form =>
            {
                await form.GetByLabel("Type").SelectOptionAsync("basic");
                await form.GetByLabel("User name").FillAsync("forwarder");
                await form.GetByLabel("Password").FillAsync(Password);
            },
            node => node["authentication"] is { } shown && (string?)shown["type"] == "basic" && (string?)shown["username"] == "forwarder" && (bool)shown["passwordSet"]!);
        await EditAsync(
            "Privacy",
            async form =>
            {
                await form.GetByLabel("Rules").FillAsync("subject hash");
                await form.GetByLabel("Key for hashes").FillAsync(PrivacyKey);
                await form.GetByLabel("Id of the key").FillAsync("k1");
            },
            node => node["privacy"]!.AsArray() is [{ } rule] && (string?)rule["field"] == "subject" && (string?)rule["action"] == "hash");
        var shown = await visit.Page.ContentAsync();

        Assert.DoesNotContain(Password, shown, StringComparison.Ordinal);
        Assert.DoesNotContain(PrivacyKey, shown, StringComparison.Ordinal);
        Assert.Empty(visit.Errors);

        async Task EditAsync(string title, Func<ILocator, Task> fill, Func<JsonNode, bool> isSaved)
        {
            await visit.Button($"Edit {title}").ClickAsync();
            var form = visit.Page.Locator($"section[aria-label='{title}'] form");
            await form.WaitForAsync();
            await fill(form);
            await form.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
            await form.WaitForAsync(new() { State = WaitForSelectorState.Detached });
            await forwarder.WaitForAsync(path, isSaved);
        }
    }

    [Fact]
    public async Task AnEventThatWasSetAsideIsAnAlarmAndIsRedrivenByItself()
    {
        var forwarder = await running.GetAsync();
        var reply = new HttpReply(400, "no such field");
        await using var receiver = HttpReceiver.Start(_ => Volatile.Read(ref reply));
        var source = await SeededLog.AddSourceAsync(forwarder, "repaired");
        var id = await forwarder.AddIntegrationAsync(new { name = "repaired", serverUrl = $"http://127.0.0.1:{receiver.Port}/in", sources = new[] { source } });
        await SeededLog.AppendAsync(forwarder, source, ["refused"]);
        await forwarder.WaitForAsync($"/api/v1/integrations/{id}/set-aside", node => node["items"]!.AsArray().Count == 1);
        await forwarder.Services.GetRequiredService<OperationsService>().LookInTurnAsync(Token);
        await using var visit = await ConsoleVisit.SignInAsync(chromium, forwarder, Token, "console/alarms");
        await visit.Page.Locator("tbody tr", new() { HasText = "repaired" }).GetByText("EVENTS_SET_ASIDE").WaitForAsync();

        Volatile.Write(ref reply, new HttpReply(200, "ok"));
        await visit.GoToAsync($"console/integrations/{id}");
        await visit.Button("Redrive").ClickAsync();
        await visit.Page.Locator("section[aria-label='Set-aside events'] tbody .badge.good").WaitForAsync();

        Assert.Equal("delivered", (string)(await forwarder.GetAsync($"/api/v1/integrations/{id}/set-aside"))["items"]![0]!["state"]!);
        Assert.Empty(visit.Errors);
    }
}
