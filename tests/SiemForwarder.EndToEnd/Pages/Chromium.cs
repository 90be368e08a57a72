using Microsoft.Playwright;
using SiemForwarder.EndToEnd.Pages;
using SiemForwarder.Tests.Support;

[assembly: AssemblyFixture(typeof(Chromium))]

namespace SiemForwarder.EndToEnd.Pages;

/// <summary>Debian's Chromium without a window: started at its first use, one for the test run, a fresh profile for each page.</summary>
public sealed class Chromium : IAsyncLifetime
{
    private const float BoundMs = 60_000;

    private readonly SemaphoreSlim gate = new(1);
    private IPlaywright? playwright;
    private IBrowser? browser;

    /// <summary>Opens a page of its own with nothing remembered; closing its context closes it. Everything that it waits for is bounded.</summary>
    /// <param name="cancellationToken">Ends the waiting for the browser.</param>
    /// <param name="zone">Time zone of the browser; that of the machine if there is none.</param>
    public async Task<IPage> OpenAsync(CancellationToken cancellationToken, string? zone = null)
    {
        Skip.Unless(File.Exists(BrowserLaunch.Program), "Chromium is not installed.");
        await gate.WaitAsync(cancellationToken);
        try
        {
            playwright ??= await Playwright.CreateAsync();
            browser ??= await BrowserLaunch.StartAsync(playwright, BoundMs);
        }
        finally
        {
            gate.Release();
        }

        Assertions.SetDefaultExpectTimeout(BoundMs);
        var context = await browser.NewContextAsync(new BrowserNewContextOptions
        {
            ViewportSize = new ViewportSize { Width = 1400, Height = 1000 }, TimezoneId = zone,
        });
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
