using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using SiemForwarder.EndToEnd.Support;

namespace SiemForwarder.EndToEnd.Service;

/// <summary>Whatever is asked by the OpenAPI document or against it: no answer 500, no status that is not documented, no answer outside of its schema.</summary>
/// <remarks>SIEMFORWARDER_API_REQUESTS sets how many requests are made, SIEMFORWARDER_API_SEED which ones.</remarks>
public sealed partial class ApiPropertyTests(RunningForwarder running) : IClassFixture<RunningForwarder>
{
    private const int UsualRequests = 1000;
    private const string Lines = "application/x-ndjson";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task EveryAnswerIsOneThatTheDocumentAnnounces()
    {
        var forwarder = await running.GetAsync();
        var document = await forwarder.GetAsync("/openapi/v1.json");
        var (count, seed) = (Setting("SIEMFORWARDER_API_REQUESTS", UsualRequests), Setting("SIEMFORWARDER_API_SEED", 20260131));
        var (schema, random, faults) = (new ApiSchema(document), new Random(seed), new SortedDictionary<string, string>(StringComparer.Ordinal));
        await AddSomeAsync(forwarder);
        var operations = document["paths"]!.AsObject().SelectMany(path => path.Value!.AsObject().Select(one => (Path: path.Key, Method: one.Key, Node: one.Value!))).ToList();

        for (var request = 0; request < count; request++)
        {
            var (path, method, operation) = operations[request % operations.Count];
            using var message = Request(path, method, operation, schema, random, out var shown);
            using var answer = await forwarder.Api.SendAsync(message, Stop);
            var text = await answer.Content.ReadAsStringAsync(Stop);
            if (FindFault(operation, (int)answer.StatusCode, answer.Content.Headers.ContentType?.MediaType, text, schema) is { } fault)
            {
                faults.TryAdd($"{method.ToUpperInvariant()} {path}: {fault}", $"{shown} answered {Cut(text)}");
            }
        }

        Assert.True(faults.Count == 0, $"Seed {seed}, {faults.Count} kinds:\n" + string.Join("\n", faults.Select(fault => $"{fault.Key}\n    {fault.Value}")));
    }

    /// <summary>Every example, every parameter and every member of a body that has bounds or choices, at each end of the bounds and with each choice.</summary>
    [Fact]
    public async Task WhatTheDocumentAllowsIsNotRefused()
    {
        var forwarder = await running.GetAsync();
        var document = await forwarder.GetAsync("/openapi/v1.json");
        var (schema, refused, asked) = (new ApiSchema(document), new List<string>(), 0);
        await AddSomeAsync(forwarder);
        foreach (var (path, item) in document["paths"]!.AsObject())
        {
            foreach (var (method, operation) in item!.AsObject().Where(one => path.StartsWith("/api/", StringComparison.Ordinal)))
            {
                foreach (var (query, body) in Allowed(operation!, schema))
                {
                    using var request = new HttpRequestMessage(new HttpMethod(method.ToUpperInvariant()), Parameter().Replace(path, "1") + query);
                    request.Content = body is null ? null : new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
                    request.Headers.TryAddWithoutValidation("If-Match", "\"0\"");
                    using var answer = await forwarder.Api.SendAsync(request, Stop);
                    asked++;
                    if ((int)answer.StatusCode is 400 or 422 or >= 500)
                    {
                        refused.Add($"{method} {path}{query} {body?.ToJsonString()}: {Cut(await answer.Content.ReadAsStringAsync(Stop))}");
                    }
                }
            }
        }

        Assert.True(asked > 200, $"{asked} requests");
        Assert.True(refused.Count == 0, string.Join("\n", refused));
    }

    private static IEnumerable<(string Query, JsonNode? Body)> Allowed(JsonNode operation, ApiSchema schema)
    {
        // A body that is no JSON has tests of its own.
        if (operation["requestBody"] is { } body && body["content"]?["application/json"] is null)
        {
            yield break;
        }

        var example = operation["requestBody"]?["content"]?["application/json"]?["example"];
        if (operation["requestBody"] is null || example is not null)
        {
            yield return ("", example);
        }

        foreach (var parameter in operation["parameters"]?.AsArray().Where(one => (string)one!["in"]! == "query") ?? [])
        {
            foreach (var value in schema.Ends(parameter!["schema"]))
            {
                yield return ($"?{parameter["name"]}={Uri.EscapeDataString(Text(value))}", example);
            }
        }

        if (example is not null)
        {
            foreach (var varied in schema.Variations(example.AsObject(), operation["requestBody"]!["content"]!["application/json"]!["schema"]))
            {
                yield return ("", varied);
            }
        }
    }

