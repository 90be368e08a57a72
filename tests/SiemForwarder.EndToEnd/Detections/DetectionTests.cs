using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using SiemForwarder.EndToEnd.Inbox;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Service.Telemetry;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.EndToEnd.Detections;

/// <summary>From an event at an inbox to an alert at a receiver.</summary>
public sealed class DetectionTests(TestPostgres postgres)
{
    private const string Guessing = """
        title: Many failures of one address
        name: many_failures
        logsource: {product: application}
        detection:
          selection: {type: account.refused}
          condition: selection
        level: informational
        ---
        title: Guessing
        id: 6f0a8a52-2a43-4b0c-9a53-0f3f5f6c2f11
        level: high
        tags: [attack.credential-access, attack.t1110.001]
        correlation:
          type: event_count
          rules: [many_failures]
          group-by: [ip]
          timespan: 5m
          condition: {gte: 3}
        """;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task HitsThatWereSuppressedArriveAsAnUpdateOnceTheirTimeIsOver()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        await using var receiver = TcpSyslogReceiver.Start();
        var pusher = await Pusher.CreateAsync(forwarder, "apps");
        await forwarder.AddIntegrationAsync(new
        {
            name = "alerts", serverUrl = $"tcp://127.0.0.1:{receiver.Port}", outputType = "JSON", filter = new { include = new { types = new[] { "DETECTION" } } },
        });
        const string Refused = """
            title: Refused
            name: refused
            logsource: {product: application}
            detection: {selection: {type: account.refused}, condition: selection}
            level: high
            forwarder: {suppress: 1h, update: true, per: [username]}
            """;
        await forwarder.PostAsync("/api/v1/rules", new { name = "refused", yaml = Refused, enabled = true });

        // Three hours ago, so that the hour and what may come late are over as soon as the events are read.
        var start = DateTimeOffset.UtcNow.AddHours(-3);
        var events = Enumerable.Range(0, 4).Select(
            number => $$"""{"event_id":"e{{number}}","event_type":"account.refused","timestamp":"{{start.AddMinutes(number):O}}","subject":"alice"}""");
        Assert.Equal(HttpStatusCode.Accepted, (await pusher.PushAsync($"[{string.Join(',', events)}]", Token)).Status);

        await receiver.WaitForMessagesAsync(2, Token);
        var (alert, update) = (JsonNode.Parse(receiver.Messages[0])!, JsonNode.Parse(receiver.Messages[^1])!);
        Assert.Equal(("e0", 0, null), (Newest(alert), Suppressed(alert), alert["context"]!["status"]?.ToString()));
        Assert.Equal(("e3", 3, "update"), (Newest(update), Suppressed(update), update["context"]!["status"]!.ToString()));
        Assert.Equal(start.AddHours(1).ToUnixTimeMilliseconds(), update["timestamp"]!.GetValue<DateTimeOffset>().ToUnixTimeMilliseconds());
        Assert.Equal("alice", update["subject"]!.ToString());
        await forwarder.WaitForAsync("/api/v1/events?type=DETECTION", node => node["items"]!.AsArray().Count == 2);

