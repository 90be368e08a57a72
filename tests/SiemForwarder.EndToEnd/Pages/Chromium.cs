using Microsoft.Playwright;
using SiemForwarder.EndToEnd.Pages;
using SiemForwarder.Tests.Support;

[assembly: AssemblyFixture(typeof(Chromium))]

namespace SiemForwarder.EndToEnd.Pages;

/// <summary>Debian's Chromium without a window: started at its first use, one for the test run, a fresh profile for each page.</summary>
public sealed class Chromium : IAsyncLifetime
{
    private const string Program = "/usr/bin/chromium";
    private const float BoundMs = 60_000;

    // Nothing but the pages under test is to be asked for; the tests may run as root, where there is no sandbox.
    private static readonly string[] Arguments =
    [
        "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    ];

    private readonly SemaphoreSlim gate = new(1);
    private IPlaywright? playwright;
    private IBrowser? browser;

    /// <summary>Opens a page of its own with nothing remembered; closing its context closes it. Everything that it waits for is bounded.</summary>
    public async Task<IPage> OpenAsync(CancellationToken cancellationToken)
    {
        Skip.Unless(File.Exists(Program), "Chromium is not installed.");
        await gate.WaitAsync(cancellationToken);
        try
        {
            playwright ??= await Playwright.CreateAsync();
            browser ??= await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions { ExecutablePath = Program, Args = Arguments, Timeout = BoundMs });
        }
        finally
        {
            gate.Release();
        }

        Assertions.SetDefaultExpectTimeout(BoundMs);
        var context = await browser.NewContextAsync(new BrowserNewContextOptions { ViewportSize = new ViewportSize { Width = 1400, Height = 1000 } });
        context.SetDefaultTimeout(BoundMs);
        return await context.NewPageAsync();
    }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        if (browser is not null)
        {
            await browser.DisposeAsync();
        }

        playwright?.Dispose();
        gate.Dispose();
    }
}
