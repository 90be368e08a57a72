using System.Globalization;
using Microsoft.Playwright;
using SiemForwarder.EndToEnd.Pages;
using SiemForwarder.EndToEnd.Support;

namespace SiemForwarder.Benchmarks;

/// <summary>The console in Chromium over a service with many stored events and integrations: bytes and time until each page stands.</summary>
/// <remarks>Every load is cold: a context of its own with nothing but the cookie of the session. The bytes are those on the wire, both ways, with the web socket.</remarks>
internal static class ConsoleSpeed
{
    private const int Runs = 5;
    private const int PageSize = 50;
    private const float BoundMs = 120_000;

    // What has to be on a page before it stands.
    private const string Stands =
        "selectors => selectors.every(one => document.querySelector(one)) && !document.querySelector('main .mud-progress-linear') ? performance.now() : false";

    private const string FirstContent = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0";

    public static async Task RunAsync(int events, int integrations)
    {
        using var stop = new CancellationTokenSource(TimeSpan.FromMinutes(40));
        await using var filled = await FilledForwarder.StartAsync(events, integrations, stop.Token);
        using var line = new CountingLine(filled.Port);
        using var playwright = await Playwright.CreateAsync();
        await using var browser = await BrowserLaunch.StartAsync(playwright, BoundMs);
        var (bytes, session) = await SignInAsync(browser, line);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{"",-40}{"KiB cold",10}{"first ms",10}{"content ms",12}{"data ms",10}{"slowest",10}"));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{"signing in, until the overview stands",-40}{bytes / 1024.0,10:N0}"));
        foreach (var (name, path, selectors) in PagesOf(filled, events, integrations))
        {
            var before = line.Bytes;
            var first = await LoadAsync(browser, new Uri(line.Address, path), session, selectors);
            bytes = line.Bytes - before;
            var timed = new List<(double Content, double Data)>();
            for (var run = 0; run < Runs; run++)
            {
                timed.Add(await LoadAsync(browser, new Uri(filled.Address, path), session, selectors));
            }

            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{name,-40}{bytes / 1024.0,10:N0}{first.Data,10:N0}{Median(timed.Select(one => one.Content)),12:N0}{Median(timed.Select(one => one.Data)),10:N0}{timed.Max(one => one.Data),10:N0}"));
        }
    }

    private static (string Name, string Path, string[] Selectors)[] PagesOf(FilledForwarder filled, int events, int integrations) =>
    [
        ("overview", "", ["section[aria-label='Flow of events'] li a", "section[aria-label=Charts] figure"]),
        ("integrations", "console/integrations", ["tbody tr"]),
        ("integrations, the last page", $"console/integrations?page={(integrations + PageSize - 1) / PageSize}", ["tbody tr"]),
        ("integrations, searched", $"console/integrations?search={integrations / 2:0000}", ["tbody tr"]),
        ("an integration", $"console/integrations/{filled.Integration}", ["#status", "section[aria-label=Deliveries] tbody tr"]),
        ("sources", "console/sources", ["tbody tr"]),
        ("events", "console/events", ["tbody tr"]),
        ("events of a user", "console/events?user=alice.123", ["tbody tr"]),
        ("events of an address network", "console/events?ip=192.0.2.128%2F25", ["tbody tr"]),
        ("failed logins, a far page", $"console/events?type=LOGIN_ERROR&page={Math.Min(100, events / 10 / PageSize)}", ["tbody tr"]),
        ("events of nobody", "console/events?user=nobody", [".empty"]),
        ("an event with its journey", $"console/events/{filled.EventId}", ["section[aria-label=Journey] li"]),
        ("detections", "console/detections", ["tbody tr", "main figure"]),
        ("alarms", "console/alarms", ["tbody tr"]),
    ];

    private static async Task<(long Bytes, string Session)> SignInAsync(IBrowser browser, CountingLine line)
    {
        var before = line.Bytes;
        var context = await browser.NewContextAsync();
        var page = await context.NewPageAsync();
        await page.GotoAsync(line.Address.ToString());
        await page.Locator("#key").FillAsync(AdminKey.Value);
        await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Sign in", Exact = true }).ClickAsync();
        await page.Locator("section[aria-label='Flow of events'] li a").First.WaitForAsync(new LocatorWaitForOptions { Timeout = BoundMs });
        var bytes = line.Bytes - before;
        var session = await context.StorageStateAsync();
        await context.CloseAsync();
        return (bytes, session);
    }

    private static async Task<(double Content, double Data)> LoadAsync(IBrowser browser, Uri address, string session, string[] selectors)
    {
        var context = await browser.NewContextAsync(new BrowserNewContextOptions { StorageState = session });
        var page = await context.NewPageAsync();
        await page.GotoAsync(address.ToString(), new PageGotoOptions { WaitUntil = WaitUntilState.Commit });
        var stands = await page.WaitForFunctionAsync(Stands, selectors, new PageWaitForFunctionOptions { Timeout = BoundMs });
        var data = await stands.JsonValueAsync<double>();
        var content = await page.EvaluateAsync<double>(FirstContent);
        await context.CloseAsync();
        return (content, data);
    }

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return sorted[sorted.Count / 2];
    }
}
