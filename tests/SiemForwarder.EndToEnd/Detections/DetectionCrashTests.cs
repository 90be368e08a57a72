using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using SiemForwarder.Detections;
using SiemForwarder.Detections.Alerts;
using SiemForwarder.Detections.Fields;
using SiemForwarder.Detections.Rules;
using SiemForwarder.EndToEnd.Inbox;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Events;
using SiemForwarder.Service.Storage.Private;

namespace SiemForwarder.EndToEnd.Detections;

/// <summary>However often the service is killed, the rules raise the alerts of an undisturbed run, each once.</summary>
public sealed class DetectionCrashTests
{
    private const int Kills = 4;
    private const int EventsBetweenKills = 1500;
    private const int EventsPerRequest = 50;
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(8);

    private const string Rules = """
        title: Refused
        name: refused
        logsource: {product: application}
        detection: {selection: {type: account.refused}, condition: selection}
        level: informational
        ---
        title: Provisioned
        name: provisioned
        logsource: {product: application}
        detection: {selection: {type: account.provisioned}, condition: selection}
        level: informational
        ---
        title: Deleted
        name: deleted
        logsource: {product: application}
        detection: {selection: {type: account.removed, username: 'user-1*'}, condition: selection}
        level: high
        ---
        title: Many refused of one address
        name: many_refused
        level: high
        correlation: {type: event_count, rules: [refused], group-by: [ip], timespan: 5m, condition: {gte: 40}}
        forwarder: {suppress: 1s}
        ---
        title: Many users of one address
        name: many_users
        level: high
        correlation: {type: value_count, rules: [refused], group-by: [ip], timespan: 5m, condition: {gte: 12, field: username}}
        forwarder: {suppress: 2s}
        ---
        title: Refused, then provisioned
        name: refused_then_provisioned
        level: high
        correlation: {type: temporal_ordered, rules: [refused, provisioned], group-by: [username], timespan: 1m}
        forwarder: {suppress: 1s}
        """;

    [Fact]
    public async Task TheAlertsOfAServiceThatIsKilledAreThoseOfAnUndisturbedRun()
    {
        Assert.SkipWhen(PostgresPrograms.FindFolder() is null, "no PostgreSQL programs on this machine");
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        bound.CancelAfter(Bound);
        await using var forwarder = new ForwarderProcess(
            ForwarderProcess.NewFolder(), new Dictionary<string, string> { ["Forwarder__Detections__SnapshotInterval"] = "00:00:00.300" });
        await forwarder.StartAsync(bound.Token);
        var source = (await forwarder.PostAsync("/api/v1/sources", new { name = "apps", kind = "http", inbox = new { key = Pusher.Key } }, bound.Token))["id"]!
            .GetValue<int>();
        await forwarder.PostAsync("/api/v1/rules", new { name = "own", yaml = Rules, enabled = true }, bound.Token);
        var pusher = new Pusher(forwarder.Api, source);
        var random = new Random(17);

        var sent = 0;
        for (var kill = 1; kill <= Kills; kill++)
        {
            var end = kill * EventsBetweenKills;
            var killAt = (kill - 1) * EventsBetweenKills + random.Next(EventsBetweenKills / 4, EventsBetweenKills);
            for (; sent < end; sent += EventsPerRequest)
            {
                if (sent <= killAt && killAt < sent + EventsPerRequest)
                {
                    // The events just accepted are being followed, or their alerts stored.
                    await forwarder.KillAsync(bound.Token);
                    await forwarder.StartAsync(bound.Token);
                }

                await PushUntilAcceptedAsync(pusher, sent, bound.Token);
            }
        }

        await using var log = LogBench.Open(forwarder.ConnectionString);
        await WaitUntilFollowedAsync(log, source, bound.Token);
        var stored = await log.ReadAllAsync(source);
        var alerts = (await log.ReadAllAsync(-1)).ConvertAll(entry => JsonNode.Parse(entry.Body)!["event_id"]!.GetValue<string>());

        var expected = Undisturbed(stored, source);
        Assert.Equal(Kills * EventsBetweenKills, stored.Count);
        Assert.True(expected.Count > 100, $"Only {expected.Count} alerts: the test shows little.");
        Assert.Equal(expected.Order(StringComparer.Ordinal), alerts.Order(StringComparer.Ordinal));
    }

    // One engine over the whole log, in its order.
    private static List<string> Undisturbed(List<(long Position, EventKey Key, string Body)> stored, int source)
    {
        var rules = RuleSet.Load([new RuleFile("own", Rules)], new Dictionary<string, IReadOnlyList<string>>());
        Assert.Empty(rules.Refusals);
        var engine = new DetectionEngine(rules);
        var alerts = new List<Alert>();
        foreach (var (position, key, body) in stored)
        {
            var one = EventNormalizer.Normalize(
                EventStream.Pushed, System.Text.Encoding.UTF8.GetBytes(body), key, new EventSource(source, "apps", "", ""), position, 0, DateTimeOffset.UtcNow);
            engine.Follow(one, new LogSource("application", "apps", null), LocalCalendar.Utc, alerts);
        }

        return alerts.ConvertAll(alert => alert.Id.ToString("D"));
    }

    private static async Task PushUntilAcceptedAsync(Pusher pusher, int first, CancellationToken cancellationToken)
    {
        var at = DateTimeOffset.UtcNow;
        var events = Enumerable.Range(first, EventsPerRequest).Select(number => Event(number, at.AddMilliseconds(number - first)));
        var body = $"[{string.Join(',', events)}]";
        while (true)
        {
            try
            {
                var answer = await pusher.PushAsync(body, cancellationToken);
                if (answer.Status == HttpStatusCode.Accepted)
                {
                    return;
                }
            }
            catch (HttpRequestException)
            {
                // The service is gone at this moment; the same request is sent again.
            }

            await Task.Yield();
        }
    }

    private static string Event(int number, DateTimeOffset at)
    {
        var type = (number % 10) switch { 0 => "account.provisioned", 1 => "account.removed", _ => "account.refused" };
        return string.Create(CultureInfo.InvariantCulture, $$"""
            {"event_id":"{{new Guid(number, 0, 0, new byte[8])}}","event_type":"{{type}}","timestamp":"{{at:O}}","subject":"user-{{number % 37}}","ip_address":"192.0.2.{{number % 23}}"}
            """);
    }

    private static async Task WaitUntilFollowedAsync(LogBench log, int source, CancellationToken cancellationToken)
    {
        var sql = $"SELECT EXISTS (SELECT 1 FROM detection_checkpoint c JOIN log_head h USING (source_id) WHERE source_id = {source} AND position = next_position - 1)";
        while (await log.ScalarAsync(sql) is not true)
        {
            await Task.Delay(100, cancellationToken);
        }
    }
}
