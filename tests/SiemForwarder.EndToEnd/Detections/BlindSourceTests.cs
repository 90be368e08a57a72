using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using SiemForwarder.EndToEnd.Inbox;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Service.Detections;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Operations;

namespace SiemForwarder.EndToEnd.Detections;

/// <summary>Rules that are blind because a source is off or silent: shown, alarmed, back by themselves, and told by a backtest.</summary>
public sealed class BlindSourceTests(TestPostgres postgres)
{
    private const string Refused = """
        title: Refused
        logsource: {product: application, service: pki}
        detection: {selection: {type: account.refused}, condition: selection}
        level: high
        """;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ASourceThatIsSilentLongerThanItEverWasBlindsUntilItSpeaksAgain()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        var pusher = await Pusher.CreateAsync(forwarder, "pki");
        await forwarder.PostAsync("/api/v1/rules", new { name = "own", yaml = Refused, enabled = true });
        var last = DateTimeOffset.UtcNow.AddHours(-5);
        await SpeakHourlyAsync(forwarder, pusher.SourceId, last, pauses: 30);

        var reason = await LookAsync(forwarder, "Blind");
        Assert.Contains("longer than it has been silent before (2 hours)", reason, StringComparison.Ordinal);
        Assert.Contains($"Since {last:yyyy-MM-dd HH:mm:ss} UTC", reason, StringComparison.Ordinal);
        Assert.Equal("DETECTION_BLIND", Assert.Single((await forwarder.GetAsync("/api/v1/alarms"))["items"]!.AsArray())!["kind"]!.ToString());
        var blind = Assert.Single(await BacktestAsync(forwarder));
        Assert.Contains("Nobody has pushed events", blind["reason"]!.ToString(), StringComparison.Ordinal);
        Assert.InRange((blind["from"]!.GetValue<DateTimeOffset>() - last).TotalSeconds, -1, 1);

        Assert.Equal(HttpStatusCode.Accepted, (await pusher.PushAsync(Pusher.Event("a"), Token)).Status);

