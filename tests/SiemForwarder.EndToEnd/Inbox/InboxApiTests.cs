using System.IO.Compression;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.EndToEnd.Inbox;

/// <summary>The inbox through the front door: settings, keys and signatures, counts, limits, and the way of a pushed event to its end.</summary>
public sealed class InboxApiTests(RunningForwarder running) : IClassFixture<RunningForwarder>
{
    private const string Path = "/api/v1/sources";
    private const string NewKey = "another-key-0123456789abcdef";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task TheSettingsAreShownAsGivenButTheKeysAndTheKindStays()
    {
        var forwarder = await running.GetAsync();
        var created = await forwarder.SendAsync(HttpMethod.Post, Path, new
        {
            name = Unique("inbox"), kind = "HTTP", inbox = new { authentication = "HMAC", key = Pusher.Key, secondKey = NewKey, header = "X-Signature", allowSha1 = true },
        });
        Assert.True(created.Status == HttpStatusCode.Created, created.Text);
        var path = $"{Path}/{created.Json["id"]}";

        Assert.Equal(("http", true), (created.Json["kind"]!.GetValue<string>(), created.Json["enabled"]!.GetValue<bool>()));
        Assert.Null(created.Json["keycloak"]);
        Assert.Equal(
            """{"authentication":"hmac","keySet":true,"secondKeySet":true,"header":"X-Signature","toleranceSeconds":300,"allowSha1":true}""", created.Json["inbox"]!.ToJsonString());
        Assert.DoesNotContain("0123456789", created.Text, StringComparison.Ordinal);
        var name = created.Json["name"]!.GetValue<string>();
        var changed = await forwarder.SendAsync(HttpMethod.Put, path, new { name, inbox = new { secondKey = "" } }, created.ETag);
        Assert.Equal(
            """{"authentication":"key","keySet":true,"secondKeySet":false,"header":"X-API-Key","toleranceSeconds":300,"allowSha1":false}""", changed.Json["inbox"]!.ToJsonString());
        var other = await forwarder.SendAsync(HttpMethod.Put, path, new { name, kind = "keycloak" }, changed.ETag);
        Assert.Contains("kind", other.Fields);
    }

    [Theory]
    [InlineData("inbox.key", """{"kind":"http"}""")]
    [InlineData("inbox.key", """{"kind":"http","inbox":{"key":"short"}}""")]
    [InlineData("inbox.key", """{"kind":"http","inbox":{"key":"with spaces in the middle"}}""")]
    [InlineData("inbox.key", """{"kind":"http","inbox":{"authentication":"standard-webhooks","key":"inbox-key-0123456789abcdef"}}""")]
    [InlineData("inbox.secondKey", """{"kind":"http","inbox":{"key":"inbox-key-0123456789abcdef","secondKey":"x"}}""")]
    [InlineData("inbox.authentication", """{"kind":"http","inbox":{"authentication":"magic","key":"inbox-key-0123456789abcdef"}}""")]
    [InlineData("inbox.header", """{"kind":"http","inbox":{"header":"two words","key":"inbox-key-0123456789abcdef"}}""")]
    [InlineData("inbox.toleranceSeconds", """{"kind":"http","inbox":{"toleranceSeconds":0,"key":"inbox-key-0123456789abcdef"}}""")]
    [InlineData("keycloak", """{"kind":"http","keycloak":{"realm":"r"},"inbox":{"key":"inbox-key-0123456789abcdef"}}""")]
    public async Task AWrongFieldIsNamed(string field, string body)
    {
        var request = JsonNode.Parse(body)!.AsObject();
        request["name"] = Unique("bad");

        var answer = await (await running.GetAsync()).SendAsync(HttpMethod.Post, Path, request.ToJsonString());

        Assert.Equal((HttpStatusCode.BadRequest, field), (answer.Status, string.Join(' ', answer.Fields)));
    }

