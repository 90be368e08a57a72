using System.Collections.Concurrent;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Simulator;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.EndToEnd.Access;

/// <summary>Marked secrets in every place that takes one, every operation and many failures; then a search of all that somebody could read.</summary>
public sealed partial class SecretHuntTests(TestPostgres postgres)
{
    private const string OfService = "Forwarder__Secrets__MasterKeyFile";
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(3);
    private static readonly string[] LogSources = ["Microsoft", "Microsoft.Hosting.Lifetime", "Microsoft.EntityFrameworkCore.Database.Command",
        "Microsoft.EntityFrameworkCore.Database.Connection", "Microsoft.EntityFrameworkCore.Query", "Microsoft.EntityFrameworkCore.Update",
        "Microsoft.AspNetCore.DataProtection", "System.Net.Http"];

    // What comes back once, where a key is made or rotated.
    private static readonly string[] ShownOnce = ["POST /api/v1/keys", "POST /api/v1/keys/{id}/rotate"];

    [Fact]
    public async Task NoSecretIsInAnAnswerTheLogTheDatabaseOrAnEvent()
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        bound.CancelAfter(Bound);
        await using var folder = new TemporaryFolder();
        await using var planted = new PlantedSecrets();
        await using var siem = HttpReceiver.Start(new HttpReply(200));
        await using var keycloak = await KeycloakSimulator.StartAsync(new SimulatorOptions(), bound.Token);
        keycloak.Realm.Client.Secret = planted.Mark("clientSecret of a realm that works");
        var database = await postgres.CreateDatabaseAsync();
        await using var forwarder = new ForwarderProcess(ForwarderProcess.NewFolder(), Settings(planted, database, folder));
        await forwarder.StartAsync(bound.Token);
        var hunt = new Hunt(forwarder, planted, bound.Token);

        await hunt.PlantAsync(keycloak, siem);
        await hunt.WaitForFailuresAsync(siem);
        await hunt.AskEverythingAsync();
        await forwarder.StopAsync(bound.Token);

