using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Components;
using MudBlazor;
using SiemForwarder.WebConsole.Api;
using SiemForwarder.WebConsole.Layout;

namespace SiemForwarder.WebConsole.Pages;

/// <summary>What all pages have in common: they ask the API, show what is wrong, and look again while they are open.</summary>
public abstract class ConsolePage : ComponentBase, IDisposable
{
    private readonly CancellationTokenSource closed = new();

    [Inject]
    protected ConsoleApi Api { get; set; } = null!;

    [Inject]
    protected NavigationManager Navigation { get; set; } = null!;

    [Inject]
    protected Notices Notices { get; set; } = null!;

    [Inject]
    protected IDialogService Dialogs { get; set; } = null!;

    [Inject]
    protected TimeProvider Time { get; set; } = null!;

    [CascadingParameter]
    protected Person Me { get; set; } = null!;

    /// <summary>Why the page could not be read, or the last action failed; null if all is well.</summary>
    protected string? Fault { get; set; }

    /// <summary>Whether an action is under way.</summary>
    protected bool IsBusy { get; private set; }

    /// <summary>Ends what the page waits for when it is closed.</summary>
    protected CancellationToken Closed => closed.Token;

    /// <summary>How often the page looks again; never by default.</summary>
    protected virtual TimeSpan? Interval => null;

    /// <summary>Reads what the page shows.</summary>
    protected virtual Task ReadAsync() => Task.CompletedTask;

    protected override async Task OnInitializedAsync()
    {
        await ReadAsync();
        if (Interval is { } interval)
        {
            _ = LookAgainAsync(interval);
        }
    }

    /// <summary>Reads one resource; its body, or null with the fault shown.</summary>
    protected async Task<JsonNode?> AskAsync(string path)
    {
        var reply = await Api.GetAsync(path, Closed);
        if (!reply.IsDone)
        {
            Fault = reply.Fault;
        }

        return reply.IsDone ? reply.Body : null;
    }

    /// <summary>Has something done, says so, and reads the page again.</summary>
    /// <param name="action">What is to be done.</param>
    /// <param name="done">What to say when it is done.</param>
    protected async Task<ApiReply?> DoAsync(Func<Task<ApiReply>> action, string done)
    {
        if (IsBusy)
        {
            return null;
        }

        (IsBusy, Fault) = (true, null);
        StateHasChanged();
        try
        {
            var reply = await action();
            if (reply.IsPending)
            {
                Notices.Add("The change waits for the approval of a second administrator.");
            }
            else if (reply.IsDone)
            {
                Notices.Add(done);
            }
            else
            {
                Fault = reply.Fault;
            }

            if (reply.IsDone)
            {
                await ReadAsync();
            }

            return reply;
        }
        finally
        {
            IsBusy = false;
            // A part of the page that had it done draws itself alone, and the others would show what was read before.
            StateHasChanged();
        }
    }

    /// <summary>Asks before something that cannot be undone.</summary>
    protected async Task<bool> ConfirmAsync(string title, string text, string yes) =>
        await Dialogs.ShowMessageBoxAsync(title, text, yesText: yes, cancelText: "Cancel") == true;

    private async Task LookAgainAsync(TimeSpan interval)
    {
        using var timer = new PeriodicTimer(interval, Time);
        try
        {
            while (await timer.WaitForNextTickAsync(Closed))
            {
                await InvokeAsync(async () =>
                {
                    if (!IsBusy)
                    {
                        await ReadAsync();
                        StateHasChanged();
                    }
                });
            }
        }
        catch (OperationCanceledException) when (Closed.IsCancellationRequested)
        {
            // The page was closed.
            return;
        }
        catch (Exception exception)
        {
            await DispatchExceptionAsync(exception);
        }
    }

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing)
    {
        if (disposing)
        {
            closed.Cancel();
            closed.Dispose();
        }
    }
}
