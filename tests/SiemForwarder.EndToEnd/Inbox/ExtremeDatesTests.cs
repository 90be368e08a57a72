using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Npgsql;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.EndToEnd.Inbox;

/// <summary>Whoever pushes events of the years 1 to 9999 delays nobody and stays on top of no search; their events are kept and delivered as they are.</summary>
public sealed class ExtremeDatesTests(TestPostgres postgres)
{
    private const int EventsOfARequest = 2000;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AnEventFarFromItsReceiptKeepsItsTimeAndIsIndexedByItsReceipt()
    {
        await using var receiver = HttpReceiver.Start(new HttpReply(200));
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        await forwarder.AddIntegrationAsync(new { name = "hook", serverUrl = $"http://127.0.0.1:{receiver.Port}/", outputType = "JSON" });
        var pusher = await Pusher.CreateAsync(forwarder);
        string[] times = ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999Z", "1999-12-31T23:59:59Z"];

        foreach (var (time, index) in times.Select((time, index) => (time, index)))
        {
            Assert.Equal((1, 0, 0), Pusher.Counts(await pusher.PushAsync(At($"far-{index}", time), Stop)));
            Assert.Equal((0, 1, 0), Pusher.Counts(await pusher.PushAsync(At($"far-{index}", time), Stop)));
        }

        await pusher.PushAsync(Pusher.Event("near"), Stop);
        await receiver.WaitForRequestsAsync(4, Stop);
        await forwarder.WaitForAsync("/api/v1/events", node => node["indexLag"]!.GetValue<long>() == 0 && node["total"]!.GetValue<int>() == 4);
        var found = (await forwarder.GetAsync("/api/v1/events"))["items"]!.AsArray();
        var ahead = await forwarder.GetAsync($"/api/v1/events?from={DateTimeOffset.UtcNow.AddHours(1):yyyy-MM-ddTHH:mm:ssZ}");

        Assert.Equal("near", (string)found[0]!["eventId"]!);
        Assert.All(found, one => Assert.InRange(
            DateTimeOffset.Parse((string)one!["occurredAt"]!, CultureInfo.InvariantCulture), DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddMinutes(1)));
        Assert.Empty(ahead["items"]!.AsArray());
        var sent = receiver.Requests.Select(request => JsonNode.Parse(request.PlainBody)!).ToDictionary(one => (string)one["event_id"]!, one => (string)one["timestamp"]!);
        Assert.Equal(
            ["0001-01-01T00:00:00.000Z", "9999-12-31T23:59:59.999Z", "1999-12-31T23:59:59.000Z"], times.Select((_, index) => sent[$"far-{index}"]));
    }

    [Theory]
    [InlineData("\"10:15\"")]
    [InlineData("\"1/2/2026\"")]
    [InlineData("\"2026-01-31\"")]
    [InlineData("\"2026-01-31T10:15:30\"")]
    public async Task ATimeThatIsNoWholeInstantIsRefusedWithItsEventAlone(string time)
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        var pusher = await Pusher.CreateAsync(forwarder);

        var answer = await pusher.PushAsync($$"""[{"event_type":"a.b","event_id":"1","timestamp":{{time}}},{{Pusher.Event("2")}}]""", Stop);

        Assert.Equal(HttpStatusCode.Accepted, answer.Status);
        Assert.Equal((1, 0, 1), Pusher.Counts(answer));
        Assert.StartsWith("The time of the event is not an instant: write RFC 3339", (string)answer.Json["rejected"]![0]!["reason"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TenThousandYearsCostNoMoreThanAnHour()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        var (calm, attacked) = (await Pusher.CreateAsync(forwarder), await Pusher.CreateAsync(forwarder));
        var now = DateTimeOffset.UtcNow;
        string Near(int round) => Request(index => now.AddSeconds(-index), $"near-{round}");
        string Far(int round) => Request(index => DateTimeOffset.MinValue.AddHours(round + (index * (9998.0 * 365.25 * 24 / EventsOfARequest))), $"far-{round}");
        await PushAsync(calm, Near(0));
        await PushAsync(attacked, Far(0));

        var (near, far) = (TimeSpan.Zero, TimeSpan.Zero);
        for (var round = 1; round <= 6; round++)
        {
            near += await PushAsync(calm, Near(round));
            far += await PushAsync(attacked, Far(round));
        }

        await using var database = NpgsqlDataSource.Create(forwarder.ConnectionString);
        await using var bounds = database.CreateCommand("SELECT min(least(d.lowest_at, s.lowest_at)), max(greatest(d.highest_at, s.highest_at)) FROM log_day d, segment s");
        await using var row = await bounds.ExecuteReaderAsync(Stop);
        await row.ReadAsync(Stop);
        Assert.InRange(row.GetInt64(0), now.AddHours(-3).ToUnixTimeMilliseconds(), now.ToUnixTimeMilliseconds());
        Assert.InRange(row.GetInt64(1), now.ToUnixTimeMilliseconds() - 1, now.AddHours(3).ToUnixTimeMilliseconds());
        // Each costs about the same; it was some fifty times as much. A busy machine has room here.
        Assert.True(far < (near * 10) + TimeSpan.FromSeconds(2), $"{far.TotalMilliseconds:0} ms instead of {near.TotalMilliseconds:0} ms");
    }

    private static string At(string id, string time) => $$"""{"event_id":"{{id}}","event_type":"account.provisioned","timestamp":"{{time}}","subject":"alice"}""";

    private static string Request(Func<int, DateTimeOffset> time, string id) => new StringBuilder("[")
        .AppendJoin(',', Enumerable.Range(0, EventsOfARequest).Select(index => At($"{id}-{index}", time(index).ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture))))
        .Append(']').ToString();

    private static async Task<TimeSpan> PushAsync(Pusher pusher, string body)
    {
        var start = Stopwatch.GetTimestamp();
        Assert.Equal((EventsOfARequest, 0, 0), Pusher.Counts(await pusher.PushAsync(body, Stop)));
        return Stopwatch.GetElapsedTime(start);
    }
}
