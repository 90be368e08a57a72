using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;

namespace SiemForwarder.Service.Commands.Client;

/// <summary>The command <c>replay</c>: sends stored events again, and shows how far it is.</summary>
internal static class ReplayCommand
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

    private static readonly Argument<string> Integration = new("integration") { Description = "Name or id of an integration." };
    private static readonly Option<DateTimeOffset?> From = GivenTime.Create("--from", "Earliest time of the events");
    private static readonly Option<DateTimeOffset?> To = GivenTime.Create("--to", "Latest time of the events");
    private static readonly Option<bool> Everything = new("--everything") { Description = "All stored events, instead of those of a time." };
    private static readonly Option<string[]> Sources = new("--source") { Description = "Only events of this source; may be repeated.", HelpName = "SOURCE" };
    private static readonly Option<int?> Rate = new("--rate") { Description = "Events a second, 500 by default.", HelpName = "N" };
    private static readonly Option<bool> DryRun = new("--dry-run") { Description = "Tells what would be sent, and sends nothing." };
    private static readonly Option<bool> NoWait = new("--no-wait") { Description = "Ends once it has begun; it goes on at the service." };
    private static readonly Option<long?> Cancel = new("--cancel") { Description = "Cancels a replay that is under way.", HelpName = "ID" };

    public static ClientCommand Replay { get; } = new(
        "replay", "Sends stored events to an integration again, beside live traffic, and shows how far it is.", """
            siemforwarder replay siem --from 2h --dry-run
            siemforwarder replay siem --from 2026-01-01T00:00:00Z --to 2026-01-02T00:00:00Z
            siemforwarder replay siem --everything --source acme --rate 2000 --no-wait
            siemforwarder replay siem --cancel 3
            """, [ExitCodes.NotWell],
            RunAsync, Integration, From, To, Everything, Sources, Rate, DryRun, NoWait, Cancel);

    private static async Task<int> RunAsync(ParseResult result, HttpClient api, CommandOutput output, CancellationToken cancellationToken)
    {
        var integration = await api.FindAsync("integrations", result.GetValue(Integration)!, cancellationToken);
        var (name, path) = ((string)integration["name"]!, $"api/v1/integrations/{integration["id"]}/replays");
        if (result.GetValue(Cancel) is { } cancelled)
        {
            var ended = await api.OrderAsync($"{path}/{cancelled}/cancel", null, cancellationToken);
            await WriteAsync(ended, name, output);
            return ExitCodes.Done;
        }

        var request = await RequestAsync(result, api, cancellationToken);
        if (result.GetValue(DryRun))
        {
            await WriteEstimateAsync(await api.OrderAsync(path, request, cancellationToken), name, output);
            return ExitCodes.Done;
        }

        var replay = await api.OrderAsync(path, request, cancellationToken);
        if (!(bool)integration["enabled"]! || integration["pausedSince"] is not null)
        {
            await output.TellAsync($"Integration '{name}' is {((bool)integration["enabled"]! ? "paused" : "disabled")}: the replay waits until it runs.");
        }

        if (result.GetValue(NoWait))
        {
            await WriteAsync(replay, name, output);
            return ExitCodes.Done;
        }

        replay = await FollowAsync(api, $"{path}/{replay["id"]}", replay, integration, output, cancellationToken);
        await WriteAsync(replay, name, output);
        return (string?)replay["state"] == "done" ? ExitCodes.Done : ExitCodes.NotWell;
    }

    private static async Task<JsonObject> RequestAsync(ParseResult result, HttpClient api, CancellationToken cancellationToken)
    {
        if (result.GetValue(From) is null && result.GetValue(To) is null && !result.GetValue(Everything))
        {
            throw new CommandFaultException("Say which events: --from and --to, or --everything.");
        }

        var request = new JsonObject();
        if (result.GetValue(Sources) is { Length: > 0 } named)
        {
            var ids = new JsonArray();
            foreach (var one in named)
            {
                ids.Add((await api.FindAsync("sources", one, cancellationToken))["id"]!.DeepClone());
            }

            request["sources"] = ids;
        }

        (request["from"], request["to"]) = (result.GetValue(From), result.GetValue(To));
        (request["everything"], request["eventsPerSecond"], request["dryRun"]) = (result.GetValue(Everything), result.GetValue(Rate), result.GetValue(DryRun));
        return request;
    }

    private static async Task<JsonObject> FollowAsync(
        HttpClient api, string path, JsonObject replay, JsonObject integration, CommandOutput output, CancellationToken cancellationToken)
    {
        var progress = new ReplayProgress(output, (string)integration["name"]!);
        try
        {
            while (true)
            {
                await progress.ShowAsync((double)replay["percent"]!, Describe(replay));
                if ((string?)replay["state"] != "running")
                {
                    await progress.EndAsync();
                    return replay;
                }

                await Task.Delay(Interval, TimeProvider.System, cancellationToken);
                replay = await api.AskAsync(path, cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            await progress.EndAsync();
            await output.TellAsync($"The replay goes on at the service: {ClientCommands.Program} replay {integration["id"]} --cancel {replay["id"]} ends it.");
            throw;
        }
    }

    private static string Describe(JsonObject replay) => string.Create(CultureInfo.InvariantCulture, $"{(long)replay["delivered"]!:N0} sent")
        + (replay["error"] is { } error ? $", waits: {error}"
            : replay["estimatedSecondsLeft"] is { } left ? $", {ShownValue.Duration(TimeSpan.FromSeconds((long)left))} left" : "");

    private static async Task WriteAsync(JsonObject replay, string name, CommandOutput output)
    {
        if (output.IsJson)
        {
            await output.WriteJsonAsync(replay);
            return;
        }

        var missing = (long)replay["missing"]!;
        await output.WriteLineAsync(
            $"Replay {replay["id"]} of '{name}' is {replay["state"]}: {ShownValue.Count((long)replay["delivered"]!, "event")} sent, {replay["percent"]} %"
                + (missing > 0 ? $"; {ShownValue.Count(missing, "event")} no longer in the log." : "."));
    }

    private static async Task WriteEstimateAsync(JsonObject estimate, string name, CommandOutput output)
    {
        if (output.IsJson)
        {
            await output.WriteJsonAsync(estimate);
            return;
        }

        var about = (bool)estimate["isExact"]! ? "" : "about ";
        var (events, bytes) = (ShownValue.Count((long)estimate["events"]!, "event"), ShownValue.Count((long)estimate["bytes"]!, "byte"));
        await output.WriteLineAsync(
            $"A replay would send {about}{events} ({bytes}) to '{name}' in {ShownValue.Duration(TimeSpan.FromSeconds((long)estimate["estimatedSeconds"]!))}; "
                + $"it has got {(long)estimate["duplicatesExpected"]!:N0} of them already.");
    }

    /// <summary>A bar on a terminal; elsewhere a line where there is something to tell.</summary>
    private sealed class ReplayProgress(CommandOutput output, string name)
    {
        private const double Step = 10;

        private double told = -Step;
        private string? error;

        public async Task ShowAsync(double percent, string text)
        {
            if (output.IsTerminal)
            {
                await output.ShowProgressAsync(percent, text);
                return;
            }

            var waits = text.Contains("waits:", StringComparison.Ordinal) ? text : null;
            if (percent - told >= Step || (percent >= 100 && told < 100) || (waits is not null && waits != error))
            {
                told = percent;
                await output.TellAsync(string.Create(CultureInfo.InvariantCulture, $"'{name}': {percent:F1} %, {text}"));
            }

            error = waits;
        }

        public Task EndAsync() => output.EndProgressAsync();
    }
}
