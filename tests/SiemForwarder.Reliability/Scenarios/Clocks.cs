using SiemForwarder.Reliability.Bench;
using SiemForwarder.Reliability.Faults;
using SiemForwarder.Reliability.Judging;
using SiemForwarder.Simulator;

namespace SiemForwarder.Reliability.Scenarios;

/// <summary>Servers whose clocks jump and differ; in simulated time.</summary>
internal static class Clocks
{
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Skew = TimeSpan.FromMinutes(15);

    public static IEnumerable<Scenario> All { get; } =
    [
        Of("clock set back", "The server's clock is set back 30 minutes, and later forward again.", SetBackAsync, SimulatedTier.WithIds),
        Of("clock set back, old server", "The same on a server without ids.", SetBackAsync, SimulatedTier.WithoutIds),
        Of("clocks of two nodes", "Nodes 15 minutes apart write into one realm and give tokens in turn; it is told.", TwoAsync, SimulatedTier.WithIds),
        Of("clocks of two nodes, old server", "The same on a server without ids.", TwoAsync, SimulatedTier.WithoutIds),
        Of("restored from a backup of an hour ago", "The database is put back by an hour under the running service: Keycloak is read again from there, and it is told.",
            RestoreAsync, SimulatedTier.WithIds),
    ];

    private static Scenario Of(
        string name, string promise, Func<ScenarioRun, CancellationToken, Task> act, SimulatedTier tier) => new(
            name,
            "source",
            promise,
            (run, token) =>
            {
                run.Keycloak.Tier = tier;
                return act(run, token);
            })
        {
            Clock = () => new LeapingClock(),
        };

    private static async Task SetBackAsync(ScenarioRun run, CancellationToken cancellationToken)
    {
        await SetUpAsync(run, cancellationToken);
        foreach (var (offset, duration) in new[] { (0, 8), (-30, 10), (0, 26), (-15, 10) })
        {
            run.Keycloak.ClockOffset = TimeSpan.FromMinutes(offset);
            await TrafficAsync(run, TimeSpan.FromMinutes(duration), () => 0, cancellationToken);
        }

        await PassAsync(run, TimeSpan.FromMinutes(12), cancellationToken);
        var told = await CountNoticesAsync(run, "SOURCE_CLOCK_BEHIND", cancellationToken);
        run.Sometimes($"the clock set back twice, by 30 and 15 minutes; {told} times told by SOURCE_CLOCK_BEHIND", told >= 4);
    }

    private static async Task TwoAsync(ScenarioRun run, CancellationToken cancellationToken)
    {
        await SetUpAsync(run, cancellationToken);
        var node = 0;
        run.Keycloak.Faults.Always = path =>
        {
            if (path.EndsWith("/token", StringComparison.Ordinal))
            {
                run.Keycloak.TokenClockOffset = node++ % 2 == 0 ? TimeSpan.Zero : -Skew;
            }

            return null;
        };
        var behind = await TrafficAsync(run, TimeSpan.FromMinutes(25), () => -(long)Skew.TotalMilliseconds, cancellationToken);
        var state = await run.Api.FindAsync("/api/v1/sources/1/status", cancellationToken);
        var alarms = await run.Api.FindAsync("/api/v1/alarms", cancellationToken);
        var isTold = alarms!["items"]!.AsArray().Any(alarm => (string?)alarm!["kind"] == "NODE_CLOCK_AHEAD");
        var isUpToDate = state!["poll"]!["streams"]!.AsArray().Any(stream => (string?)stream!["state"] == "upToDate");
        run.Keycloak.Faults.Always = null;
        run.Keycloak.TokenClockOffset = TimeSpan.Zero;
        await PassAsync(run, TimeSpan.FromMinutes(12), cancellationToken);
        run.Sometimes(
            $"{behind} events of a node 15 minutes behind; told by NODE_CLOCK_AHEAD, never up to date meanwhile", behind > 400 && isTold && !isUpToDate);
    }

    private static async Task RestoreAsync(ScenarioRun run, CancellationToken cancellationToken)
    {
        await SetUpAsync(run, cancellationToken);
        await TrafficAsync(run, TimeSpan.FromMinutes(4), () => 0, cancellationToken);
        var backup = Path.Combine(run.Folder, "backup", "data");
        await run.Database.BackUpAsync(backup, cancellationToken);
        var lost = 2 * await TrafficAsync(run, TimeSpan.FromHours(1), () => 0, cancellationToken);
        await PassAsync(run, TimeSpan.FromMinutes(1), cancellationToken);

        await run.Database.StopAsync(cancellationToken);
        await run.Database.RestoreAsync(backup, cancellationToken);
        await run.Database.StartAgainAsync(cancellationToken);
        await TrafficAsync(run, TimeSpan.FromMinutes(2), () => 0, cancellationToken);
        await PassAsync(run, TimeSpan.FromMinutes(12), cancellationToken);

        // What was delivered and then taken back comes again, and in the order in which it is stored again.
        run.Feeds.ForEach(feed => (feed.Interruptions, feed.KeepsOrder) = (8, false));
        // Told ten seconds after it was noticed, by the clock of the database.
        var isTold = await run.UntilAsync(
            async token => (await StoredLog.ReadAsync(run.Database.Source, 0, token))
                .Any(one => System.Text.Encoding.UTF8.GetString(one.Body).Contains("LOG_HISTORY_REPLACED", StringComparison.Ordinal)),
            TimeSpan.FromSeconds(60), cancellationToken);
        run.Sometimes($"{lost} events of an hour taken back, and told", lost > 1000 && isTold);
    }

    private static async Task SetUpAsync(ScenarioRun run, CancellationToken cancellationToken)
    {
        run.DrainBound = TimeSpan.FromMinutes(3);
        await run.StartHostAsync(cancellationToken);
        await Receivers.AddTcpAsync(run, "tcp", new RawRendering(), null, cancellationToken);
        await run.AddSourceAsync(cancellationToken);
        await PassAsync(run, TimeSpan.FromMinutes(2), cancellationToken);
    }

    /// <summary>Traffic of one node that tells the server's time, and of one whose clock differs from it; returns how many of the latter.</summary>
    private static async Task<int> TrafficAsync(
        ScenarioRun run, TimeSpan duration, Func<long> differenceMs, CancellationToken cancellationToken)
    {
        var differing = 0;
        for (var began = run.Clock.GetUtcNow(); run.Clock.GetUtcNow() - began < duration;)
        {
            for (var i = 0; i < 2; i++)
            {
                run.Oracle.Issue(run.Keycloak.NowMs() - run.Random.Next(3000));
                run.Oracle.Issue(run.Keycloak.NowMs() + differenceMs() - run.Random.Next(3000));
                differing++;
            }

            await run.LeapAsync(Step, cancellationToken);
        }

        return differing;
    }

    private static async Task PassAsync(ScenarioRun run, TimeSpan duration, CancellationToken cancellationToken)
    {
        for (var began = run.Clock.GetUtcNow(); run.Clock.GetUtcNow() - began < duration;)
        {
            await run.LeapAsync(TimeSpan.FromSeconds(10), cancellationToken);
        }
    }

    private static async Task<int> CountNoticesAsync(ScenarioRun run, string type, CancellationToken cancellationToken) =>
        (await StoredLog.ReadAsync(run.Database.Source, 1, cancellationToken))
            .Count(one => one.Stream == SiemForwarder.Events.EventStream.Forwarder
                && System.Text.Encoding.UTF8.GetString(one.Body).Contains(type, StringComparison.Ordinal));
}
