using Microsoft.Playwright;

namespace SiemForwarder.EndToEnd.Pages;

/// <summary>How Debian's Chromium is started without a window.</summary>
internal static class BrowserLaunch
{
    /// <summary>Path of the program.</summary>
    public const string Program = "/usr/bin/chromium";

    // Nothing but the pages under test is to be asked for; the tests may run as root, where there is no sandbox.
    private static readonly string[] Arguments =
    [
        "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    ];

    /// <summary>Starts it.</summary>
    /// <param name="playwright">What drives it.</param>
    /// <param name="boundMs">Milliseconds that the start may take.</param>
    public static Task<IBrowser> StartAsync(IPlaywright playwright, float boundMs) =>
        playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions { ExecutablePath = Program, Args = Arguments, Timeout = boundMs });
}