        await LookAsync(forwarder, "Running");
        Assert.Empty((await forwarder.GetAsync("/api/v1/alarms"))["items"]!.AsArray());
        blind = Assert.Single(await BacktestAsync(forwarder));
        Assert.Contains("The rules were blind then: Nobody has pushed events", blind["reason"]!.ToString(), StringComparison.Ordinal);
        Assert.InRange((blind["from"]!.GetValue<DateTimeOffset>() - last).TotalSeconds, -1, 1);
    }

    [Fact]
    public async Task ASourceIsNotTakenForSilentBeforeItIsKnownHowItSpeaksUnlessTheSettingsSaySo()
    {
        var last = DateTimeOffset.UtcNow.AddHours(-5);
        await using (var forwarder = await ForwarderApplication.StartAsync(postgres))
        {
            var pusher = await Pusher.CreateAsync(forwarder, "pki");
            await forwarder.PostAsync("/api/v1/rules", new { name = "own", yaml = Refused, enabled = true });
            await SpeakHourlyAsync(forwarder, pusher.SourceId, last, pauses: 10);
            await LookAsync(forwarder, "Running");
        }

        await using var told = await ForwarderApplication.StartAsync(postgres, "--Forwarder:Detections:MaxPushSilence=04:00:00");
        var other = await Pusher.CreateAsync(told, "pki");
        await told.PostAsync("/api/v1/rules", new { name = "own", yaml = Refused, enabled = true });
        await LookAsync(told, "Running");
        await SpeakHourlyAsync(told, other.SourceId, last, pauses: 1);
        Assert.Contains("longer than it may be silent (4 hours)", await LookAsync(told, "Blind"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ASourceThatIsDisabledBlindsUntilItIsEnabled()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        await Pusher.CreateAsync(forwarder, "other");
        var pusher = await Pusher.CreateAsync(forwarder, "pki");
        var anyApplication = Refused.Replace(", service: pki", "", StringComparison.Ordinal);
        await forwarder.PostAsync("/api/v1/rules", new { name = "own", yaml = anyApplication, enabled = true });
        await LookAsync(forwarder, "Running");

        await SwitchAsync(forwarder, pusher.SourceId, enabled: false);
        Assert.Contains("Source 'pki' is disabled", await LookAsync(forwarder, "Blind"), StringComparison.Ordinal);
        Assert.Equal("DETECTION_BLIND", Assert.Single((await forwarder.GetAsync("/api/v1/alarms"))["items"]!.AsArray())!["kind"]!.ToString());
        Assert.Contains("'pki' is disabled", Assert.Single(await BacktestAsync(forwarder))["reason"]!.ToString(), StringComparison.Ordinal);

        await SwitchAsync(forwarder, pusher.SourceId, enabled: true);
        await LookAsync(forwarder, "Running");
        Assert.Empty((await forwarder.GetAsync("/api/v1/alarms"))["items"]!.AsArray());
        Assert.Contains("were blind then: Source 'pki' is disabled", Assert.Single(await BacktestAsync(forwarder))["reason"]!.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ARuleWhoseFieldAnIntegrationHidesIsBlindUntilItShowsTheField()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        await Pusher.CreateAsync(forwarder, "pki");
        await forwarder.PostAsync("/api/v1/rules", new { name = "own", yaml = Refused + "\nforwarder: {per: [ip]}", enabled = true });
        var integration = await forwarder.AddIntegrationAsync(new
        {
            name = "SOC", serverUrl = "tcp://127.0.0.1:9", outputType = "JSON", privacy = new[] { new { field = "ip_address", action = "drop" } },
        });

        Assert.Contains("integration 'SOC' does not see all that the rule looks at: its alerts lack ip (privacy rules)", await LookAsync(forwarder, "Blind"), StringComparison.Ordinal);
        Assert.Contains("DETECTION_BLIND", (await forwarder.GetAsync("/api/v1/alarms")).ToJsonString(), StringComparison.Ordinal);
        Assert.Contains("its alerts lack ip", Assert.Single(await BacktestAsync(forwarder))["reason"]!.ToString(), StringComparison.Ordinal);

        var shown = await forwarder.SendAsync(HttpMethod.Get, $"/api/v1/integrations/{integration}");
        var body = shown.Json;
        body["privacy"] = new JsonArray();
        Assert.Equal(HttpStatusCode.OK, (await forwarder.SendAsync(HttpMethod.Put, $"/api/v1/integrations/{integration}", body, shown.ETag)).Status);
        await LookAsync(forwarder, "Running");
        Assert.DoesNotContain("DETECTION_BLIND", (await forwarder.GetAsync("/api/v1/alarms")).ToJsonString(), StringComparison.Ordinal);
        Assert.Empty(await BacktestAsync(forwarder));
    }

    // Looks as the service does every few seconds; the state of the rule with its reasons.
    private static async Task<string> LookAsync(ForwarderApplication forwarder, string state)
    {
        await forwarder.Services.GetRequiredService<BlindWatchService>().LookInTurnAsync(Token);
        await forwarder.Services.GetRequiredService<OperationsService>().LookInTurnAsync(Token);
        // A look of the service itself may be under way.
        var file = await forwarder.WaitForAsync("/api/v1/rules/own", one => one["state"]!.ToString() == state);
        return string.Join(' ', file["rules"]![0]!["reasons"]!.AsArray().Select(reason => reason!.ToString()));
    }

    private static async Task<List<JsonNode>> BacktestAsync(ForwarderApplication forwarder) =>
        [.. (await forwarder.PostAsync("/api/v1/rules/own/backtest", new { from = DateTimeOffset.UtcNow.AddHours(-12), to = DateTimeOffset.UtcNow.AddMinutes(1) }))
            ["blind"]!.AsArray().Select(part => part!)];

    private static async Task SwitchAsync(ForwarderApplication forwarder, int source, bool enabled)
    {
        var shown = await forwarder.SendAsync(HttpMethod.Get, $"/api/v1/sources/{source}");
        var body = shown.Json;
        body["enabled"] = enabled;
        var answer = await forwarder.SendAsync(HttpMethod.Put, $"/api/v1/sources/{source}", body, shown.ETag);
        Assert.Equal(HttpStatusCode.OK, answer.Status);
    }

    // A sender that pushed one event an hour, up to a time; the rules have read them.
    private static async Task SpeakHourlyAsync(ForwarderApplication forwarder, int source, DateTimeOffset last, int pauses)
    {
        var database = forwarder.Services.GetRequiredService<NpgsqlDataSource>();
        for (var hours = pauses; hours >= 0; hours--)
        {
            var at = last.AddHours(-hours);
            var writer = LogBench.NewWriter(database, new StoppedClock(at), forwarder.Services.GetRequiredService<EventLogSignal>(), new SegmentCache());
            Assert.IsType<AppendOutcome.Committed>(
                await writer.AppendAsync(LogBench.Page(source, [LogBench.Event(Guid.NewGuid(), at.ToUnixTimeMilliseconds())]), Token));
        }

        using var bound = CancellationTokenSource.CreateLinkedTokenSource(Token);
        bound.CancelAfter(TimeSpan.FromMinutes(3));
        await using var followed = await FollowedPositions.ListenAsync(forwarder.ConnectionString, bound.Token);
        await followed.WaitForAsync(source, pauses + 1, bound.Token);
    }
}
