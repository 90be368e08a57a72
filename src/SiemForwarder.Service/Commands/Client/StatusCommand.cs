using System.CommandLine;
using System.Text.Json.Nodes;

namespace SiemForwarder.Service.Commands.Client;

/// <summary>The command <c>status</c>: how sources, integrations and engines are doing, and what somebody has to look after.</summary>
internal static class StatusCommand
{
    private const int AtOnce = 8;

    private static readonly Option<bool> Watch = new("--watch", "-w") { Description = "Shows it anew every two seconds, until Ctrl+C." };
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    // An alarm that says what the state of its subject says already.
    private static readonly HashSet<string> InStates = ["INTEGRATION_FAILING", "SOURCE_UNREACHABLE", "EVENTS_SET_ASIDE", "CREDENTIAL_EXPIRING"];

    public static ClientCommand Status { get; } = new(
        "status", "Shows how integrations, sources and engines are doing, and what needs attention.", """
            siemforwarder status
            siemforwarder status --watch
            siemforwarder status --output json | jq -r '.attention[].message'
            siemforwarder status || notify "SiemForwarder needs attention"
            """, [ExitCodes.NotWell], RunAsync, Watch);

    private static async Task<int> RunAsync(ParseResult result, HttpClient api, CommandOutput output, CancellationToken cancellationToken)
    {
        while (true)
        {
            var state = await ReadAsync(api, cancellationToken);
            var code = state["attention"]!.AsArray().Count > 0 ? ExitCodes.NotWell : ExitCodes.Done;
            if (result.GetValue(Watch) && !output.IsJson)
            {
                await output.ClearAsync();
            }

            await WriteAsync(state, output, result.GetValue(Watch));
            if (!result.GetValue(Watch))
            {
                return code;
            }

            await Task.Delay(Interval, TimeProvider.System, cancellationToken);
        }
    }

    /// <summary>All states as one value.</summary>
    public static async Task<JsonObject> ReadAsync(HttpClient api, CancellationToken cancellationToken)
    {
        var readiness = await api.AskReadinessAsync(cancellationToken);
        var integrations = await ReadStatesAsync(api, "integrations", ["id", "name", "enabled", "enginePool", "destination", "serverUrl"], cancellationToken);
        var sources = await ReadStatesAsync(api, "sources", ["id", "name", "kind", "enabled"], cancellationToken);
        var engines = await api.ListAsync("api/v1/engines", cancellationToken);
        var alarms = await api.ListAsync("api/v1/alarms", cancellationToken);
        var attention = FindAttention(readiness, integrations, sources, engines, alarms);
        return new JsonObject
        {
            ["ready"] = (string?)readiness["status"] == "ready",
            ["needsAttention"] = attention.Count > 0,
            ["attention"] = new JsonArray([.. attention]),
            ["integrations"] = new JsonArray([.. integrations]),
            ["sources"] = new JsonArray([.. sources]),
            ["engines"] = new JsonArray([.. engines]),
            ["alarms"] = new JsonArray([.. alarms]),
        };
    }

    private static async Task<List<JsonObject>> ReadStatesAsync(HttpClient api, string list, string[] members, CancellationToken cancellationToken)
    {
        var states = new List<JsonObject>();
        foreach (var some in (await api.ListAsync($"api/v1/{list}", cancellationToken)).Chunk(AtOnce))
        {
            states.AddRange(await Task.WhenAll(some.Select(one => ReadStateAsync(api, list, one, members, cancellationToken))));
        }

        return states;
    }

    private static async Task<JsonObject> ReadStateAsync(
        HttpClient api, string list, JsonObject resource, string[] members, CancellationToken cancellationToken)
    {
        var state = new JsonObject();
        var details = await api.AskAsync($"api/v1/{list}/{resource["id"]}/status", cancellationToken);
        var named = members.Select(member => KeyValuePair.Create(member, resource[member]));
        foreach (var (name, value) in named.Concat(resource["status"]!.AsObject()).Concat(details))
        {
            state[name] = value?.DeepClone();
        }

        return state;
    }

