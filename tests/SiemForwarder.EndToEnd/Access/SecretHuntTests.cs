using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Npgsql;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Storage.Private;

namespace SiemForwarder.EndToEnd.Access;

/// <summary>Secrets are planted everywhere, every endpoint is called in every way, every server refuses and repeats what it was sent: no secret comes out.</summary>
public sealed class SecretHuntTests
{
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(6);

    private static readonly Dictionary<string, string> Everything = new()
    {
        ["Serilog__MinimumLevel__Default"] = "Debug",
        ["Serilog__MinimumLevel__Override__Microsoft"] = "Debug",
        ["Serilog__MinimumLevel__Override__Microsoft.EntityFrameworkCore.Database.Command"] = "Debug",
        ["Serilog__MinimumLevel__Override__Microsoft.EntityFrameworkCore.Update"] = "Debug",
        ["Serilog__MinimumLevel__Override__Microsoft.AspNetCore.DataProtection"] = "Debug",
        ["Serilog__MinimumLevel__Override__System.Net.Http"] = "Debug",
        ["Forwarder__Operations__Interval"] = "00:00:01",
        ["Forwarder__Dispatch__RetryDelay"] = "00:00:00.1",
    };

    private readonly StringBuilder answers = new();
    private readonly HashSet<string> called = [];

    [Fact]
    public async Task NoAnswerNoLogLineNoRowAndNoFileHoldsASecret()
    {
        Assert.SkipWhen(PostgresPrograms.FindFolder() is null, "no PostgreSQL programs on this machine");
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        bound.CancelAfter(Bound);
        await using var secrets = new PlantedSecrets();
        await using var folder = new TemporaryFolder();
        var master = WriteMasterKey(folder);
        secrets.Remember("admin key", AdminKey.Value);
        secrets.Remember("master key", File.ReadAllText(master).Trim());
        await using var forwarder = new ForwarderProcess(
            ForwarderProcess.NewFolder(), new Dictionary<string, string>(Everything) { ["Forwarder__Secrets__MasterKeyFile"] = master });
        await forwarder.StartAsync(bound.Token);

        var places = await PlantAsync(forwarder, secrets, bound.Token);
        secrets.AssertWhole();
        await PushAsync(forwarder, places, bound.Token);
        await forwarder.WaitForAsync(
            "/api/v1/integrations?pageSize=200",
            list => list["items"]!.AsArray().All(one => (string?)one!["status"]!["status"] != "Not yet invoked"), bound.Token);
        var operations = Operations(await forwarder.GetAsync("/openapi/v1.json", bound.Token));
        foreach (var operation in operations.OrderBy(one => one.Method == HttpMethod.Delete))
        {
            await CallAsync(forwarder, operation, places, bound.Token);
        }

        await GuessAsync(forwarder, places, secrets, bound.Token);
        var dump = await DumpAsync(forwarder.ConnectionString, bound.Token);
        await forwarder.StopAsync(bound.Token);

        Assert.Empty(operations.Select(one => $"{one.Method} {one.Path}").Except(called));
        Assert.All([" 200 ", " 201 ", " 400 ", " 401 ", " 404 ", " 412 "], status => Assert.Contains(status, answers.ToString(), StringComparison.Ordinal));
        Assert.Contains("DBG", forwarder.Output, StringComparison.Ordinal);
        Assert.Contains("invalid_client", answers.ToString(), StringComparison.Ordinal);
        Assert.Empty((string[])
        [
            .. secrets.FindIn("an answer", answers.ToString()), .. secrets.FindIn("the log", forwarder.Output), .. secrets.FindIn("the database", dump),
            .. Directory.EnumerateFiles(forwarder.DataFolder, "*.log", SearchOption.AllDirectories).SelectMany(file => secrets.FindIn(file, File.ReadAllText(file))),
        ]);
    }

    private static string WriteMasterKey(TemporaryFolder folder)
    {
        var path = Path.Combine(folder.Path, "master-key");
        File.WriteAllText(path, Convert.ToBase64String(System.Security.Cryptography.RandomNumberGenerator.GetBytes(32)));
        return path;
    }

    private async Task<Places> PlantAsync(ForwarderProcess forwarder, PlantedSecrets secrets, CancellationToken cancellationToken)
    {
        var places = new Places();
        foreach (var (collection, requests) in new[] { ("sources", secrets.Sources()), ("integrations", secrets.Integrations()) })
        {
            foreach (var request in requests)
            {
                var answer = await AskAsync(forwarder, HttpMethod.Post, $"/api/v1/{collection}", request.ToJsonString(), cancellationToken);
                Assert.True(answer.Status == HttpStatusCode.Created, $"{request["name"]}: {answer.Text}");
                places.Add(collection, $"{answer.Json["id"]}", request);
            }
        }

        // The two answers that show a key are the only ones that may.
        var key = await forwarder.PostAsync("/api/v1/keys", new { name = "program", role = "siem-viewer" }, cancellationToken);
        secrets.Remember("API key", ((string)key["key"]!).Split('_')[^1]);
        var rotated = await forwarder.PostAsync($"/api/v1/keys/{key["id"]}/rotate", new { }, cancellationToken);
        secrets.Remember("rotated API key", ((string)rotated["key"]!).Split('_')[^1]);
        places.Add("keys", (string)key["id"]!, new JsonObject());
        return places;
    }

