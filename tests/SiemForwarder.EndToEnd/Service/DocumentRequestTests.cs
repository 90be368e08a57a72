using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.EndToEnd.Service;

/// <summary>Every request of the documentation is one that the service takes: its path, its query and its body.</summary>
public sealed partial class DocumentRequestTests(RunningForwarder running) : IClassFixture<RunningForwarder>
{
    private const string Root = "/api/v1/";
    private const string Key = "0123456789abcdef0123456789abcdef";

    /// <summary>A request as a page writes it for curl.</summary>
    /// <param name="Page">The page.</param>
    /// <param name="Method">Its method.</param>
    /// <param name="Path">Its path.</param>
    /// <param name="Query">Its query, without the question mark.</param>
    /// <param name="Body">Its body if it stands in the page, with a key where the shell would put one.</param>
    private sealed record WrittenRequest(string Page, HttpMethod Method, string Path, string Query, string? Body)
    {
        public bool IsWhole => Method == HttpMethod.Post && Body is not null && !Path[Root.Length..].Any(char.IsDigit);

        public override string ToString() => $"{Page}: {Method} {Path}";
    }

    [Fact]
    public async Task EveryRequestNamesAnOperationAndItsParameters()
    {
        var document = await (await running.GetAsync()).GetAsync("/openapi/v1.json");
        var requests = Requests().ToList();
        var faults = requests.Select(request => FindFault(request, document)).OfType<string>();

        Assert.InRange(requests.Count, 35, 500);
        Assert.Empty(faults);
    }

    [Fact]
    public async Task EveryRequestThatNeedsNothingElseIsTakenAsItStands()
    {
        var forwarder = await running.GetAsync();
        // Pages name sources by the ids that a reader has by then.
        foreach (var name in new[] { "first", "second" })
        {
            await forwarder.PostAsync("/api/v1/sources", new { name, kind = "http", inbox = new { key = Key } });
        }

        var refused = new List<string>();
        var requests = Requests().Where(one => one.IsWhole).ToList();
        foreach (var request in requests)
        {
            var answer = await forwarder.SendAsync(request.Method, request.Path, request.Body);
            if ((int)answer.Status is < 200 or >= 300)
            {
                refused.Add($"{request}: {answer.Text}");
            }
        }

        Assert.InRange(requests.Count, 6, 100);
        Assert.Empty(refused);
    }

    private static IEnumerable<WrittenRequest> Requests() =>
        from page in DocumentPages.All
        from command in DocumentPages.CommandsOf(page)
        where command.Contains("curl ", StringComparison.Ordinal)
        from Match address in Address().Matches(command)
        select new WrittenRequest(
            DocumentPages.NameOf(page), MethodOf(command), address.Groups["path"].Value, address.Groups["query"].Value, BodyOf(command));

    private static HttpMethod MethodOf(string command) => Method().Match(command) is { Success: true } given ? new HttpMethod(given.Groups["method"].Value)
        : Data().IsMatch(command) ? HttpMethod.Post : HttpMethod.Get;

    private static string? BodyOf(string command) =>
        Body().Match(command) is { Success: true } body ? body.Groups["json"].Value.Replace("'$key'", Key, StringComparison.Ordinal) : null;

    private static string? FindFault(WrittenRequest request, JsonNode document)
    {
        var operation = document["paths"]!.AsObject().Where(path => IsAt(path.Key, request.Path))
            .OrderBy(path => path.Key.Count(character => character == '{'))
            .Select(path => path.Value![request.Method.Method.ToLower(CultureInfo.InvariantCulture)]).FirstOrDefault(one => one is not null);
        if (operation is null)
        {
            return $"{request}: there is no such operation.";
        }

        var known = operation["parameters"]?.AsArray().Select(one => (string?)one!["name"]).ToHashSet() ?? [];
        if (request.Query.Split('&', StringSplitOptions.RemoveEmptyEntries).Select(pair => pair.Split('=')[0]).FirstOrDefault(name => !known.Contains(name)) is { } unknown)
        {
            return $"{request}: there is no parameter {unknown}.";
        }

        try
        {
            var members = request.Body is null ? [] : JsonNode.Parse(request.Body)!.AsObject().Select(member => member.Key);
            var schema = operation["requestBody"]?["content"]?.AsObject().Select(content => Resolve(content.Value!["schema"], document)).FirstOrDefault();
            return schema?["properties"] is JsonObject properties && members.FirstOrDefault(member => !properties.ContainsKey(member)) is { } stranger
                ? $"{request}: its body has no member {stranger}."
                : null;
        }
        catch (JsonException exception)
        {
            return $"{request}: {exception.Message}";
        }
    }

    private static bool IsAt(string template, string path) =>
        Regex.IsMatch(path, $"^{Parameter().Replace(Regex.Escape(template).Replace("}", "\\}", StringComparison.Ordinal), "[^/]+")}$");

    private static JsonNode? Resolve(JsonNode? schema, JsonNode document) =>
        (string?)schema?["$ref"] is { } name ? document["components"]!["schemas"]![name.Split('/')[^1]] : schema;

    [GeneratedRegex(@"(?:(?:http://)?(?:127\.0\.0\.1|localhost):8080|\$URL)(?<path>/api/v1/[^\s'""?)]*)(?:\?(?<query>[^\s'"")]*))?")]
    private static partial Regex Address();

    [GeneratedRegex(@"-X (?<method>[A-Z]+)")]
    private static partial Regex Method();

    [GeneratedRegex(@"(?:\s-d|--data-binary)\s")]
    private static partial Regex Data();

    [GeneratedRegex(@"\s-d '(?<json>\{.*\})'", RegexOptions.Singleline)]
    private static partial Regex Body();

    [GeneratedRegex(@"\\\{[^}]*\\\}")]
    private static partial Regex Parameter();
}
