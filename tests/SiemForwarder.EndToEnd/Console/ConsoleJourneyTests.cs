using System.Globalization;
using Microsoft.Playwright;
using SiemForwarder.EndToEnd.Pages;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.EndToEnd.Console;

/// <summary>The journey of an event on its page: a page of it at a time, what needs somebody first, times in the zone of the browser.</summary>
public sealed class ConsoleJourneyTests(RunningForwarder running, Chromium chromium) : IClassFixture<RunningForwarder>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ManyIntegrationsAreTurnedPageByPageAndNarrowedToAStateAndTimesAreLocal()
    {
        var forwarder = await running.GetAsync();
        await using var receiver = TcpSyslogReceiver.Start();
        var source = await SeededLog.AddSourceAsync(forwarder, "travelled");
        await forwarder.PostAsync("/api/v1/integrations", new { name = "copy", serverUrl = "tcp://127.0.0.1:9" });
        await SeededIntegrations.CopyAsync(forwarder, "copy", 60);
        var taking = await forwarder.AddIntegrationAsync(new { name = "takes it", serverUrl = $"tcp://127.0.0.1:{receiver.Port}", sources = new[] { source } });
        var ids = await SeededLog.AppendAsync(forwarder, source, ["alice"]);
        await receiver.WaitForMessagesAsync(1, Token);
        await forwarder.WaitForAsync($"/api/v1/integrations/{taking}/status", node => (long)node["backlog"]! == 0);
        var at = (DateTimeOffset)(await forwarder.GetAsync($"/api/v1/integrations/{taking}/deliveries"))["items"]![0]!["deliveredAt"]!;
        await using var visit = await ConsoleVisit.SignInAsync(chromium, forwarder, Token, $"console/events/{ids[0]}", zone: "Asia/Tokyo");
        var journey = visit.Page.Locator("section[aria-label=Journey]");

        await journey.GetByText("Page 1 of 2").WaitForAsync();
        var first = await journey.Locator("li").CountAsync();
        await journey.GetByRole(AriaRole.Button, new LocatorGetByRoleOptions { Name = "Next", Exact = true }).ClickAsync();
        await journey.GetByText("Page 2 of 2").WaitForAsync();
        var second = await journey.Locator("li").CountAsync();
        await journey.GetByRole(AriaRole.Button, new LocatorGetByRoleOptions { Name = "delivered 1", Exact = true }).ClickAsync();
        var line = journey.Locator("li", new LocatorLocatorOptions { HasText = "takes it" });
        await Assertions.Expect(journey.Locator("li")).ToHaveCountAsync(1);
        var time = line.Locator("time");

        Assert.Equal((50, 12), (first, second));
        Assert.StartsWith("takes it delivered Accepted at ", await line.InnerTextAsync(), StringComparison.Ordinal);
        Assert.Equal(at.ToOffset(TimeSpan.FromHours(9)).ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture), await time.InnerTextAsync());
        Assert.StartsWith(at.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss", CultureInfo.InvariantCulture), await time.GetAttributeAsync("title"), StringComparison.Ordinal);
        Assert.Empty(visit.Errors);
    }
}
