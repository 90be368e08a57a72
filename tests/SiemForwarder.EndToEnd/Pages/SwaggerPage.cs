using Microsoft.Playwright;

namespace SiemForwarder.EndToEnd.Pages;

/// <summary>Swagger UI as a person uses it: authorize, open an operation, fill in what it asks for, execute, read the answer.</summary>
internal sealed class SwaggerPage(IPage page)
{
    public static async Task<SwaggerPage> OpenAsync(Chromium chromium, Uri address, CancellationToken cancellationToken)
    {
        var page = await chromium.OpenAsync(cancellationToken);
        var swagger = new SwaggerPage(page);
        page.Console += (_, message) => swagger.Note(message);
        await page.GotoAsync(new Uri(address, "swagger/index.html").ToString());
        await page.Locator(".opblock").First.WaitForAsync();
        return swagger;
    }

    /// <summary>What the browser refused or failed to do, such as a script that the Content-Security-Policy forbids.</summary>
    public List<string> Errors { get; } = [];

    public async Task AuthorizeAsync(string key)
    {
        await page.Locator(".btn.authorize").First.ClickAsync();
        await page.Locator(".auth-container input[type=text], .auth-container input[type=password]").First.FillAsync(key);
        await page.Locator(".auth-container .btn.authorize").First.ClickAsync();
        await page.Locator(".btn-done").First.ClickAsync();
    }

    /// <summary>Runs an operation and waits until the page shows the answer; its status and body.</summary>
    /// <param name="operationId">Operation.</param>
    /// <param name="parameters">Values by name of the parameter.</param>
    /// <param name="body">Body, or null for what the page suggests.</param>
    public async Task<(string Status, string Body)> ExecuteAsync(string operationId, (string Name, string Value)[] parameters, string? body = null)
    {
        var operation = page.Locator($".opblock[id$='-{operationId}']");
        await operation.Locator(".opblock-summary").ClickAsync();
        var tryOut = operation.Locator(".try-out__btn:not(.cancel)");
        if (await tryOut.CountAsync() > 0)
        {
            await tryOut.ClickAsync();
        }

        foreach (var (name, value) in parameters)
        {
            await operation.Locator($"tr[data-param-name='{name}'] input").FillAsync(value);
        }

        if (body is not null)
        {
            await operation.Locator(".body-param__text").FillAsync(body);
        }

        var answer = await page.RunAndWaitForResponseAsync(
            () => operation.Locator(".btn.execute").ClickAsync(), response => response.Url.Contains("/api/", StringComparison.Ordinal));
        var text = await answer.TextAsync();
        var status = operation.Locator($".live-responses-table .response-col_status:has-text('{answer.Status}')");
        await status.First.WaitForAsync();

        // Closed again, so that the same operation can be opened by the next click.
        await operation.Locator(".opblock-summary").ClickAsync();
        return ($"{answer.Status}", text);
    }

    public Task CloseAsync() => page.Context.CloseAsync();

    private void Note(IConsoleMessage message)
    {
        if (message.Type == "error")
        {
            Errors.Add(message.Text);
        }
    }
}
