using System.Text.Json.Nodes;
using SiemForwarder.Detections;
using SiemForwarder.Detections.Alerts;
using SiemForwarder.Detections.Fields;
using SiemForwarder.Detections.Rules;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Events;
using SiemForwarder.Service.Detections;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Storage;
using SiemForwarder.Service.Storage.Private;

namespace SiemForwarder.EndToEnd.Detections;

/// <summary>However often the service is killed, the rules raise the alerts of an undisturbed run, each once.</summary>
public sealed class DetectionCrashTests
{
    private const int Events = 100_000;
    private const int Kills = 3;
    private const string SeveralRulesOnOneAddress = "94d1f5b8-7c32-5a0e-b6f4-1e8d2c3a5b45";
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(8);

    [Fact]
    public async Task TheAlertsOfAServiceThatIsKilledAreThoseOfAnUndisturbedRun()
    {
        Assert.SkipWhen(PostgresPrograms.FindFolder() is null, "no PostgreSQL programs on this machine");
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        bound.CancelAfter(Bound);
        await using var forwarder = new ForwarderProcess(ForwarderProcess.NewFolder(), new Dictionary<string, string>
        {
            ["Forwarder__Detections__SnapshotInterval"] = "00:00:01", ["Forwarder__EventLog__IndexEnabled"] = "false", ["Forwarder__Engine__Roles__0"] = "dispatch",
        });
        await forwarder.StartAsync(bound.Token);
        await using var log = LogBench.Open(forwarder.ConnectionString);
        var source = await log.AddSourceAsync();
        await EnableThePackAsync(log, bound.Token);
        await using var followed = await FollowedPositions.ListenAsync(forwarder.ConnectionString, bound.Token);

        var startMs = DateTimeOffset.UtcNow.AddHours(-1).ToUnixTimeMilliseconds();
        var undisturbed = Task.Run(() => Undisturbed(startMs, source), bound.Token);

        // Somebody else writes the log while the service reads it, and is killed when it has recorded a position of chance.
        var writer = log.NewWriter();
        var (random, stored, killed) = (new Random(17), 0, 0);
        foreach (var (stream, page) in new CrashTraffic(startMs).Pages(Events))
        {
            Assert.IsType<AppendOutcome.Committed>(await writer.AppendAsync(new LogAppend(source, stream, page, null), bound.Token));
            stored += page.Count;
            if (stored >= Events * (killed + 1) / (Kills + 1) && killed < Kills)
            {
                await followed.WaitForAsync(source, stored - random.Next(Events / (Kills + 1)), bound.Token);
                await forwarder.KillAsync(bound.Token);
                await forwarder.StartAsync(bound.Token);
                killed++;
            }
        }

        await followed.WaitForAsync(source, Events, bound.Token);
        var expected = await undisturbed;
        await followed.WaitForAsync(DetectionTables.SourceId, expected.Count, bound.Token);
        var raised = (await log.ReadAllAsync(DetectionTables.SourceId)).ConvertAll(entry => JsonNode.Parse(entry.Body)!);
        var alerts = raised.ConvertAll(alert => alert["event_id"]!.GetValue<string>());
        Assert.True(expected.Count > 1000, $"Only {expected.Count} alerts: the test shows little.");
        Assert.Contains(raised, alert => alert["rule_id"]!.GetValue<string>() == SeveralRulesOnOneAddress);
        Assert.Equal(expected.Order(StringComparer.Ordinal), alerts.Order(StringComparer.Ordinal));
    }

    private static async Task EnableThePackAsync(LogBench log, CancellationToken cancellationToken)
    {
        Assert.True(RuleLibrary.Pack.Count >= 40, $"The pack has {RuleLibrary.Pack.Count} files.");
        var table = new RuleTable(log.Database, new ConfigurationSignal(), TimeProvider.System);
        foreach (var name in RuleLibrary.Pack.Keys)
        {
            Assert.Equal(ChangeResult.Done, await table.SaveAsync(new StoredRule(name, true, true, null, null, null, 0, null), cancellationToken));
        }
    }

    // One engine over the same events in the same order.
    private static List<string> Undisturbed(long startMs, int source)
    {
        var rules = RuleSet.Load(DetectionPack.Files.Select(file => file.File), DetectionPack.Lists);
        Assert.Empty(rules.Refusals);
        var engine = new DetectionEngine(rules);
        var (raised, position, from) = (new List<(Alert Alert, EventSource Source)>(), 0L, new EventSource(source, "realm", "r", "kc"));
        foreach (var (stream, page) in new CrashTraffic(startMs).Pages(Events))
        {
            foreach (var one in page)
            {
                var read = EventNormalizer.Normalize(stream, one.Body, one.Key, from, ++position, one.OccurredAtMs, DateTimeOffset.UtcNow);
                Follow(read, stream == EventStream.Admin ? LogSource.KeycloakAdmin : LogSource.KeycloakUser);
            }
        }

        // The rules over alerts read what the others raised, and what they raise themselves.
        var (told, names) = (new EventSource(DetectionTables.SourceId, "detections", "", ""), new Dictionary<int, string>());
        for (var index = 0; index < raised.Count; index++)
        {
            var one = AlertBody.ToIncoming(raised[index].Alert, raised[index].Source, names);
            Follow(EventNormalizer.Normalize(EventStream.Detection, one.Body, one.Key, told, index + 1, one.OccurredAtMs, DateTimeOffset.UtcNow), LogSource.Alerts);
        }

        return raised.ConvertAll(one => one.Alert.Id.ToString("D"));

        void Follow(SecurityEvent read, LogSource logSource)
        {
            var alerts = new List<Alert>();
            engine.Follow(read, logSource, LocalCalendar.Utc, alerts);
            raised.AddRange(alerts.Select(alert => (alert, read.Source)));
        }
    }
}
