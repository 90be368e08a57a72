using SiemForwarder.Events;
using SiemForwarder.Reliability.Bench;
using SiemForwarder.Reliability.Faults;
using SiemForwarder.Reliability.Judging;
using SiemForwarder.Reliability.Oracle;
using SiemForwarder.Simulator;

namespace SiemForwarder.Reliability.Scenarios;

/// <summary>Sources whose faults need minutes or hours; in simulated time.</summary>
internal static class TimedSources
{
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(5);

    public static IEnumerable<Scenario> All { get; } =
    [
        Of("commits 290 s late", "Events become visible up to 290 s after their stamp, ties and reordering included.",
        (run, token) => LateAsync(run, SimulatedTier.WithIds, token)),
        Of("commits 290 s late, old server", "The same on a server without ids.",
        (run, token) => LateAsync(run, SimulatedTier.WithoutIds, token)),
        Of("skewed node clocks", "Nodes whose clocks are up to 45 s behind or ahead write into one realm.", SkewAsync),
        Of("tier upgrade mid-run", "A server without ids becomes one with ids while events come late.", UpgradeAsync),
        Of("events cleared", "Somebody deletes all events, some of which nobody had pulled; the loss is said.", ClearAsync),
        Of("retention expires in an outage", "Keycloak keeps events for an hour and cannot be reached for three; the loss is said.",
        ExpireAsync),
        Of("poison rows", "Rows that the server cannot read; they are passed over, written down, and fetched when they can be read.",
        PoisonAsync),
    ];

    private static Scenario Of(string name, string promise, Func<ScenarioRun, CancellationToken, Task> act) =>
        new(name, "source", promise, act) { Clock = () => new LeapingClock() };

    private static async Task LateAsync(ScenarioRun run, SimulatedTier tier, CancellationToken cancellationToken)
    {
        run.Keycloak.Tier = tier;
        run.Keycloak.Realm.UserEvents.ShufflesTies = true;
        await SetUpAsync(run, cancellationToken);
        var late = await TrafficAsync(run, TimeSpan.FromMinutes(15), _ => { }, cancellationToken);
        await PassAsync(run, TimeSpan.FromMinutes(12), cancellationToken);
        run.Sometimes($"{late} commits more than 100 s late", late > 50);
    }

    private static async Task UpgradeAsync(ScenarioRun run, CancellationToken cancellationToken)
    {
        run.Keycloak.Tier = SimulatedTier.WithoutIds;
        await SetUpAsync(run, cancellationToken);
        var late = await TrafficAsync(
            run, TimeSpan.FromMinutes(15), minute => run.Keycloak.Tier = minute < 7 ? SimulatedTier.WithoutIds : SimulatedTier.WithIds,
            cancellationToken);
        await PassAsync(run, TimeSpan.FromMinutes(75), cancellationToken);
        var source = await run.Api.FindAsync("/api/v1/sources/1/status", cancellationToken);
        var tiers = string.Join(", ", source!["poll"]!["streams"]!.AsArray().Select(stream => stream!["tier"]!.GetValue<string>()));
        run.Sometimes($"{late} commits more than 100 s late, tiers at the end: {tiers}", late > 50 && tiers == "withIds, withIds");
    }

    private static async Task SkewAsync(ScenarioRun run, CancellationToken cancellationToken)
    {
        await SetUpAsync(run, cancellationToken);
        var (behind, ahead) = (0, 0);
        for (var began = run.Clock.GetUtcNow(); run.Clock.GetUtcNow() - began < TimeSpan.FromMinutes(10);)
        {
            for (var i = 0; i < 6; i++)
            {
                var skew = run.Random.Next(-45_000, 45_000);
                _ = skew < 0 ? behind++ : ahead++;
                run.Oracle.Issue(run.Keycloak.NowMs() + skew);
            }

            await run.LeapAsync(Step, cancellationToken);
        }

        await PassAsync(run, TimeSpan.FromMinutes(12), cancellationToken);
        run.Sometimes($"{behind} events of clocks behind, {ahead} of clocks ahead", behind > 100 && ahead > 100);
    }

    private static async Task ClearAsync(ScenarioRun run, CancellationToken cancellationToken)
    {
        await SetUpAsync(run, cancellationToken);
        await run.UntilAsync(() => run.Feeds[0].Arrivals.Distinct >= 500, TimeSpan.FromSeconds(30), cancellationToken);
        await PassAsync(run, TimeSpan.FromMinutes(3), cancellationToken);
        for (var i = 0; i < 40; i++)
        {
            run.Oracle.Issue(stream: EventStream.User);
        }

        await PassAsync(run, TimeSpan.FromMinutes(3), cancellationToken);

        // While the server cannot be asked, more come, and then all are deleted.
        await run.Keycloak.StopAsync(cancellationToken);
        run.Oracle.NoteRemoved(Enumerable.Range(0, 60).Select(_ => run.Oracle.Issue(stream: EventStream.User)).ToList());
        run.Keycloak.Realm.UserEvents.Clear();
        await run.Keycloak.StartAgainAsync(cancellationToken);
        await PassAsync(run, TimeSpan.FromMinutes(6), cancellationToken);
        await SayAsync(run, "SOURCE_EVENTS_REMOVED", cancellationToken);
    }