    private async Task PushAsync(ForwarderProcess forwarder, Places places, CancellationToken cancellationToken)
    {
        var (id, request) = places.Of("sources").First(one => (string?)one.Request["inbox"]?["secondKey"] is not null);
        foreach (var key in new[] { "key", "secondKey" })
        {
            var pushed = await AskAsync(
                forwarder, HttpMethod.Post, $"/api/v1/sources/{id}/events",
                $$"""[{"event_id":"{{key}}","event_type":"account.provisioned","timestamp":"{{DateTimeOffset.UtcNow:O}}","subject":"alice"}]""", cancellationToken,
                ("X-API-Key", (string)request["inbox"]![key]!));
            Assert.Equal(HttpStatusCode.Accepted, pushed.Status);
        }
    }

    /// <summary>Calls an operation for every resource that it may be about, with all bodies that make sense or none.</summary>
    private async Task CallAsync(ForwarderProcess forwarder, Operation operation, Places places, CancellationToken cancellationToken)
    {
        called.Add($"{operation.Method} {operation.Path}");
        // A rotation answers with the key.
        if (operation.Path is "/api/v1/keys/{id}/rotate")
        {
            return;
        }

        var collection = operation.Path.Split('/').ElementAtOrDefault(3) ?? "";
        var known = places.Of(collection);
        List<(string Id, JsonObject Request)> all = operation.Path.Contains('{', StringComparison.Ordinal) && known.Count > 0
            ? [.. known, ("987654", new JsonObject())] : [("1", new JsonObject())];
        foreach (var (id, request) in all)
        {
            var path = Filled(operation.Path, id);
            if (operation.Method == HttpMethod.Get || operation.Method == HttpMethod.Delete)
            {
                await AskAsync(forwarder, operation.Method, path, null, cancellationToken);
                continue;
            }

            List<JsonObject> requests = request.Count > 0 ? [request] : [.. known.Select(one => one.Request).Where(one => one.Count > 0)];
            foreach (var body in Bodies(operation, requests))
            {
                await AskAsync(forwarder, operation.Method, path, body, cancellationToken);
                if (operation.Method != HttpMethod.Post)
                {
                    await AskAsync(forwarder, operation.Method, path, body, cancellationToken, ("If-Match", "\"999\""));
                    var current = await AskAsync(forwarder, HttpMethod.Get, path, null, cancellationToken);
                    await AskAsync(forwarder, operation.Method, path, body, cancellationToken, ("If-Match", current.ETag ?? "\"1\""));
                }
            }
        }
    }

    private static IEnumerable<string> Bodies(Operation operation, List<JsonObject> requests)
    {
        yield return "{}";
        if (!operation.Path.EndsWith("/{id}", StringComparison.Ordinal) && operation.Path is not ("/api/v1/sources" or "/api/v1/integrations")
            && !operation.Path.EndsWith("/preview", StringComparison.Ordinal) && !operation.Path.EndsWith("/test", StringComparison.Ordinal))
        {
            yield break;
        }

        foreach (var request in requests)
        {
            var whole = request.ToJsonString();
            yield return whole;
            yield return $$"""{"integration":{{whole}}}""";
            yield return whole[..^1];
            yield return whole[..(whole.IndexOf("m4rk", StringComparison.Ordinal) + 10)];
            yield return $"\"{Convert.ToBase64String(Encoding.UTF8.GetBytes(whole))}\"";
            yield return $"[{whole}]";
            yield return Wrapped(request, text => new JsonArray(text)).ToJsonString();
            yield return Wrapped(request, text => new JsonObject { ["value"] = text }).ToJsonString();
            yield return Wrapped(request, text => $"file:/{text}").ToJsonString();
            yield return Wrapped(request, text => text + "\u0000\r\nX-Forged: 1").ToJsonString();
        }
    }

    /// <summary>The request with every text that may be a secret made something else.</summary>
    private static JsonObject Wrapped(JsonObject request, Func<string, JsonNode> wrap)
    {
        var copy = request.DeepClone().AsObject();
        foreach (var name in new[] { "keycloak", "inbox", "authentication", "settings", "tls" }.Where(name => copy[name] is JsonObject))
        {
            var part = copy[name]!.AsObject();
            foreach (var (member, value) in part.ToList())
            {
                if (value?.GetValueKind() == System.Text.Json.JsonValueKind.String && member is not ("type" or "baseUrl" or "mode" or "authority" or "apiUrl"))
                {
                    part[member] = wrap(value.GetValue<string>());
                }
            }
        }

        copy["privacyKey"] = copy["privacyKey"] is { } key ? wrap(key.GetValue<string>()) : null;
        return copy;
    }