        planted.AssertWhole();
        var sent = planted.Sent;
        var proven = planted.Marks.Values.Count(mark => sent.Contains(mark, StringComparison.Ordinal));
        Assert.True(proven >= 12, $"{proven} secrets were used");
        Assert.Contains(" DBG ", forwarder.Output, StringComparison.Ordinal);
        hunt.Look("the log", forwarder.Output);
        hunt.Look("what a SIEM gets", string.Concat(siem.Requests.Select(request => Encoding.UTF8.GetString(request.PlainBody))));
        hunt.LookForStored("the database", await DatabaseDump.ReadAsync(database, bound.Token));
        Assert.True(hunt.Found.IsEmpty, $"{hunt.Found.Count}:\n" + string.Join("\n", hunt.Found.Take(40)));
    }

    private static Dictionary<string, string> Settings(PlantedSecrets planted, string database, TemporaryFolder folder)
    {
        var file = Path.Combine(folder.Path, "master-key");
        File.WriteAllText(file, planted.Remember("master key", Convert.ToBase64String(RandomNumberGenerator.GetBytes(32))) + "\n");
        planted.Remember("key of the administrator", AdminKey.Value);
        var settings = new Dictionary<string, string>
        {
            ["ConnectionStrings__Forwarder"] = database, [OfService] = file, [PlantedSecrets.Variable] = planted.OfVariable(),
            ["Serilog__MinimumLevel__Default"] = "Debug", ["Forwarder__Dispatch__RetryDelay"] = "00:00:00.05", ["Forwarder__Dispatch__RoundPause"] = "00:00:00.2",
        };
        foreach (var source in LogSources)
        {
            settings[$"Serilog__MinimumLevel__Override__{source}"] = "Debug";
        }

        return settings;
    }

    [GeneratedRegex(@"\{[^}]+\}")]
    private static partial Regex Parameter();

    /// <summary>Somebody who asks for everything and keeps where a secret was shown.</summary>
    private sealed class Hunt(ForwarderProcess forwarder, PlantedSecrets planted, CancellationToken cancellationToken)
    {
        private const int AtOnce = 12;

        private readonly List<int> sources = [];
        private readonly List<int> integrations = [];
        private readonly List<string> keys = [];
        private int inbox;

        public ConcurrentBag<string> Found { get; } = [];

        public void Look(string where, string text) => Add(planted.FindIn(where, text).Concat(planted.FindOfEvents(where, text)));

        public void LookForStored(string where, string text) => Add(planted.FindIn(where, text));

        private void Add(IEnumerable<string> found)
        {
            foreach (var one in found)
            {
                Found.Add(one);
            }
        }

        public async Task PlantAsync(KeycloakSimulator keycloak, HttpReceiver siem)
        {
            foreach (var (type, path, representation) in planted.Representations())
            {
                keycloak.Realm.AddAdminEvent("UPDATE", type, path, representation);
            }

            foreach (var source in planted.Sources())
            {
                sources.Add(await AddAsync("/api/v1/sources", source));
                inbox = (string)source["name"]! == "inbox key" ? sources[^1] : inbox;
            }

            sources.Add(await AddAsync("/api/v1/sources", new
            {
                name = "works",
                keycloak = new { baseUrl = keycloak.BaseUrl, realm = keycloak.Realm.Name, clientId = "siem-forwarder", clientSecret = keycloak.Realm.Client.Secret, start = "everything", pollIntervalSeconds = 1 },
            }));
            foreach (var integration in planted.Integrations())
            {
                integrations.Add(await AddAsync("/api/v1/integrations", integration));
            }

            foreach (var (outputType, schema) in new[] { ("JSON", "native"), ("JSON", "raw"), ("JSON", "ecs"), ("JSON", "ocsf"), ("CEF", null), ("LEEF", null), ("Syslog", null) })
            {
                integrations.Add(await AddAsync("/api/v1/integrations", new
                {
                    name = $"siem {outputType} {schema}", serverUrl = $"http://127.0.0.1:{siem.Port}/", outputType, schema, enabled = true, start = "everything", includeRepresentation = true,
                    authentication = new { type = "bearer", token = planted.Mark($"token of {outputType} {schema}") },
                }));
            }

            foreach (var (path, body) in planted.Refused())
            {
                var (status, text) = await AskAsync(HttpMethod.Post, path, path, body);
                Assert.True(status == 400, $"{path} {body} answered {status}: {text}");
            }

            foreach (var role in new[] { "siem-viewer", "siem-operator" })
            {
                var key = JsonNode.Parse((await AskAsync(HttpMethod.Post, "/api/v1/keys", "/api/v1/keys", $$"""{"name":"{{role}}","role":"{{role}}"}""")).Text)!;
                planted.Remember($"key of {role}", (string)key["key"]!);
                keys.Add((string)key["id"]!);
            }

            var rotated = JsonNode.Parse((await AskAsync(HttpMethod.Post, "/api/v1/keys/{id}/rotate", $"/api/v1/keys/{keys[0]}/rotate", "{}")).Text)!;
            planted.Remember("rotated key", (string)rotated["key"]!);
            await PushAsync(planted.Marks["key"], 202);
            await PushAsync(planted.Mark("wrong key of a sender"), 401);
            await WrongKeyAsync();
        }

        /// <summary>Waits until the servers have refused, an event was set aside, and the one that takes everything has the admin events.</summary>
        public async Task WaitForFailuresAsync(HttpReceiver siem)
        {
            await forwarder.WaitForAsync($"/api/v1/integrations/{integrations[1]}/status", status => status["setAside"]!.GetValue<long>() > 0, cancellationToken);
            foreach (var id in integrations.Where((_, index) => index is not 1 && index < integrations.Count - 7))
            {
                await forwarder.WaitForAsync($"/api/v1/integrations/{id}/status", status => status["lastError"] is not null, cancellationToken);
            }

            await siem.WaitForRequestsAsync(7, cancellationToken);
            foreach (var id in integrations.TakeLast(7))
            {
                await forwarder.WaitForAsync($"/api/v1/integrations/{id}/status", status => status["backlog"]!.GetValue<long>() == 0, cancellationToken);
            }
        }

        public async Task AskEverythingAsync()
        {
            var document = JsonNode.Parse((await AskAsync(HttpMethod.Get, "/openapi/v1.json", "/openapi/v1.json")).Text)!;
            var operations = document["paths"]!.AsObject()
                .SelectMany(path => path.Value!.AsObject().Select(one => (Path: path.Key, Method: new HttpMethod(one.Key.ToUpperInvariant()), Body: Example(one.Value!)))).ToList();
            // What ends or changes something comes late, and what tells of it last.
            var groups = operations.GroupBy(one => one.Method.Method switch { "GET" => 0, "POST" => one.Path.EndsWith("able", StringComparison.Ordinal) ? 2 : 1, "DELETE" => 4, _ => 3 })
                .OrderBy(group => group.Key).Append(operations.Where(one => one.Method == HttpMethod.Get));
            var events = JsonNode.Parse((await AskAsync(HttpMethod.Get, "/api/v1/events", "/api/v1/events?pageSize=500")).Text)!["items"]!.AsArray();
            Assert.True(events.Count(one => (string?)one!["category"] is not null) >= planted.Representations().Count, $"{events.Count} events");
            await Parallel.ForEachAsync(events, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken },
                async (one, _) => await AskAsync(HttpMethod.Get, "/api/v1/events/{eventId}", $"/api/v1/events/{one!["eventId"]}?source={one["source"]}"));
            foreach (var group in groups)
            {
                var requests = group.SelectMany(one => Places(one.Path).Select(place => (one.Path, one.Method, one.Body, Place: place)));
                await Parallel.ForEachAsync(requests, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken },
                    async (one, _) => await AskAsync(one.Method, one.Path, one.Place, one.Body));
            }
        }

        private IEnumerable<string> Places(string path) => path switch
        {
            _ when path.Contains("/sources/{", StringComparison.Ordinal) => sources.Select(id => Parameter().Replace(path, $"{id}")),
            _ when path.Contains("/integrations/{", StringComparison.Ordinal) => integrations.Select(id => Parameter().Replace(path.Replace("{id}", $"{id}", StringComparison.Ordinal), "1")),
            _ when path.Contains("/keys/{", StringComparison.Ordinal) => keys.Select(id => Parameter().Replace(path, id)),
            _ => [Parameter().Replace(path, "1")],
        };

        private static string? Example(JsonNode operation) => operation["requestBody"] is { } body ? body["content"]?["application/json"]?["example"]?.ToJsonString() ?? "{}" : null;

        private async Task<int> AddAsync(string path, object body)
        {
            var (status, text) = await AskAsync(HttpMethod.Post, path, path, body is JsonNode node ? node.ToJsonString() : System.Text.Json.JsonSerializer.Serialize(body));
            Assert.True(status == 201, $"{path} answered {status}: {text}");
            return (int)JsonNode.Parse(text)!["id"]!;
        }

        private async Task<(int Status, string Text)> AskAsync(HttpMethod method, string operation, string path, string? body = null)
        {
            using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json") };
            request.Headers.TryAddWithoutValidation("If-Match", "*");
            using var answer = await forwarder.Api.SendAsync(request, cancellationToken);
            var text = $"{answer.Headers}{await answer.Content.ReadAsStringAsync(cancellationToken)}";
            if (!ShownOnce.Contains($"{method} {operation}"))
            {
                Look($"{method} {path}, {(int)answer.StatusCode},", text);
            }

            return ((int)answer.StatusCode, text[(text.IndexOf('{', StringComparison.Ordinal) is >= 0 and var at ? at : text.Length)..]);
        }

        private async Task PushAsync(string key, int expected)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, $"/api/v1/sources/{inbox}/events")
            {
                Content = JsonContent.Create(new { event_type = "account.changed", event_id = $"e-{expected}", subject = "alice", timestamp = DateTimeOffset.UtcNow }),
            };
            request.Headers.TryAddWithoutValidation("X-API-Key", key);
            using var answer = await forwarder.Api.SendAsync(request, cancellationToken);
            Assert.Equal(expected, (int)answer.StatusCode);
            Look($"a push answered {expected}", await answer.Content.ReadAsStringAsync(cancellationToken));
        }

        private async Task WrongKeyAsync()
        {
            using var caller = new Caller(forwarder.Api.BaseAddress!);
            using var answer = await caller.SendAsync(planted.Mark("wrong key of a caller"), HttpMethod.Get, "/api/v1/me");
            Assert.Equal(401, (int)answer.StatusCode);
            Look("a wrong key", $"{answer.Headers}{await answer.Content.ReadAsStringAsync(cancellationToken)}");
        }
    }
}
