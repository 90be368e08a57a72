using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using SiemForwarder.EndToEnd.Support;

namespace SiemForwarder.EndToEnd.Inbox;

/// <summary>A push that only the inbox can judge skips the search for a caller; a cookie that means nothing makes it take the whole way. Both answer alike.</summary>
public sealed class PushWayTests(RunningForwarder running) : IClassFixture<RunningForwarder>
{
    private const string Json = "application/json";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string, HttpStatusCode> Refusals => new()
    {
        { "no key", HttpStatusCode.Unauthorized },
        { "wrong key", HttpStatusCode.Unauthorized },
        { "wrong type", HttpStatusCode.UnsupportedMediaType },
        { "wrong charset", HttpStatusCode.UnsupportedMediaType },
        { "broken", HttpStatusCode.BadRequest },
        { "no event", HttpStatusCode.BadRequest },
        { "rejected event", HttpStatusCode.BadRequest },
        { "too large", HttpStatusCode.RequestEntityTooLarge },
        { "other source", HttpStatusCode.NotFound },
        { "other host", HttpStatusCode.MisdirectedRequest },
        { "foreign page", HttpStatusCode.Forbidden },
    };

    [Theory]
    [MemberData(nameof(Refusals))]
    public async Task ARefusalIsTheSameOnBothWays(string kind, HttpStatusCode expected)
    {
        var forwarder = await running.GetAsync();
        var id = (await Pusher.CreateAsync(forwarder)).SourceId;

        var (brief, whole) = (await SendAsync(forwarder, id, kind, isWhole: false), await SendAsync(forwarder, id, kind, isWhole: true));

        Assert.Equal(expected, brief.Status);
        Assert.Equal(whole, brief);
    }

    [Fact]
    public async Task AnAcceptedPushIsTheSameOnBothWaysAndCountedOnBoth()
    {
        var forwarder = await running.GetAsync();
        var pusher = await Pusher.CreateAsync(forwarder);

        var first = await SendAsync(forwarder, pusher.SourceId, "new event", isWhole: false);
        var second = await SendAsync(forwarder, pusher.SourceId, "new event", isWhole: true);

        Assert.Equal(HttpStatusCode.Accepted, first.Status);
        Assert.Equal(first, second);
        var inbox = (await forwarder.GetAsync($"/api/v1/sources/{pusher.SourceId}/status"))["inbox"]!;
        Assert.Equal((2, 0), (inbox["accepted"]!.GetValue<int>(), inbox["refused"]!.GetValue<int>()));
    }

    [Fact]
    public async Task AnApiKeyIsJudgedAsOneAndNotAsTheKeyOfTheInbox()
    {
        var forwarder = await running.GetAsync();
        var pusher = await Pusher.CreateAsync(forwarder);
        var key = await forwarder.PostAsync("/api/v1/keys", new { name = $"ingest-{Guid.NewGuid():N}", role = "siem-ingest", source = pusher.SourceId });

        var known = await pusher.PushAsync(Pusher.Event(Guid.NewGuid().ToString("D")), Token, key: (string)key["key"]!);
        var forged = await pusher.PushAsync(Pusher.Event(Guid.NewGuid().ToString("D")), Token, key: $"sfk_{key["id"]}_{new string('0', 64)}");

        Assert.Equal((HttpStatusCode.Accepted, HttpStatusCode.Unauthorized), (known.Status, forged.Status));
    }

    /// <summary>Sends a request of a kind; what differs between two of the same kind is left out of the answer.</summary>
    private static async Task<(HttpStatusCode Status, string Headers, string Body)> SendAsync(ForwarderApplication forwarder, int source, string kind, bool isWhole)
    {
        var body = kind switch
        {
            "broken" => "[{",
            "no event" => "",
            "rejected event" => """{"subject":"nobody"}""",
            "too large" => new string(' ', (4 * 1024 * 1024) + 1),
            _ => Pusher.Event(Guid.NewGuid().ToString("D")),
        };
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/api/v1/sources/{(kind == "other source" ? 999_999 : source)}/events");
        request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
        request.Content.Headers.TryAddWithoutValidation("Content-Type", kind switch
        {
            "wrong type" => "text/plain",
            "wrong charset" => $"{Json}; charset=latin1",
            _ => Json,
        });
        if (kind != "no key")
        {
            request.Headers.Add("X-API-Key", kind == "wrong key" ? "some-other-key-0123456789" : Pusher.Key);
        }

        request.Headers.Host = kind == "other host" ? "elsewhere.example.com" : null;
        if (kind == "foreign page")
        {
            request.Headers.Add("Origin", "https://elsewhere.example.com");
        }

        if (isWhole)
        {
            request.Headers.Add("Cookie", "theme=dark");
        }

        using var response = await forwarder.Api.SendAsync(request, Token);
        var headers = response.Headers.Concat(response.Content.Headers).Where(header => header.Key is not ("Date" or "Content-Length"))
            .Select(header => $"{header.Key}: {string.Join(',', header.Value)}").Order(StringComparer.Ordinal);
        var answer = JsonNode.Parse(await response.Content.ReadAsStringAsync(Token))!.AsObject();
        answer.Remove("traceId");
        return (response.StatusCode, string.Join('\n', headers), answer.ToJsonString());
    }
}
