using System.CommandLine;
using System.Text.Json.Nodes;

namespace SiemForwarder.Service.Commands.Client;

/// <summary>The command <c>redrive</c>: sends events again that a destination rejected, and tells what became of each.</summary>
internal static class RedriveCommand
{
    private const int PageSize = 200;
    private const int MaxWatched = 5000;
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

    private static readonly Argument<string> Integration = new("integration") { Description = "Name or id of an integration." };
    private static readonly Option<bool> List = new("--list") { Description = "Lists what is set aside, and sends nothing." };
    private static readonly Option<string?> Reason = new("--reason") { Description = "Only those whose reason contains this text.", HelpName = "TEXT" };
    private static readonly Option<long[]> Ids = new("--id") { Description = "Only this one, by the id that --list shows; may be repeated.", HelpName = "ID" };
    private static readonly Option<bool> RenderAgain = new("--render-again")
    {
        Description = "Formats them anew by the settings of now, instead of sending the bytes that were rejected.",
    };

    private static readonly Option<bool> NoWait = new("--no-wait") { Description = "Ends once it has been asked for, without the results." };

    public static ClientCommand Redrive { get; } = new(
        "redrive", "Sends set-aside events to an integration again, and shows what became of them.", """
            siemforwarder redrive siem --list
            siemforwarder redrive siem --reason 'field limit' --render-again
            siemforwarder redrive siem
            """, [ExitCodes.NotWell],
            RunAsync, Integration, List, Reason, Ids, RenderAgain, NoWait);

    private static async Task<int> RunAsync(ParseResult result, HttpClient api, CommandOutput output, CancellationToken cancellationToken)
    {
        var integration = await api.FindAsync("integrations", result.GetValue(Integration)!, cancellationToken);
        var (name, path) = ((string)integration["name"]!, $"api/v1/integrations/{integration["id"]}/set-aside");
        var open = (await ReadAsync(api, path, cancellationToken)).FindAll(one => IsWaiting(one) && IsMeant(one, result));
        if (result.GetValue(List))
        {
            await WriteListAsync(open, name, output);
            return ExitCodes.Done;
        }

        var request = new JsonObject { ["reason"] = result.GetValue(Reason), ["renderAgain"] = result.GetValue(RenderAgain) };
        if (result.GetValue(Ids) is { Length: > 0 } ids)
        {
            request["ids"] = new JsonArray([.. ids.Select(id => (JsonNode)id)]);
        }

        var asked = (int)(await api.OrderAsync($"{path}/redrive", request, cancellationToken))["events"]!;
        var isFollowed = asked > 0 && !result.GetValue(NoWait);
        if (isFollowed && (!(bool)integration["enabled"]! || integration["pausedSince"] is not null))
        {
            await output.TellAsync($"Integration '{name}' does not run now: they are sent once it is enabled and not paused.");
            isFollowed = false;
        }

        var watched = open.Where(one => (string?)one["state"] == "open").Select(one => (long)one["id"]!).ToHashSet();
        var ended = isFollowed ? await FollowAsync(api, path, watched, output, cancellationToken) : [];
        var refused = ended.FindAll(one => (string?)one["state"] == "open");
        var delivered = ended.Count(one => (string?)one["state"] == "delivered");
        if (output.IsJson)
        {
            await output.WriteJsonAsync(new JsonObject
            {
                ["requested"] = asked, ["delivered"] = isFollowed ? delivered : null, ["refusedAgain"] = isFollowed ? new JsonArray([.. refused]) : null,
            });
        }
        else
        {
            var results = isFollowed ? $": {delivered} delivered, {refused.Count} refused again." : ".";
            await output.WriteLineAsync(asked == 0
                ? $"Nothing of '{name}' that is set aside and open matches."
                : $"{ShownValue.Count(asked, "event")} of '{name}' to be sent again{results}");
            foreach (var one in refused)
            {
                await output.WriteLineAsync($"! {one["id"]} ({one["eventType"]} {one["eventId"]}): {one["note"] ?? one["reason"]}");
            }
        }

        return refused.Count > 0 ? ExitCodes.NotWell : ExitCodes.Done;
    }

    private static async Task<List<JsonObject>> FollowAsync(
        HttpClient api, string path, HashSet<long> watched, CommandOutput output, CancellationToken cancellationToken)
    {
        while (true)
        {
            var ended = (await ReadAsync(api, path, cancellationToken)).FindAll(one => watched.Contains((long)one["id"]!));
            var waiting = ended.Count(one => (string?)one["state"] == "requested");
            await output.ShowProgressAsync(100.0 * (ended.Count - waiting) / Math.Max(1, ended.Count), $"{ShownValue.Count(waiting, "event")} to be sent");
            if (waiting == 0)
            {
                await output.EndProgressAsync();
                return ended;
            }

            try
            {
                await Task.Delay(Interval, TimeProvider.System, cancellationToken);
            }
            catch (OperationCanceledException)
            {
                await output.EndProgressAsync();
                await output.TellAsync("They are sent as soon as the destination takes them; --list shows those that wait.");
                throw;
            }
        }
    }

    private static async Task<List<JsonObject>> ReadAsync(HttpClient api, string path, CancellationToken cancellationToken)
    {
        var found = new List<JsonObject>();
        for (var page = 1; found.Count < MaxWatched; page++)
        {
            var items = (await api.AskAsync($"{path}?page={page}&pageSize={PageSize}", cancellationToken))["items"]!.AsArray();
            found.AddRange(items.Select(item => item!.DeepClone().AsObject()));
            if (items.Count < PageSize)
            {
                break;
            }
        }

        return found;
    }

    private static bool IsWaiting(JsonObject one) => (string?)one["state"] is "open" or "requested";

    // As the service reads them.
    private static bool IsMeant(JsonObject one, ParseResult result) =>
        (result.GetValue(Reason) is not { } reason || one["reason"]!.ToString().Contains(reason, StringComparison.OrdinalIgnoreCase))
            && (result.GetValue(Ids) is not { Length: > 0 } ids || ids.Contains((long)one["id"]!));

    private static async Task WriteListAsync(List<JsonObject> open, string name, CommandOutput output)
    {
        if (open.Count == 0 && !output.IsJson)
        {
            await output.TellAsync($"Nothing of '{name}' that is set aside and open matches.");
            return;
        }

        await output.WriteAsync(
            new JsonArray([.. open]), ["ID", "SET ASIDE (UTC)", "STATE", "TYPE", "EVENT", "REASON"],
            open.Select(one => (IReadOnlyList<JsonNode?>)
            [
                one["id"], ShownValue.Instant(one["setAsideAt"]), one["state"], one["eventType"], one["eventId"], one["note"] ?? one["reason"],
            ]));
    }
}
