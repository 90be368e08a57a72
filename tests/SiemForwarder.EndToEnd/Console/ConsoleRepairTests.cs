using System.Text;
using Microsoft.Playwright;
using SiemForwarder.EndToEnd.Pages;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.EndToEnd.Console;

/// <summary>The life of an integration as a person clicks it, from its creation over trouble and repair to its deletion.</summary>
public sealed class ConsoleRepairTests(RunningForwarder running, Chromium chromium) : IClassFixture<RunningForwarder>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AnIntegrationIsCreatedTestedEnabledBrokenRepairedRedrivenReplayedAndDeleted()
    {
        var forwarder = await running.GetAsync();
        var isBroken = false;
        await using var receiver = HttpReceiver.Start(request => Volatile.Read(ref isBroken) ? new HttpReply(503, "closed for repairs")
            : Encoding.UTF8.GetString(request.PlainBody).Contains("poison", StringComparison.Ordinal) && !Volatile.Read(ref isMended) ? new HttpReply(400, "no poison here") : new HttpReply(200));
        var source = await SeededLog.AddSourceAsync(forwarder, "repair");
        await using var visit = await ConsoleVisit.SignInAsync(chromium, forwarder, Token, "console/integrations/new");

        // Create, manage, test, enable.
        await visit.FillAsync("Name *", "whole life");
        await visit.FillAsync("Server URL *", $"http://127.0.0.1:{receiver.Port}/in");
        await visit.Button("Create").ClickAsync();
        await visit.Button("Edit Batching").ClickAsync();
        await visit.FillAsync("Events per batch", "1");
        await visit.Button("Save").ClickAsync();
        await visit.Text("It is saved.").WaitForAsync();
        await visit.Button("Test SIEM Integration").ClickAsync();
        await visit.Text("The test event was accepted.").WaitForAsync();
        await visit.Page.GetByRole(AriaRole.Switch).ClickAsync();
        await Status(visit, "Not yet invoked").WaitForAsync();

        // See Success.
        var ids = await SeededLog.AppendAsync(forwarder, source, ["alice"]);
        await Status(visit, "Success").WaitForAsync();

        // Break the receiver, see Error with the reason, repair.
        Volatile.Write(ref isBroken, true);
        await SeededLog.AppendAsync(forwarder, source, ["bob"], 1_789_041_700_000);
        await Status(visit, "Error").WaitForAsync();
        var reason = await visit.Page.Locator("#last-error").InnerTextAsync();
        Volatile.Write(ref isBroken, false);
        await visit.Button("Retry now").ClickAsync();
        await Status(visit, "Success").WaitForAsync();

        // Redrive what was set aside.
        await SeededLog.AppendAsync(forwarder, source, ["poison"], 1_789_041_800_000);
        await visit.Text("no poison here").WaitForAsync();
        Volatile.Write(ref isMended, true);
        await visit.Button("Redrive all of this reason").ClickAsync();
        await visit.Page.Locator("section[aria-label='Set-aside events'] .badge.good").WaitForAsync();

        // Replay, after a dry run.
        var before = receiver.Requests.Count;
        await visit.Button("Dry run").ClickAsync();
        await visit.Text("It would send 3 events").WaitForAsync();
        await visit.Button("Start replay").ClickAsync();
        await visit.Page.Locator(".replay b:text-is('done')").WaitForAsync();

        // Delete.
        await visit.Button("Delete").ClickAsync();
        await visit.Page.Locator(".mud-dialog").GetByRole(AriaRole.Button, new LocatorGetByRoleOptions { Name = "Delete" }).ClickAsync();
        await visit.Text("'whole life' was deleted.").WaitForAsync();

        Assert.Single(ids);
        Assert.Contains("503", reason, StringComparison.Ordinal);
        // What the forwarder tells of itself arrives in between.
        string[] users = ["alice", "bob", "poison"];
        Assert.Equal(3, receiver.Requests.Skip(before).Count(request => users.Any(Encoding.UTF8.GetString(request.PlainBody).Contains)));
        Assert.DoesNotContain("whole life", (await forwarder.GetAsync("/api/v1/integrations?pageSize=200")).ToJsonString(), StringComparison.Ordinal);
        var audit = (await forwarder.GetAsync("/api/v1/audit?pageSize=100"))["items"]!.AsArray();
        var actions = audit.Where(one => (string)one!["name"]! == "whole life").Select(one => (string)one!["action"]!).ToHashSet();
        Assert.Superset(
            new HashSet<string>
            {
                "integration.create", "integration.patch", "integration.test", "integration.enable", "integration.retry", "set_aside.redrive", "integration.delete",
            },
            actions);
        Assert.All(audit, one => Assert.Equal("key file", (string)one!["credential"]!));
        Assert.Empty(visit.Errors);
    }

    private static bool isMended;

    private static ILocator Status(ConsoleVisit visit, string status) => visit.Page.Locator($"section[aria-labelledby=status] .facts .badge:text-is('{status}')");
}