    /// <summary>One of each, so that there is something to ask for.</summary>
    private static async Task AddSomeAsync(ForwarderApplication forwarder)
    {
        for (var i = 0; i < 3; i++)
        {
            var source = await forwarder.PostAsync("/api/v1/sources", new { name = $"source {i} {Guid.NewGuid():N}", kind = "http", inbox = new { key = "a-key-of-16-and-more" } });
            await SeededLog.AppendAsync(forwarder, (int)source["id"]!, ["alice", "bob"]);
            await forwarder.PostAsync("/api/v1/integrations", new { name = $"integration {i} {Guid.NewGuid():N}", serverUrl = "tcp://127.0.0.1:9" });
        }
    }

    private static HttpRequestMessage Request(string path, string method, JsonNode operation, ApiSchema schema, Random random, out string shown)
    {
        var (filled, query, headers) = (path, new List<string>(), new List<(string Name, string Value)>());
        foreach (var parameter in operation["parameters"]?.AsArray() ?? [])
        {
            var (name, place) = ((string)parameter!["name"]!, (string)parameter["in"]!);
            var value = random.Next(3) == 0 && place == "path" ? "1" : Text(schema.Value(random, parameter["schema"]));
            if (place == "path")
            {
                // A path with a NUL never reaches the service: Kestrel answers it with a bare 400.
                filled = filled.Replace(
                    $"{{{name}}}", Uri.EscapeDataString(value is "" or "." or ".." || value.Contains('\0', StringComparison.Ordinal) ? "1" : value), StringComparison.Ordinal);
            }
            else if (random.Next(2) == 0)
            {
                if (place == "query")
                {
                    query.Add($"{name}={Uri.EscapeDataString(value)}");
                }
                else
                {
                    headers.Add((name, value.ReplaceLineEndings(" ").Replace("\0", "", StringComparison.Ordinal)));
                }
            }
        }

        var url = query.Count == 0 ? filled : $"{filled}?{string.Join('&', query)}";
        var body = operation["requestBody"]?["content"]?["application/json"]?["schema"] is { } wanted ? schema.Value(random, wanted)?.ToJsonString() ?? "null" : null;
        var request = new HttpRequestMessage(new HttpMethod(method.ToUpperInvariant()), url);
        if (body is not null)
        {
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body)) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
        }

        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value.All(char.IsAscii) ? value : "x");
        }

        shown = $"{url} {string.Join(' ', headers)} {Cut(body ?? "")}";
        return request;
    }

    private static string? FindFault(JsonNode operation, int status, string? mediaType, string text, ApiSchema schema)
    {
        if (status >= 500 && status != 503)
        {
            return $"answers {status}";
        }

        var responses = operation["responses"]!.AsObject();
        if (responses[$"{status}"] is not { } response)
        {
            return $"answers {status}, which is not documented";
        }

        var content = response["content"]?.AsObject();
        if (text.Length == 0)
        {
            // A stream of records may have none, and no counter may have moved yet.
            return content is { Count: > 0 } && !content.ContainsKey(Lines) && !content.ContainsKey("text/plain") ? $"answers {status} without the body that is documented" : null;
        }

        if (mediaType is null || content?[mediaType] is not { } known)
        {
            return $"answers {status} as {mediaType}, documented is {string.Join(", ", content?.Select(one => one.Key) ?? ["no body"])}";
        }

        return !mediaType.EndsWith("json", StringComparison.Ordinal) || mediaType == Lines ? null
            : schema.Misfit(JsonNode.Parse(text), known["schema"]) is { } misfit ? $"answers {status} outside of its schema: {misfit}" : null;
    }

    private static string Text(JsonNode? value) => value switch
    {
        null => "",
        JsonValue one when one.GetValueKind() == JsonValueKind.String => one.GetValue<string>(),
        _ => value.ToJsonString(),
    };

    private static string Cut(string text) => text.Length > 400 ? text[..400] + "…" : text;

    private static int Setting(string name, int usual) => int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var value) ? value : usual;

    [GeneratedRegex(@"\{[^}]+\}")]
    private static partial Regex Parameter();
}
