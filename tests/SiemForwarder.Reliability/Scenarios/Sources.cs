using SiemForwarder.Events;
using SiemForwarder.Reliability.Bench;
using SiemForwarder.Simulator;

namespace SiemForwarder.Reliability.Scenarios;

/// <summary>Sources whose events come in awkward ways; in real time.</summary>
internal static class Sources
{
    public static IEnumerable<Scenario> All { get; } =
    [
        new("ties larger than a page", "source", "3,500 events in one millisecond, in another order in each answer.",
        (run, token) => TiesAsync(run, SimulatedTier.WithIds, token)),
        new("ties larger than a page, old server", "source", "2,500 events in one millisecond of a server without ids.",
        (run, token) => TiesAsync(run, SimulatedTier.WithoutIds, token)),
        new("token expires mid-page", "source", "Tokens become worthless between pages, pages are cut off, the server answers 500, 503 and a login page.", TokensAsync),
        new("ten-fold burst", "source", "300 events a second, then 3,000, then 300.", BurstAsync),
    ];

    private static async Task TiesAsync(ScenarioRun run, SimulatedTier tier, CancellationToken cancellationToken)
    {
        var ties = tier == SimulatedTier.WithIds ? 3500 : 2500;
        run.Keycloak.Tier = tier;
        run.Keycloak.Realm.UserEvents.ShufflesTies = true;
        await run.StartServiceAsync(cancellationToken);
        await Receivers.AddTcpAsync(run, cancellationToken);
        run.Oracle.IssueBacklog(1000);
        var time = run.Keycloak.NowMs() - 120_000;
        for (var i = 0; i < ties; i++)
        {
            run.Oracle.Issue(time, stream: EventStream.User);
        }

        await run.AddSourceAsync(cancellationToken);
        await run.UntilAsync(() => run.Feeds[0].Arrivals.Distinct >= 1000 + ties, TimeSpan.FromSeconds(60), cancellationToken);
        run.Sometimes($"{ties} events of one millisecond", run.Feeds[0].Arrivals.Distinct > 1000);
    }

    private static async Task TokensAsync(ScenarioRun run, CancellationToken cancellationToken)
    {
        var faults = new Dictionary<string, int>();
        await run.StartServiceAsync(cancellationToken);
        await Receivers.AddTcpAsync(run, cancellationToken);
        run.Oracle.IssueBacklog(12_000);
        var page = 0;
        run.Keycloak.Faults.Always = path =>
        {
            if (!path.Contains("direction=asc", StringComparison.Ordinal) || page++ % 3 != 1 || page > 24)
            {
                return null;
            }

            var (name, fault) = ((page / 3) % 4) switch
            {
                0 or 1 => ("tokens expired", (SimulatedFault)new SimulatedFault.ExpireTokens()),
                2 => ("pages cut off", new SimulatedFault.Truncate(20_000)),
                _ => ("errors of the server", page % 2 == 0 ? SimulatedFault.ServerError : SimulatedFault.LoginPage),
            };
            faults[name] = faults.GetValueOrDefault(name) + 1;
            return fault;
        };
        await run.AddSourceAsync(cancellationToken);
        await run.UntilAsync(() => page > 24, TimeSpan.FromSeconds(90), cancellationToken);
        run.Keycloak.Faults.Always = null;
        run.Sometimes(string.Join(", ", faults.Select(pair => $"{pair.Value} {pair.Key}")),
        faults.GetValueOrDefault("tokens expired") > 1 && faults.Count == 3);
    }

    private static async Task BurstAsync(ScenarioRun run, CancellationToken cancellationToken)
    {
        await run.StartServiceAsync(cancellationToken);
        await Kills.SetUpAsync(run, cancellationToken);
        foreach (var perSecond in new[] { 300, 3000, 300 })
        {
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            stop.CancelAfter(TimeSpan.FromSeconds(5));
            await run.Oracle.FlowAsync(perSecond, stop.Token);
        }

        run.Sometimes($"{run.Oracle.Count} events", run.Oracle.Count > 15_000);
    }
}
