using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;

namespace SiemForwarder.Service.Commands.Client;

/// <summary>The command <c>events</c>: search, live tail, and the journey of one event.</summary>
internal static class EventsCommand
{
    private const int PageSize = 500;
    private const int MaxPages = 20;

    // Rows are indexed in the order in which they commit, which is not quite that of their times.
    private static readonly TimeSpan Overlap = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private static readonly string[] Heads = ["TIME (UTC)", "TYPE", "OUTCOME", "USER", "CLIENT", "ADDRESS", "SOURCE", "EVENT"];
    private static readonly int[] Widths = [23, 22, 8, 20, 20, 15, 12, 36];

    private static readonly Argument<string?> EventId = new("event")
    {
        Description = "Id of one event: shows how it arrived, and what became of it at each integration.", Arity = ArgumentArity.ZeroOrOne,
    };

    private static readonly Option<DateTimeOffset?> From = GivenTime.Create("--from", "Earliest time of the events, by default 24 hours ago");
    private static readonly Option<DateTimeOffset?> To = GivenTime.Create("--to", "Latest time of the events");
    private static readonly Option<bool> ByReceipt = new("--by-receipt") { Description = "Times are those of receipt, not those of the events." };
    private static readonly Option<string?> Source = new("--source") { Description = "Name or id of a source.", HelpName = "SOURCE" };
    private static readonly Option<string?> Type = Text("--type", "Event type; a trailing * matches any ending.", "TYPE");
    private static readonly Option<string?> Category = Text("--category", "Category: authentication, iam, session …", "NAME");
    private static readonly Option<string?> Outcome = Text("--outcome", "success, failure or unknown.", "OUTCOME");
    private static readonly Option<string?> User = Text("--user", "User name or id, in any case.", "USER");
    private static readonly Option<string?> ClientId = Text("--client", "Client id.", "CLIENT");
    private static readonly Option<string?> Address = Text("--address", "Address or network: 192.0.2.1, 10.0.0.0/8, 2001:db8::/32.", "ADDRESS");
    private static readonly Option<int> Limit = new("--limit", "-n") { Description = "How many at most.", DefaultValueFactory = _ => 50, HelpName = "N" };
    private static readonly Option<bool> Follow = new("--follow")
    {
        Description = "Shows events as they are stored, oldest first, until Ctrl+C or its reader ends.",
    };

    public static ClientCommand Events { get; } = new(
        "events", "Searches stored events, newest first, follows new ones, or shows what became of one.", """
            siemforwarder events --user alice --from 7d
            siemforwarder events --outcome failure --address 10.0.0.0/8 --limit 500
            siemforwarder events --follow --type 'LOGIN*'
            siemforwarder events --from 2026-01-01 --to 2026-01-02 --output json | jq -r '.[].eventId'
            siemforwarder events 6f2c1e3a-0d2b-4d51-9f0e-5b8f6f0a3c11
            """, [],
            RunAsync, EventId, From, To, ByReceipt, Source, Type, Category, Outcome, User, ClientId, Address, Limit, Follow);

    private static Option<string?> Text(string name, string description, string help) => new(name) { Description = description, HelpName = help };

    private static async Task<int> RunAsync(ParseResult result, HttpClient api, CommandOutput output, CancellationToken cancellationToken)
    {
        if (result.GetValue(EventId) is { } id)
        {
            await WriteJourneyAsync(await api.AskAsync($"api/v1/events/{Uri.EscapeDataString(id)}", cancellationToken), output);
            return ExitCodes.Done;
        }

        if (result.GetValue(Limit) is < 1 or > PageSize * MaxPages)
        {
            throw new CommandFaultException($"--limit takes 1 to {PageSize * MaxPages}.");
        }

        var sources = (await api.ListAsync("api/v1/sources", cancellationToken)).ToDictionary(one => (int)one["id"]!, one => (string)one["name"]!);
        var query = await QueryAsync(result, api, cancellationToken);
        if (result.GetValue(Follow))
        {
            if (result.GetValue(To) is not null)
            {
                throw new CommandFaultException("--follow has no end: leave out --to.");
            }

            await FollowAsync(result, api, query, sources, output, cancellationToken);
            return ExitCodes.Done;
        }

        if (result.GetValue(To) is { } to)
        {
            query += $"&to={GivenTime.InQuery(to)}";
        }

        query += (result.GetValue(ByReceipt) ? "&time=receipt" : "") + (result.GetValue(From) is { } from ? $"&from={GivenTime.InQuery(from)}" : "");
        var (found, last) = await FindAsync(api, query, result.GetValue(Limit), cancellationToken);
        if (found.Count > 0 || output.IsJson)
        {
            await output.WriteAsync(new JsonArray([.. found]), Heads, found.Select(one => Row(one, sources)));
        }

        await TellMoreAsync(found.Count, last, output);
        return ExitCodes.Done;
    }

    private static async Task<string> QueryAsync(ParseResult result, HttpClient api, CancellationToken cancellationToken)
    {
        var query = "";
        foreach (var (name, option) in new[]
        {
            ("type", Type), ("category", Category), ("outcome", Outcome), ("user", User), ("client", ClientId), ("ip", Address),
        })
        {
            query += result.GetValue(option) is { } value ? $"&{name}={Uri.EscapeDataString(value)}" : "";
        }

        return result.GetValue(Source) switch
        {
            null => query,
            // The forwarder's own events have a source that no list shows.
            "0" or "forwarder" => $"{query}&source=0",
            var named => $"{query}&source={(await api.FindAsync("sources", named, cancellationToken))["id"]}",
        };
    }

