using System.Net;
using System.Net.Http.Headers;
using System.Text;
using SiemForwarder.EndToEnd.Support;

namespace SiemForwarder.EndToEnd.Inbox;

/// <summary>A sender of events with the key of an inbox.</summary>
internal sealed class Pusher(HttpClient api, int sourceId)
{
    public const string Key = "inbox-key-0123456789abcdef";

    public int SourceId => sourceId;

    /// <summary>A source of kind <c>http</c>, and its sender.</summary>
    public static async Task<Pusher> CreateAsync(ForwarderApplication forwarder, string? name = null)
    {
        var source = await forwarder.PostAsync(
            "/api/v1/sources", new { name = name ?? $"apps-{Guid.NewGuid():N}", kind = "http", inbox = new { key = Key } });
        return new Pusher(forwarder.Api, source["id"]!.GetValue<int>());
    }

    public Task<ApiAnswer> PushAsync(string body, CancellationToken cancellationToken, string contentType = "application/json", string? key = Key) =>
        PushAsync(Encoding.UTF8.GetBytes(body), cancellationToken, contentType, null, key is null ? [] : [("X-API-Key", key)]);

    public async Task<ApiAnswer> PushAsync(
        byte[] body, CancellationToken cancellationToken, string contentType = "application/json", string? encoding = null, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/api/v1/sources/{sourceId}/events") { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(contentType);
        if (encoding is not null)
        {
            request.Content.Headers.ContentEncoding.Add(encoding);
        }

        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        using var response = await api.SendAsync(request, cancellationToken);
        var retryAfter = response.Headers.RetryAfter?.Delta is { } delay ? $"retry after {delay.TotalSeconds:0}" : null;
        Assert.True(response.StatusCode != HttpStatusCode.ServiceUnavailable || retryAfter is not null, "503 without Retry-After");
        return new ApiAnswer(response.StatusCode, retryAfter, await response.Content.ReadAsStringAsync(cancellationToken));
    }

    /// <summary>Accepted, duplicates, rejected of an answer.</summary>
    public static (int Accepted, int Duplicates, int Rejected) Counts(ApiAnswer answer) =>
        (answer.Json["accepted"]!.GetValue<int>(), answer.Json["duplicates"]!.GetValue<int>(), answer.Json["rejected"]!.AsArray().Count);

    public static string Event(string id, string type = "account.provisioned", string subject = "alice") =>
        $$"""{"event_id":"{{id}}","event_type":"{{type}}","timestamp":"{{DateTimeOffset.UtcNow:O}}","subject":"{{subject}}","ip_address":"192.0.2.7"}""";
}