    private static List<JsonObject> FindAttention(
        JsonObject readiness, List<JsonObject> integrations, List<JsonObject> sources, List<JsonObject> engines, List<JsonObject> alarms)
    {
        var found = new List<JsonObject>();
        if (readiness["database"] is { } database)
        {
            Add("service", $"The event log cannot be written: {database}");
        }

        foreach (var loop in readiness["loops"]?.AsArray() ?? [])
        {
            Add("service", $"A background loop fails ({loop!["loop"]}): {loop["reason"]}");
        }

        if (!engines.Exists(engine => (bool)engine["alive"]!))
        {
            Add("service", "No engine is alive, so nothing is polled or sent: start one, and see the logs of those that ended.");
        }

        foreach (var one in integrations)
        {
            var name = $"integration '{one["name"]}'";
            AddIf((string?)one["status"] == "Error", name, one["lastError"]?["message"]?.ToString() ?? one["message"]?.ToString());
            AddIf(
                (string?)one["status"] != "Disabled" && (long)one["setAside"]! > 0, name,
                $"{ShownValue.Count((long)one["setAside"]!, "event")} set aside: see {ClientCommands.Program} redrive --help.");
            AddWarnings(name, one);
        }

        foreach (var one in sources)
        {
            var name = $"source '{one["name"]}'";
            AddIf((string?)one["status"] == "Error", name, one["message"]?.ToString());
            AddWarnings(name, one);
        }

        foreach (var alarm in alarms.Where(alarm => !InStates.Contains((string)alarm["kind"]!)))
        {
            Add($"alarm {alarm["kind"]}", alarm["message"]!.ToString());
        }

        // States of the moment may be well again, while the alarm still stands.
        foreach (var alarm in alarms.Where(alarm => InStates.Contains((string)alarm["kind"]!) && !found.Exists(one => IsAbout(one, alarm))))
        {
            Add($"alarm {alarm["kind"]}", alarm["message"]!.ToString());
        }

        return found;

        void Add(string subject, string message) => found.Add(new JsonObject { ["subject"] = subject, ["message"] = message });

        void AddIf(bool isSo, string subject, string? message)
        {
            if (isSo)
            {
                Add(subject, message ?? "It is in Error; the service does not say why yet.");
            }
        }

        void AddWarnings(string subject, JsonObject state)
        {
            foreach (var warning in (string?)state["status"] == "Disabled" ? [] : state["warnings"]?.AsArray() ?? [])
            {
                Add(subject, warning!.ToString());
            }
        }
    }

    private static bool IsAbout(JsonObject found, JsonObject alarm) =>
        ((string)found["subject"]!).EndsWith($" '{alarm["name"]}'", StringComparison.Ordinal);

    private static async Task WriteAsync(JsonObject state, CommandOutput output, bool isWatched)
    {
        if (output.IsJson)
        {
            await (isWatched ? output.WriteJsonLineAsync(state) : output.WriteJsonAsync(state));
            return;
        }

        var now = TimeProvider.System.GetUtcNow();
        await output.WriteTableAsync(
            ["INTEGRATION", "STATUS", "SINCE", "BACKLOG", "OLDEST", "SET ASIDE", "LAST SUCCESS", "NEXT ATTEMPT", "POOL", "ENGINE"],
            state["integrations"]!.AsArray().Select(one => (IReadOnlyList<JsonNode?>)
            [
                one!["name"], one["paused"] is null ? one["status"] : $"{one["status"]}, paused", ShownValue.Age(one["paused"]?["since"] ?? one["since"], now),
                one["backlog"], ShownValue.Age(one["oldestUndeliveredAt"], now), one["setAside"], ShownValue.Instant(one["lastSuccessAt"]),
                ShownValue.Instant(one["nextAttemptAt"]), one["enginePool"], one["engine"],
            ]));
        await output.WriteLineAsync();
        await output.WriteTableAsync(
            ["SOURCE", "KIND", "STATUS", "STREAMS", "STORED", "LAST STORED", "ENGINE"],
            state["sources"]!.AsArray().Select(one => (IReadOnlyList<JsonNode?>)
            [
                one!["name"], one["kind"], one["status"], Streams(one["poll"]), one["storedEvents"], ShownValue.Instant(one["lastStoredAt"]), one["engine"],
            ]));
        await output.WriteLineAsync();
        await output.WriteTableAsync(
            ["ENGINE", "VERSION", "ROLES", "POOLS", "SOURCES", "INTEGRATIONS", "STARTED", "SEEN"],
            state["engines"]!.AsArray().Select(one => (IReadOnlyList<JsonNode?>)
            [
                one!["name"], one["version"], Joined(one["roles"]), Joined(one["pools"]), one["sources"]!.AsArray().Count, one["integrations"]!.AsArray().Count,
                ShownValue.Instant(one["startedAt"]), (bool)one["alive"]! ? "alive" : $"{ShownValue.Age(one["lastSeenAt"], now)} ago",
            ]));
        await output.WriteLineAsync();
        var attention = state["attention"]!.AsArray();
        await output.WriteLineAsync(attention.Count == 0 ? "All is well." : "Needs attention (times are UTC):");
        foreach (var one in attention)
        {
            await output.WriteLineAsync($"! {one!["subject"]}: {one["message"]}");
        }
    }

    private static string Joined(JsonNode? list) => string.Join(", ", list?.AsArray().Select(one => one!.ToString()) ?? []);

    private static string Streams(JsonNode? poll) =>
        string.Join(", ", poll?["streams"]?.AsArray().Select(stream => $"{stream!["stream"]} {stream["state"]}") ?? []);
}