    private static async Task<(List<JsonObject> Found, JsonObject Last)> FindAsync(
        HttpClient api, string query, int limit, CancellationToken cancellationToken)
    {
        var found = new List<JsonObject>();
        for (var page = 1; ; page++)
        {
            var last = await api.AskAsync($"api/v1/events?page={page}&pageSize={Math.Min(PageSize, limit)}{query}", cancellationToken);
            var items = last["items"]!.AsArray();
            found.AddRange(items.Select(item => item!.DeepClone().AsObject()));
            if (found.Count >= limit || items.Count < Math.Min(PageSize, limit))
            {
                return ([.. found.Take(limit)], last);
            }
        }
    }

    private static async Task TellMoreAsync(int shown, JsonObject last, CommandOutput output)
    {
        var total = (int)last["total"]!;
        var from = ShownValue.Instant(last["window"]!["from"]);
        if (shown == 0)
        {
            await output.TellAsync($"No stored event since {from} UTC matches; --from looks further back.");
        }
        else if (total > shown)
        {
            await output.TellAsync(string.Create(
                CultureInfo.InvariantCulture, $"{shown:N0} of {((bool)last["totalIsExact"]! ? "" : "more than ")}{total:N0}; --limit shows more."));
        }

        if ((long)last["indexLag"]! > 0)
        {
            await output.TellAsync($"{ShownValue.Count((long)last["indexLag"]!, "stored event")} cannot be found yet: the index is catching up.");
        }
    }

    private static async Task FollowAsync(
        ParseResult result, HttpClient api, string query, Dictionary<int, string> sources, CommandOutput output, CancellationToken cancellationToken)
    {
        if (!output.IsJson)
        {
            await output.WriteRowAsync([.. Heads], Widths);
        }

        // What was stored last comes first, so that somebody sees that it works; what was stored before that is left out for good.
        var shown = new Dictionary<(int Source, long Position), DateTimeOffset>();
        var ends = new Dictionary<int, long>();
        var start = result.GetValue(From) ?? TimeProvider.System.GetUtcNow() - TimeSpan.FromDays(1);
        var (since, limit) = (start, result.GetValue(Limit));
        for (var isFirst = true; ; isFirst = false)
        {
            var (found, _) = await FindAsync(api, $"{query}&time=receipt&from={GivenTime.InQuery(since)}", limit, cancellationToken);
            start = isFirst && found.Count == limit ? ReceivedAt(found[^1]) : start;
            foreach (var one in Enumerable.Reverse(found))
            {
                if (OutputReader.IsGone())
                {
                    return;
                }

                var (source, position, received) = ((int)one["source"]!, (long)one["position"]!, ReceivedAt(one));
                if (received < start || (!isFirst && position <= ends.GetValueOrDefault(source)) || !shown.TryAdd((source, position), received))
                {
                    continue;
                }

                if (isFirst)
                {
                    ends[source] = Math.Max(position, ends.GetValueOrDefault(source));
                }

                since = received - Overlap > since ? received - Overlap : since;
                await (output.IsJson ? output.WriteJsonLineAsync(one) : output.WriteRowAsync(Row(one, sources), Widths));
            }

            foreach (var key in shown.Where(one => one.Value < since).Select(one => one.Key).ToList())
            {
                shown.Remove(key);
            }

            limit = PageSize * MaxPages;
            await Task.Delay(Interval, TimeProvider.System, cancellationToken);
            if (OutputReader.IsGone())
            {
                return;
            }
        }
    }

    private static DateTimeOffset ReceivedAt(JsonObject one) => one["receivedAt"]!.GetValue<DateTimeOffset>();

    private static JsonNode?[] Row(JsonObject one, Dictionary<int, string> sources) =>
    [
        ShownValue.Millisecond(one["occurredAt"]), one["type"], one["outcome"], one["userName"] ?? one["userId"], one["clientId"], one["ip"],
        sources.GetValueOrDefault((int)one["source"]!, (int)one["source"]! == 0 ? "forwarder" : one["source"]!.ToString()), one["eventId"],
    ];

    private static async Task WriteJourneyAsync(JsonObject journey, CommandOutput output)
    {
        if (output.IsJson)
        {
            await output.WriteJsonAsync(journey);
            return;
        }

        await output.WriteLineAsync($"{journey["normalized"]!["event_type"]} of source '{journey["sourceName"]}' at position {journey["position"]}");
        await output.WriteLineAsync(
            $"happened {ShownValue.Millisecond(journey["occurredAt"])}, received {ShownValue.Millisecond(journey["receivedAt"])} (UTC)");
        await output.WriteLineAsync();
        await output.WriteTableAsync(
            ["INTEGRATION", "STATE", "WHY"],
            journey["integrations"]!.AsArray().Select(fate => (IReadOnlyList<JsonNode?>)[fate!["name"], fate["state"], fate["explanation"]]));
        await output.WriteLineAsync();
        await output.WriteLineAsync("As received:");
        await output.WriteLineAsync(journey["asReceived"]!.ToString());
    }
}