    /// <summary>Shows secrets where they do not belong.</summary>
    private async Task GuessAsync(ForwarderProcess forwarder, Places places, PlantedSecrets secrets, CancellationToken cancellationToken)
    {
        var (mark, inbox) = (secrets.Marks["key"], places.Of("sources").Last().Id);
        await AskAsync(forwarder, HttpMethod.Get, "/api/v1/me", null, cancellationToken, ("X-API-Key", mark));
        await AskAsync(forwarder, HttpMethod.Get, "/api/v1/me", null, cancellationToken, ("Authorization", $"Bearer {mark}"));
        await AskAsync(forwarder, HttpMethod.Get, "/api/v1/me", null, cancellationToken, ("Authorization", $"Bearer eyJhbGciOiJSUzI1NiJ9.{mark}.x"));
        await AskAsync(forwarder, HttpMethod.Get, "/api/v1/me", null, cancellationToken, ("Authorization", $"Basic {mark}"));
        await AskAsync(forwarder, HttpMethod.Get, "/api/v1/me", null, cancellationToken, ("Cookie", $"session={mark}"));
        await AskAsync(forwarder, HttpMethod.Post, $"/api/v1/sources/{inbox}/events", "{}", cancellationToken, ("X-API-Key", mark));
        await AskAsync(forwarder, HttpMethod.Post, $"/api/v1/sources/{inbox}/events", "{}", cancellationToken, ("X-Keycloak-Signature", mark));
    }

    private async Task<ApiAnswer> AskAsync(
        ForwarderProcess forwarder, HttpMethod method, string path, string? body, CancellationToken cancellationToken, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json") };
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        using var response = await forwarder.Api.SendAsync(request, cancellationToken);
        var text = await response.Content.ReadAsStringAsync(cancellationToken);
        answers.Append(System.Globalization.CultureInfo.InvariantCulture, $"{method} {path} {(int)response.StatusCode} {response.Headers}{text}\n");
        Assert.True((int)response.StatusCode is < 500 or 503, $"{method} {path} {body}: {(int)response.StatusCode} {text}");
        return new ApiAnswer(response.StatusCode, response.Headers.ETag?.ToString(), text);
    }

    private static string Filled(string path, string id)
    {
        var parts = path.Replace("{id}", id, StringComparison.Ordinal).Replace("{eventId}", "key", StringComparison.Ordinal).Split('/');
        return string.Join('/', parts.Select(part => part.StartsWith('{') ? "1" : part));
    }

    private static List<Operation> Operations(JsonNode document) =>
    [
        .. from path in document["paths"]!.AsObject()
           from operation in path.Value!.AsObject()
           select new Operation(new HttpMethod(operation.Key.ToUpperInvariant()), path.Key.Length > 1 ? path.Key.TrimEnd('/') : path.Key),
    ];

    /// <summary>Every row of every table as text, and the events of the log as they were before they were packed.</summary>
    private static async Task<string> DumpAsync(string connectionString, CancellationToken cancellationToken)
    {
        var dump = new StringBuilder();
        await using var database = NpgsqlDataSource.Create(connectionString);
        var tables = new List<string>();
        await using (var command = database.CreateCommand("SELECT quote_ident(table_name) FROM information_schema.tables WHERE table_schema = 'public'"))
        await using (var reader = await command.ExecuteReaderAsync(cancellationToken))
        {
            while (await reader.ReadAsync(cancellationToken))
            {
                tables.Add(reader.GetString(0));
            }
        }

        Assert.True(tables.Count > 20, $"{tables.Count} tables");
        foreach (var table in tables)
        {
            await using var command = database.CreateCommand($"SELECT t::text, to_jsonb(t)::text FROM {table} t");
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
            {
                dump.Append(table).Append(' ').Append(reader.GetString(0)).Append(reader.GetString(1)).Append('\n');
            }
        }

        await using var segments = database.CreateCommand("SELECT codec, body, last_position - first_position + 1 FROM segment");
        await using var rows = await segments.ExecuteReaderAsync(cancellationToken);
        while (await rows.ReadAsync(cancellationToken))
        {
            dump.Append(Encoding.UTF8.GetString(SegmentCodec.UnpackBody(rows.GetInt16(0), rows.GetFieldValue<byte[]>(1), (int)rows.GetInt64(2)).Bytes)).Append('\n');
        }

        return dump.ToString();
    }

    private sealed record Operation(HttpMethod Method, string Path);

    /// <summary>What was created, by collection, with the requests that did it.</summary>
    private sealed class Places
    {
        private readonly List<(string Collection, string Id, JsonObject Request)> all = [];

        public void Add(string collection, string id, JsonObject request) => all.Add((collection, id, request));

        public List<(string Id, JsonObject Request)> Of(string collection) => [.. all.Where(one => one.Collection == collection).Select(one => (one.Id, one.Request))];
    }
}