    [Fact]
    public async Task OneObjectAnArrayAndLinesAreTakenOnceEach()
    {
        var forwarder = await running.GetAsync();
        var pusher = await Pusher.CreateAsync(forwarder);
        string[] events = [.. Enumerable.Range(0, 6).Select(number => Pusher.Event(Guid.NewGuid().ToString("D"), subject: $"user-{number}"))];

        var single = await pusher.PushAsync(events[0], Token);
        var array = await pusher.PushAsync($"[{events[0]},{events[1]},{events[2]},{events[1]}]", Token);
        var lines = await pusher.PushAsync($"{events[3]}\nbroken\n{{}}\n{events[4]}\n", Token, "application/x-ndjson");
        var zipped = await pusher.PushAsync(Gzip($"[{events[5]}]"), Token, "application/json", "gzip", ("Authorization", $"Bearer {Pusher.Key}"));
        var none = await pusher.PushAsync("""{"subject":"nobody"}""", Token);
        var repeated = await pusher.PushAsync(events[0], Token);

        Assert.Equal((HttpStatusCode.Accepted, (1, 0, 0)), (single.Status, Pusher.Counts(single)));
        Assert.Equal((HttpStatusCode.Accepted, (2, 2, 0)), (array.Status, Pusher.Counts(array)));
        Assert.Equal((HttpStatusCode.Accepted, (2, 0, 2)), (lines.Status, Pusher.Counts(lines)));
        Assert.Equal([1, 2], lines.Json["rejected"]!.AsArray().Select(one => one!["index"]!.GetValue<int>()));
        Assert.Contains("event_type", lines.Json["rejected"]![1]!["reason"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Equal((HttpStatusCode.Accepted, (1, 0, 0)), (zipped.Status, Pusher.Counts(zipped)));
        Assert.Equal((HttpStatusCode.BadRequest, (0, 0, 1)), (none.Status, Pusher.Counts(none)));
        Assert.Equal((HttpStatusCode.Accepted, (0, 1, 0)), (repeated.Status, Pusher.Counts(repeated)));
        await using var log = LogBench.Open(forwarder.ConnectionString);
        Assert.Equal(events, (await log.ReadAllAsync(pusher.SourceId)).Select(entry => entry.Body));
    }

    [Fact]
    public async Task ALargeBodyInChunksIsRefusedWithTheLimitOfTheInbox()
    {
        var forwarder = await running.GetAsync();
        var pusher = await Pusher.CreateAsync(forwarder);
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{Path}/{pusher.SourceId}/events")
        {
            Content = new StringContent(new string(' ', (4 * 1024 * 1024) + 1), Encoding.UTF8, "application/json"),
        };
        request.Headers.TransferEncodingChunked = true;
        request.Headers.Add("X-API-Key", Pusher.Key);

        using var answer = await forwarder.Api.SendAsync(request, Token);

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, answer.StatusCode);
        Assert.Contains($"at most {4 * 1024 * 1024} bytes", await answer.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnUnsuitableRequestIsRefusedWholeWithItsReason()
    {
        var forwarder = await running.GetAsync();
        var pusher = await Pusher.CreateAsync(forwarder);
        var one = Pusher.Event("1");

        Assert.Equal(HttpStatusCode.Unauthorized, (await pusher.PushAsync(one, Token, key: null)).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await pusher.PushAsync(one, Token, key: NewKey)).Status);
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, (await pusher.PushAsync(one, Token, "text/plain")).Status);
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, (await pusher.PushAsync(Encoding.UTF8.GetBytes(one), Token, "application/json", "br", ("X-API-Key", Pusher.Key))).Status);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await pusher.PushAsync(new string(' ', (4 * 1024 * 1024) + 1), Token)).Status);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await pusher.PushAsync(Gzip(new string(' ', 5 * 1024 * 1024)), Token, "application/json", "gzip", ("X-API-Key", Pusher.Key))).Status);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await pusher.PushAsync($"[{string.Join(',', Enumerable.Repeat("{}", 10_001))}]", Token)).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await pusher.PushAsync("[{", Token)).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await pusher.PushAsync("", Token)).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await new Pusher(forwarder.Api, 999_999).PushAsync(one, Token)).Status);
        var realm = await SeededLog.AddSourceAsync(forwarder, Unique("realm"));
        Assert.Contains("disabled", (await new Pusher(forwarder.Api, realm).PushAsync(one, Token)).Text, StringComparison.Ordinal);
        var status = await forwarder.GetAsync($"{Path}/{pusher.SourceId}/status");
        Assert.Equal(0, status["storedEvents"]!.GetValue<long>());
        Assert.Equal(9, status["inbox"]!["refused"]!.GetValue<long>());
    }

    [Fact]
    public async Task AKeyIsReplacedWithoutAMomentInWhichASenderIsLockedOut()
    {
        var forwarder = await running.GetAsync();
        var pusher = await Pusher.CreateAsync(forwarder);
        var name = (await forwarder.GetAsync($"{Path}/{pusher.SourceId}"))["name"]!.GetValue<string>();
        async Task<string> StatusesAsync() => string.Join(' ',
            (int)(await pusher.PushAsync(Pusher.Event("1"), Token)).Status, (int)(await pusher.PushAsync(Pusher.Event("1"), Token, key: NewKey)).Status);

        Assert.Equal("202 401", await StatusesAsync());
        await forwarder.PutAsync($"{Path}/{pusher.SourceId}", new { name, inbox = new { secondKey = NewKey } });
        Assert.Equal("202 202", await StatusesAsync());
        await forwarder.PutAsync($"{Path}/{pusher.SourceId}", new { name, inbox = new { key = NewKey, secondKey = "" } });
        Assert.Equal("401 202", await StatusesAsync());
        await forwarder.PutAsync($"{Path}/{pusher.SourceId}", new { name, enabled = false, inbox = new { } });
        Assert.Equal("409 409", await StatusesAsync());
    }

    [Fact]
    public async Task SignedRequestsAreTakenAndARepeatDoesNoHarm()
    {
        var forwarder = await running.GetAsync();
        var secret = "whsec_" + Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));
        var own = await forwarder.PostAsync(Path, new { name = Unique("own"), kind = "http", inbox = new { authentication = "standard-webhooks", key = secret } });
        var phaseTwo = await forwarder.PostAsync(Path, new { name = Unique("p2"), kind = "http", inbox = new { authentication = "hmac", key = Pusher.Key } });
        var body = Gzip($"[{Pusher.Event(Guid.NewGuid().ToString("D"))}]");
        var seconds = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        (string, string)[] signed =
        [
            ("webhook-id", "msg_1"), ("webhook-timestamp", $"{seconds}"),
            ("webhook-signature", "v1," + Convert.ToBase64String(HMACSHA256.HashData(Convert.FromBase64String(secret[6..]), (byte[])[.. Encoding.UTF8.GetBytes($"msg_1.{seconds}."), .. body]))),
        ];
        var sender = new Pusher(forwarder.Api, own["id"]!.GetValue<int>());

        var first = await sender.PushAsync(body, Token, "application/json", "gzip", signed);
        var replayed = await sender.PushAsync(body, Token, "application/json", "gzip", signed);
        var changed = await sender.PushAsync(Gzip($"[{Pusher.Event("2")}]"), Token, "application/json", "gzip", signed);
        var webhook = Encoding.UTF8.GetBytes("""{"uid":"u","id":"7d4f6a1c-1b70-4b2b-8d5e-0d8a6f1c2b3e","type":"access.LOGIN","time":1762164930123,"realmName":"acme","authDetails":{"userId":"u1"}}""");
        var listener = await new Pusher(forwarder.Api, phaseTwo["id"]!.GetValue<int>()).PushAsync(
            webhook, Token, "application/json", null, ("X-Keycloak-Signature", Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(Pusher.Key), webhook))));

        Assert.Equal((1, 0, 0), Pusher.Counts(first));
        Assert.Equal((0, 1, 0), Pusher.Counts(replayed));
        Assert.Equal(HttpStatusCode.Unauthorized, changed.Status);
        Assert.Equal((1, 0, 0), Pusher.Counts(listener));
    }

    [Fact]
    public async Task APushedEventIsDeliveredFoundAndItsJourneyTold()
    {
        var forwarder = await running.GetAsync();
        await using var receiver = TcpSyslogReceiver.Start();
        var pusher = await Pusher.CreateAsync(forwarder, Unique("journey"));
        await forwarder.AddIntegrationAsync(new { name = Unique("siem"), serverUrl = $"tcp://127.0.0.1:{receiver.Port}", outputType = "CEF", sources = new[] { pusher.SourceId } });
        var id = Guid.NewGuid().ToString("D");
        var user = $"user-{Guid.NewGuid():N}";

        await pusher.PushAsync(Pusher.Event(id, "order.cancelled", user), Token);

        using var bound = CancellationTokenSource.CreateLinkedTokenSource(Token);
        bound.CancelAfter(TimeSpan.FromSeconds(60));
        await receiver.WaitForMessagesAsync(1, bound.Token);
        Assert.Contains($"externalId={id}", Encoding.UTF8.GetString(receiver.Messages[0]), StringComparison.Ordinal);
        var journey = await forwarder.WaitForAsync($"/api/v1/events/{id}", node => node.ToJsonString().Contains("\"delivered\"", StringComparison.Ordinal));
        Assert.Contains("order.cancelled", journey.ToJsonString(), StringComparison.Ordinal);
        var found = await forwarder.WaitForAsync($"/api/v1/events?user={user}", node => node["total"]!.GetValue<int>() == 1);
        Assert.Equal("order.cancelled", found["items"]![0]!["type"]!.GetValue<string>());
    }

    [Fact]
    public async Task VymaloPostsToTheUrlWithASlashAndTheKeyAsItsPassword()
    {
        var forwarder = await running.GetAsync();
        var pusher = await Pusher.CreateAsync(forwarder);
        var id = Guid.NewGuid().ToString("D");
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{Path}/{pusher.SourceId}/events/")
        {
            Content = new StringContent(
                $$"""{"type":"USER-CREATE","realmId":"r1","realmName":"acme","id":"{{id}}","time":1762164930123,"clientId":"c","userId":"a1","resourcePath":"users/u1"}""",
                Encoding.UTF8, "application/json"),
        };
        request.Headers.Authorization = new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"keycloak:{Pusher.Key}")));

        using var response = await forwarder.Api.SendAsync(request, Token);
        var journey = await forwarder.GetAsync($"/api/v1/events/{id}");

        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        Assert.Contains("CREATE-USER", journey.ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task TheNamesBeyondKeycloaksAreListed()
    {
        var types = (await (await running.GetAsync()).GetAsync("/api/v1/event-types"))["items"]!.AsArray();

        var denied = types.Single(type => type!["type"]!.GetValue<string>() == "transaction.denied")!;
        Assert.Equal(("application", "authentication", 5), (denied["kind"]!.GetValue<string>(), denied["category"]!.GetValue<string>(), denied["severity"]!.GetValue<int>()));
        Assert.Equal(33, types.Count(type => type!["kind"]!.GetValue<string>() == "application"));
    }

    [Fact]
    public async Task TheCheckSaysWhereToPushAndThenWhatCameIn()
    {
        var forwarder = await running.GetAsync();
        var pusher = await Pusher.CreateAsync(forwarder);

        var empty = await forwarder.PostAsync($"{Path}/{pusher.SourceId}/check");
        await pusher.PushAsync(Pusher.Event("1"), Token);
        await pusher.PushAsync(Pusher.Event("1"), Token, key: NewKey);
        var used = await forwarder.PostAsync($"{Path}/{pusher.SourceId}/check");
        var status = await forwarder.GetAsync($"{Path}/{pusher.SourceId}/status");

        Assert.True(empty["succeeded"]!.GetValue<bool>());
        Assert.Contains($"/sources/{pusher.SourceId}/events", empty["items"]![2]!["advice"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Equal(["ok", "ok", "ok", "warning"], used["items"]!.AsArray().Select(item => item!["result"]!.GetValue<string>()));
        Assert.Contains("not one of the inbox keys", used["items"]![3]!["detail"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Equal((true, 1L), (status["running"]!.GetValue<bool>(), status["inbox"]!["accepted"]!.GetValue<long>()));
        Assert.NotNull(status["lastStoredAt"]);
    }

    [Fact]
    public async Task TheExamplesOfTheDocumentAreTakenAsTheyStand()
    {
        var forwarder = await running.GetAsync();
        var document = await forwarder.GetAsync("/openapi/v1.json");
        var content = document["paths"]!["/api/v1/sources/{id}/events"]!["post"]!["requestBody"]!["content"]!;
        var pusher = await Pusher.CreateAsync(forwarder);

        foreach (var example in content["application/json"]!["examples"]!.AsObject())
        {
            Assert.Equal((1, 0, 0), Pusher.Counts(await pusher.PushAsync(example.Value!["value"]!.ToJsonString(), Token)));
        }

        var lines = content["application/x-ndjson"]!["example"]!.GetValue<string>();
        Assert.Equal((0, 1, 0), Pusher.Counts(await pusher.PushAsync(lines, Token, "application/x-ndjson")));
    }

    private static byte[] Gzip(string text)
    {
        var output = new MemoryStream();
        using (var gzip = new GZipStream(output, CompressionLevel.Fastest))
        {
            gzip.Write(Encoding.UTF8.GetBytes(text));
        }

        return output.ToArray();
    }

    private static string Unique(string name) => $"{name}-{Guid.NewGuid():N}"[..(name.Length + 9)];
}
