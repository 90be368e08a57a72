using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using SiemForwarder.EndToEnd.Inbox;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.EndToEnd.Service;

/// <summary>One id for an event everywhere: as it was sent, as it is delivered, as search shows it, and as its journey is asked for.</summary>
public sealed class EventIdTests(TestPostgres postgres)
{
    private static readonly string[] Ids = ["Plain-2", "ORDER/77", "Größe-3", "0D9C9F0E-6F7B-4A3A-9A53-2D1B8C7C1A01", "7d4f6a1c-1b70-4b2b-8d5e-0d8a6f1c2b3e", "50%", "a b?c#d"];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task EveryIdIsFoundAsItWasSentAndShownAsItIsDelivered()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        await using var receiver = TcpSyslogReceiver.Start();
        var pusher = await Pusher.CreateAsync(forwarder);
        await forwarder.AddIntegrationAsync(new { name = "siem", serverUrl = $"tcp://127.0.0.1:{receiver.Port}", outputType = "JSON", sources = new[] { pusher.SourceId } });
        Assert.Equal((Ids.Length, 0, 0), Pusher.Counts(await pusher.PushAsync($"[{string.Join(',', Ids.Select(id => Pusher.Event(id)))}]", Token)));

        await receiver.WaitForMessagesAsync(Ids.Length, Token);
        await forwarder.WaitForAsync("/api/v1/events", node => node["indexLag"]!.GetValue<long>() == 0);
        var found = await forwarder.GetAsync($"/api/v1/events?source={pusher.SourceId}");

        Assert.Equal(Ids.Order(StringComparer.Ordinal), receiver.Messages.Select(message => (string)JsonNode.Parse(message)!["event_id"]!).Order(StringComparer.Ordinal));
        Assert.Equal(Ids.Order(StringComparer.Ordinal), found["items"]!.AsArray().Select(item => (string)item!["eventId"]!).Order(StringComparer.Ordinal));
        foreach (var id in Ids)
        {
            var journey = await forwarder.GetAsync($"/api/v1/events/{Uri.EscapeDataString(id)}");
            Assert.Equal((id, id), ((string)journey["eventId"]!, (string)journey["normalized"]!["event_id"]!));
        }

        Assert.Equal(Ids[3], (string)(await forwarder.GetAsync($"/api/v1/events/{Ids[3].ToLowerInvariant()}"))["eventId"]!);
        Assert.Equal(Ids[1], (string)(await forwarder.GetAsync("/api/v1/events/ORDER/77"))["eventId"]!);
        Assert.Equal(HttpStatusCode.NotFound, (await forwarder.SendAsync(HttpMethod.Get, "/api/v1/events/plain-2")).Status);
    }

    [Fact]
    public async Task TextThatIsNoTextIsTakenDeliveredShownAndFoundWithReplacementCharacters()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        await using var receiver = TcpSyslogReceiver.Start();
        var pusher = await Pusher.CreateAsync(forwarder);
        await forwarder.AddIntegrationAsync(new { name = "siem", serverUrl = $"tcp://127.0.0.1:{receiver.Port}", outputType = "JSON", sources = new[] { pusher.SourceId } });
        byte[] latin = [.. "{\"event_type\":\"x\",\"event_id\":\"Gr"u8, 0xF6, .. "\",\"subject\":\""u8, 0xFC, .. "\"}"u8];

        var lone = await pusher.PushAsync("""{"event_type":"x","subject":"\ud800","\udc00":{"\ud800":"\udfff"},"context":{"\ud801":["\ud801"]}}""", Token);
        var raw = await pusher.PushAsync(latin, Token, "application/json", null, ("X-API-Key", Pusher.Key));

        Assert.Equal((HttpStatusCode.Accepted, (1, 0, 0)), (lone.Status, Pusher.Counts(lone)));
        Assert.Equal((HttpStatusCode.Accepted, (1, 0, 0)), (raw.Status, Pusher.Counts(raw)));
        await receiver.WaitForMessagesAsync(2, Token);
        Assert.Equal("\uFFFD", (string)JsonNode.Parse(receiver.Messages[0])!["subject"]!);
        Assert.Equal("Gr\uFFFD", (string)JsonNode.Parse(receiver.Messages[1])!["event_id"]!);
        await forwarder.WaitForAsync("/api/v1/events", node => node["indexLag"]!.GetValue<long>() == 0);
        var found = await forwarder.GetAsync($"/api/v1/events?source={pusher.SourceId}");
        foreach (var item in found["items"]!.AsArray())
        {
            var id = (string)item!["eventId"]!;
            Assert.Equal(id, (string)(await forwarder.GetAsync($"/api/v1/events/{Uri.EscapeDataString(id)}"))["eventId"]!);
        }

        Assert.Contains("Gr\uFFFD", found.ToJsonString(new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("application/json; charset=iso-8859-1")]
    [InlineData("application/x-ndjson; charset=utf-16")]
    public async Task AnotherCharsetThanUtf8IsRefusedInASentence(string contentType)
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        var pusher = await Pusher.CreateAsync(forwarder);

        var answer = await pusher.PushAsync(Encoding.UTF8.GetBytes(Pusher.Event("1")), Token, contentType, null, ("X-API-Key", Pusher.Key));
        var plain = await pusher.PushAsync(Pusher.Event("1"), Token, "application/json; charset=\"UTF-8\"");

        Assert.Equal(HttpStatusCode.UnsupportedMediaType, answer.Status);
        Assert.Contains("UTF-8", (string)answer.Json["detail"]!, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Accepted, plain.Status);
    }
}
