using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Authorization;

namespace SiemForwarder.WebConsole.Api;

/// <summary>Asks the API for what a page shows, and has done what a person clicks.</summary>
public sealed class ConsoleApi(IConsoleConnection connection, AuthenticationStateProvider authentication, NavigationManager navigation) : IDisposable
{
    private HttpClient? client;

    public Task<ApiReply> GetAsync(string path, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Get, path, null, null, cancellationToken);

    public Task<ApiReply> PostAsync(string path, JsonNode? body = null, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, path, body ?? new JsonObject(), null, cancellationToken);

    /// <summary>Changes what is given, if nobody else changed the resource since it was read.</summary>
    public Task<ApiReply> PatchAsync(string path, JsonNode changes, int version, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Patch, path, changes, version, cancellationToken);

    public Task<ApiReply> PutAsync(string path, JsonNode body, int? version = null, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Put, path, body, version, cancellationToken);

    public Task<ApiReply> DeleteAsync(string path, int? version = null, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Delete, path, null, version, cancellationToken);

    /// <summary>Has something done that tells in lines of JSON how it gets on; the last line, or what was wrong.</summary>
    /// <param name="path">Path of the resource.</param>
    /// <param name="told">Called with each line as it comes.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    public async Task<ApiReply> FollowAsync(string path, Func<JsonNode, Task> told, CancellationToken cancellationToken)
    {
        client ??= connection.Connect((await authentication.GetAuthenticationStateAsync()).User);
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent("{}", Encoding.UTF8, "application/json") };
        request.Headers.Accept.ParseAdd("application/x-ndjson");
        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        if (!response.IsSuccessStatusCode)
        {
            return Judge(ApiReply.Read(response.StatusCode, await response.Content.ReadAsStringAsync(cancellationToken)));
        }

        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync(cancellationToken));
        var last = ApiReply.Read(response.StatusCode, "");
        while (await lines.ReadLineAsync(cancellationToken) is { } line)
        {
            last = ApiReply.Read(response.StatusCode, line);
            await told(last.Body!);
        }

        return last;
    }

    private async Task<ApiReply> SendAsync(HttpMethod method, string path, JsonNode? body, int? version, CancellationToken cancellationToken)
    {
        client ??= connection.Connect((await authentication.GetAuthenticationStateAsync()).User);
        using var request = new HttpRequestMessage(method, path);
        if (body is not null)
        {
            var type = method == HttpMethod.Patch ? "application/merge-patch+json" : "application/json";
            request.Content = new StringContent(body.ToJsonString(), Encoding.UTF8, type);
        }

        if (version is { } expected)
        {
            request.Headers.IfMatch.Add(new EntityTagHeaderValue(string.Create(CultureInfo.InvariantCulture, $"\"{expected}\"")));
        }

        using var response = await client.SendAsync(request, cancellationToken);
        return Judge(ApiReply.Read(response.StatusCode, await response.Content.ReadAsStringAsync(cancellationToken)));
    }

    private ApiReply Judge(ApiReply reply)
    {
        if (reply.Status == HttpStatusCode.Unauthorized)
        {
            // The session has ended; whoever signs in again comes back to this page.
            navigation.NavigateTo($"signin/key?returnUrl={Uri.EscapeDataString("/" + navigation.ToBaseRelativePath(navigation.Uri))}", forceLoad: true);
        }

        return reply;
    }

    public void Dispose() => client?.Dispose();
}

/// <summary>What the API answered.</summary>
/// <param name="Status">Status of the answer.</param>
/// <param name="Body">JSON of the answer; null if there is none.</param>
/// <param name="Text">The answer as it was sent.</param>
public sealed record ApiReply(HttpStatusCode Status, JsonNode? Body, string Text)
{
    public bool IsDone => (int)Status is >= 200 and < 300;

    /// <summary>Accepted, but waiting for the approval of a second administrator.</summary>
    public bool IsPending => Status == HttpStatusCode.Accepted;

    public static ApiReply Read(HttpStatusCode status, string text)
    {
        try
        {
            return new ApiReply(status, text.Length == 0 ? null : JsonNode.Parse(text), text);
        }
        catch (JsonException)
        {
            return new ApiReply(status, null, text);
        }
    }

    /// <summary>What went wrong, in one sentence or more.</summary>
    public string Fault
    {
        get
        {
            var fields = Body?["errors"] as JsonObject;
            var said = fields is { Count: > 0 } ? string.Join(" ", fields.Select(one => $"{one.Key}: {one.Value.Texts()}")) : null;
            return said ?? Body.Text("detail") ?? Body.Text("title") ?? string.Create(CultureInfo.InvariantCulture, $"The service answered {(int)Status}.");
        }
    }

    /// <summary>What is wrong with one field; null if nothing is.</summary>
    public string? FaultOf(string field) => Body?["errors"] is JsonObject errors
        ? errors.FirstOrDefault(error => string.Equals(error.Key, field, StringComparison.OrdinalIgnoreCase)).Value.Texts() : null;
}

/// <summary>Reads JSON whose members may be absent.</summary>
public static class JsonReading
{
    public static string? Text(this JsonNode? node, string name) => (node as JsonObject)?[name] switch
    {
        null => null,
        JsonValue value when value.GetValueKind() == JsonValueKind.String => value.GetValue<string>(),
        var other => other.ToJsonString(),
    };

    public static bool Flag(this JsonNode? node, string name) => (node as JsonObject)?[name] is JsonValue value && value.GetValueKind() == JsonValueKind.True;

    public static long? Number(this JsonNode? node, string name) =>
        (node as JsonObject)?[name] is JsonValue value && value.GetValueKind() == JsonValueKind.Number ? (long)value.GetValue<JsonElement>().GetDouble() : null;

    /// <summary>A number that need not be whole.</summary>
    public static double? Decimal(this JsonNode? node, string name) =>
        (node as JsonObject)?[name] is JsonValue value && value.GetValueKind() == JsonValueKind.Number ? value.GetValue<JsonElement>().GetDouble() : null;

    public static DateTimeOffset? Time(this JsonNode? node, string name) =>
        DateTimeOffset.TryParse(node.Text(name), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time : null;

    /// <summary>The items of a list, or of a page of one.</summary>
    public static IReadOnlyList<JsonNode> Items(this JsonNode? node, string? name = null) =>
        ((name is null ? node : (node as JsonObject)?[name]) switch
        {
            JsonArray array => array,
            JsonObject page when page["items"] is JsonArray items => items,
            _ => null,
        })?.OfType<JsonNode>().ToList() ?? [];

    /// <summary>The texts of a list as one.</summary>
    public static string? Texts(this JsonNode? node) => node switch
    {
        null => null,
        JsonArray array => string.Join(" ", array.Select(Texts)),
        JsonValue value when value.GetValueKind() == JsonValueKind.String => value.GetValue<string>(),
        _ => node.ToJsonString(),
    };
}