    private static async Task ExpireAsync(ScenarioRun run, CancellationToken cancellationToken)
    {
        run.Keycloak.Realm.EventsExpirationSeconds = 3600;
        await SetUpAsync(run, cancellationToken);
        await PassAsync(run, TimeSpan.FromMinutes(20), cancellationToken);
        await run.Keycloak.StopAsync(cancellationToken);
        List<IssuedEvent> meanwhile = [];
        for (var began = run.Clock.GetUtcNow(); run.Clock.GetUtcNow() - began < TimeSpan.FromHours(3);)
        {
            meanwhile.AddRange(Enumerable.Range(0, 10).Select(_ => run.Oracle.Issue(stream: EventStream.User)));
            await run.LeapAsync(TimeSpan.FromMinutes(2), cancellationToken);
        }

        var oldestKept = run.Keycloak.NowMs() - 3_600_000;
        run.Keycloak.Realm.UserEvents.RemoveBefore(oldestKept);
        run.Oracle.NoteRemoved(meanwhile.Where(one => one.TimeMs < oldestKept));
        await run.Keycloak.StartAgainAsync(cancellationToken);
        await PassAsync(run, TimeSpan.FromMinutes(10), cancellationToken);
        await SayAsync(run, "SOURCE_EVENTS_POSSIBLY_LOST", cancellationToken);
    }

    private static async Task PoisonAsync(ScenarioRun run, CancellationToken cancellationToken)
    {
        // What could not be read is asked for again once an hour.
        run.Stride = TimeSpan.FromSeconds(20);
        var from = run.Keycloak.NowMs() - 1_800_000;
        var poison = Enumerable.Range(1, 4).Select(i => run.Oracle.Promise(from + (i * 300_007))).ToDictionary(one => one.TimeMs);
        foreach (var time in poison.Keys)
        {
            run.Keycloak.Realm.UserEvents.AddPoison(time);
        }

        await SetUpAsync(run, cancellationToken);
        await run.UntilAsync(() => run.Feeds[0].Arrivals.Distinct >= 500, TimeSpan.FromSeconds(60), cancellationToken);
        var source = await run.Api.FindAsync("/api/v1/sources/1/status", cancellationToken);
        var gaps = new[] { source!["poll"], source["history"] }.Where(lane => lane is not null)
            .Sum(lane => lane!["streams"]!.AsArray().Sum(stream => stream!["gaps"]!.AsArray().Count));
        run.Keycloak.Realm.UserEvents.HealPoison(time => System.Text.Encoding.UTF8.GetString(poison[time].Json));
        var healed = await run.UntilAsync(
            () => poison.Values.All(one => run.Feeds[0].Arrivals.Contains(one.Id)), TimeSpan.FromSeconds(90), cancellationToken);
        run.Sometimes($"{gaps} gaps written down for {poison.Count} unreadable rows; all fetched when they could be read",
        gaps == poison.Count && healed);
    }

    private static async Task SetUpAsync(ScenarioRun run, CancellationToken cancellationToken)
    {
        await run.StartHostAsync(cancellationToken);
        await Receivers.AddTcpAsync(run, "tcp", new RawRendering(), null, cancellationToken);
        run.Oracle.IssueBacklog(500);
        await run.AddSourceAsync(cancellationToken);
        await PassAsync(run, TimeSpan.FromMinutes(1), cancellationToken);
    }

    /// <summary>Traffic whose rows become visible late; how many of them very late.</summary>
    private static async Task<int> TrafficAsync(
        ScenarioRun run, TimeSpan duration, Action<double> atMinute, CancellationToken cancellationToken)
    {
        var veryLate = 0;
        var began = run.Clock.GetUtcNow();
        while (run.Clock.GetUtcNow() - began < duration)
        {
            atMinute((run.Clock.GetUtcNow() - began).TotalMinutes);
            var time = run.Keycloak.NowMs();
            for (var i = 0; i < 8; i++)
            {
                var delay = run.Random.Next(3) == 0 ? run.Random.Next(290_000) : run.Random.Next(2000);
                veryLate += delay > 100_000 ? 1 : 0;
                run.Oracle.Issue(time + run.Random.Next(3), time + delay);
            }

            await run.LeapAsync(Step, cancellationToken);
        }

        return veryLate;
    }

    private static async Task PassAsync(ScenarioRun run, TimeSpan duration, CancellationToken cancellationToken)
    {
        for (var began = run.Clock.GetUtcNow(); run.Clock.GetUtcNow() - began < duration;)
        {
            await run.LeapAsync(TimeSpan.FromSeconds(10), cancellationToken);
        }
    }

    private static async Task SayAsync(ScenarioRun run, string type, CancellationToken cancellationToken)
    {
        var notices = (await StoredLog.ReadAsync(run.Database.Source, 1, cancellationToken)).Where(
            one => one.Stream == EventStream.Forwarder)
            .Select(one => System.Text.Encoding.UTF8.GetString(one.Body)).ToList();
        var removed = run.Oracle.Count - run.Oracle.Expected;
        run.Sometimes($"{removed} events gone at the source before they could be pulled; said by {type}", removed > 0 && notices.Exists(
            one => one.Contains(type, StringComparison.Ordinal)));
    }
}
