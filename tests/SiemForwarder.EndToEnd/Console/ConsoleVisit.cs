using System.Text.RegularExpressions;
using Microsoft.Playwright;
using SiemForwarder.EndToEnd.Pages;
using SiemForwarder.EndToEnd.Support;

namespace SiemForwarder.EndToEnd.Console;

/// <summary>A person at the console, in a browser of their own, signed in by API key.</summary>
internal sealed class ConsoleVisit : IAsyncDisposable
{
    private readonly Uri address;

    private ConsoleVisit(IPage page, Uri address)
    {
        (Page, this.address) = (page, address);
        page.Console += (_, message) => Note(message.Type, message.Text);
        page.PageError += (_, error) => Note("error", error);
    }

    public IPage Page { get; }

    /// <summary>What the browser refused or failed to do, such as a style that the Content-Security-Policy forbids.</summary>
    public List<string> Errors { get; } = [];

    /// <summary>Opens a page of the console without signing in.</summary>
    public static Task<ConsoleVisit> OpenAsync(Chromium chromium, ForwarderApplication forwarder, string path, CancellationToken cancellationToken) =>
        OpenAsync(chromium, forwarder.Address, path, cancellationToken);

    /// <summary>Opens a page of the console at an address, without signing in.</summary>
    public static async Task<ConsoleVisit> OpenAsync(
        Chromium chromium, Uri address, string path, CancellationToken cancellationToken, string? zone = null)
    {
        var visit = new ConsoleVisit(await chromium.OpenAsync(cancellationToken, zone), address);
        visit.Page.SetDefaultTimeout(60_000);
        await visit.Page.GotoAsync(new Uri(address, path).ToString());
        return visit;
    }

    /// <summary>Opens a page of the console and signs in by key.</summary>
    public static async Task<ConsoleVisit> SignInAsync(
        Chromium chromium, ForwarderApplication forwarder, CancellationToken cancellationToken, string path = "", string? key = null, string? zone = null)
    {
        var visit = await OpenAsync(chromium, forwarder.Address, path, cancellationToken, zone);
        await visit.EnterKeyAsync(key ?? AdminKey.Value);
        await visit.Heading.WaitForAsync();
        return visit;
    }

    /// <summary>The heading of the page.</summary>
    public ILocator Heading => Page.Locator("#content h1").First;

    public ILocator Button(string name) => Page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = name, Exact = true });

    public ILocator Link(string name) => Page.GetByRole(AriaRole.Link, new PageGetByRoleOptions { Name = name, Exact = true });

    public ILocator Field(string label) => Page.GetByLabel(label, new PageGetByLabelOptions { Exact = true });

    /// <summary>The text wherever it is on the page; wait for it to be seen.</summary>
    public ILocator Text(string text) => Page.GetByText(text).First;

    /// <summary>Waits until the address ends so; a star stands for anything. A page that only changes its address loads nothing that could be waited for.</summary>
    public Task WaitForAddressAsync(string ending) =>
        Assertions.Expect(Page).ToHaveURLAsync(new Regex(Regex.Escape(ending).Replace("\\*", ".*", StringComparison.Ordinal) + "$", RegexOptions.None, TimeSpan.FromSeconds(1)));

    public async Task GoToAsync(string path)
    {
        await Page.GotoAsync(new Uri(address, path).ToString());
        await Heading.WaitForAsync();
    }

    public async Task EnterKeyAsync(string key)
    {
        await Page.Locator("#key").FillAsync(key);
        await Button("Sign in").ClickAsync();
    }

    /// <summary>Fills in a field and leaves it, as a person does.</summary>
    public async Task FillAsync(string label, string text)
    {
        await Field(label).FillAsync(text);
        await Field(label).BlurAsync();
    }

    public ValueTask DisposeAsync() => new(Page.Context.CloseAsync());

    private void Note(string kind, string text)
    {
        if (kind == "error")
        {
            Errors.Add(text);
        }
    }
}