        static string Newest(JsonNode told) => JsonNode.Parse(told["context"]!["events"]!.ToString())!.AsArray().Last()!["id"]!.ToString();
        static int Suppressed(JsonNode told) => int.Parse(told["context"]!["suppressed_count"]!.ToString(), CultureInfo.InvariantCulture);
    }

    [Fact]
    public async Task OneIntegrationTakesAlertsAloneAndTheOneBesideItNone()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        await using var alerts = TcpSyslogReceiver.Start();
        await using var others = TcpSyslogReceiver.Start();
        var pusher = await Pusher.CreateAsync(forwarder, "apps");
        await forwarder.AddIntegrationAsync(new
        {
            name = "alerts", serverUrl = $"tcp://127.0.0.1:{alerts.Port}", outputType = "JSON", filter = new { include = new { types = new[] { "DETECTION" } } },
        });
        var none = await forwarder.AddIntegrationAsync(new
        {
            name = "others", serverUrl = $"tcp://127.0.0.1:{others.Port}", outputType = "JSON", filter = new { exclude = new { types = new[] { "DETECTION" } } },
        });
        await forwarder.PostAsync("/api/v1/rules", new { name = "guessing", yaml = Guessing, enabled = true });

        foreach (var id in (string[])["a", "b", "c"])
        {
            Assert.Equal(HttpStatusCode.Accepted, (await pusher.PushAsync(Pusher.Event(id, "account.refused"), Token)).Status);
        }

        // A second alert of another address, and an event behind it: what stands before them in the logs was decided on.
        await alerts.WaitForMessagesAsync(1, Token);
        foreach (var id in (string[])["d", "e", "f", "g"])
        {
            var pushed = Pusher.Event(id, "account.refused").Replace("192.0.2.7", "192.0.2.8", StringComparison.Ordinal);
            Assert.Equal(HttpStatusCode.Accepted, (await pusher.PushAsync(pushed, Token)).Status);
        }

        await alerts.WaitForMessagesAsync(2, Token);
        await others.WaitUntilAsync(receiver => receiver.Messages.Any(one => IdOf(one) == "g"), Token);
        // The integration that takes no alerts has passed by those in their log too.
        await forwarder.WaitForAsync($"/api/v1/integrations/{none}/status", status => status["backlog"]!.GetValue<long>() == 0);
        Assert.Equal(2, alerts.Messages.Count);
        Assert.All(alerts.Messages, one => Assert.Equal("DETECTION", TypeOf(one)));
        Assert.DoesNotContain("DETECTION", others.Messages.Select(TypeOf));
        Assert.Equal(["a", "b", "c", "d", "e", "f", "g"], others.Messages.Where(one => TypeOf(one) == "account.refused").Select(IdOf).Order(StringComparer.Ordinal));

        static string TypeOf(byte[] message) => JsonNode.Parse(message)!["event_type"]!.ToString();
        static string IdOf(byte[] message) => JsonNode.Parse(message)!["event_id"]!.ToString();
    }

    [Fact]
    public async Task AnAlertArrivesAtTheReceiverAndIsFoundBySearch()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        await using var receiver = TcpSyslogReceiver.Start();
        var pusher = await Pusher.CreateAsync(forwarder, "apps");
        await forwarder.AddIntegrationAsync(new
        {
            name = "alerts", serverUrl = $"tcp://127.0.0.1:{receiver.Port}", outputType = "JSON", filter = new { include = new { types = new[] { "DETECTION" } } },
        });
        await forwarder.PostAsync("/api/v1/rules", new { name = "guessing", yaml = Guessing, enabled = true });

        foreach (var id in (string[])["a", "b", "c"])
        {
            Assert.Equal(HttpStatusCode.Accepted, (await pusher.PushAsync(Pusher.Event(id, "account.refused"), Token)).Status);
        }

        await receiver.WaitForMessagesAsync(1, Token);
        var alert = Encoding.UTF8.GetString(receiver.Messages.Single());
        Assert.Contains("DETECTION", alert, StringComparison.Ordinal);
        Assert.Contains("6f0a8a52-2a43-4b0c-9a53-0f3f5f6c2f11", alert, StringComparison.Ordinal);
        Assert.Contains("192.0.2.7", alert, StringComparison.Ordinal);
        var found = await forwarder.WaitForAsync("/api/v1/events?type=DETECTION", node => node["items"]!.AsArray().Count == 1);
        Assert.Equal(-1, found["items"]![0]!["source"]!.GetValue<int>());
        var journey = await forwarder.WaitForAsync(
            $"/api/v1/events/{found["items"]![0]!["eventId"]}", node => node.ToJsonString().Contains("elivered", StringComparison.Ordinal));
        Assert.Contains("alerts", journey.ToJsonString(), StringComparison.Ordinal);
        var rule = await forwarder.WaitForAsync("/api/v1/rules/guessing", node => node["alertsToday"]!.GetValue<long>() == 1);
        Assert.Equal("Running", rule["state"]!.ToString());
        // It is counted once the alert is stored.
        var metrics = forwarder.Services.GetRequiredService<ForwarderTelemetry>().Metrics;
        var labels = new SeriesLabels("6f0a8a52-2a43-4b0c-9a53-0f3f5f6c2f11");
        Assert.True(SpinWait.SpinUntil(() => metrics.Sum(MetricCatalog.DetectionAlerts, labels) == 1, TimeSpan.FromSeconds(60)));
    }
}
