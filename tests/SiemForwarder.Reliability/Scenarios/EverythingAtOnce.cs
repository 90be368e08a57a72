using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Reliability.Bench;
using SiemForwarder.Reliability.Faults;
using SiemForwarder.Simulator;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.Reliability.Scenarios;

/// <summary>Two engines, and for a minute one fault of chance after the other, some of them while another is not over.</summary>
internal static class EverythingAtOnce
{
    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(60);

    // Where a start takes a quarter of a minute, a minute has too few turns for one of each.
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(5);

    public static IEnumerable<Scenario> All { get; } =
        [new("everything at once", "processes", "Two engines; kills, stops, database and source outages, bad answers in an order of chance for a minute.", ActAsync)];

    private static async Task ActAsync(ScenarioRun run, CancellationToken cancellationToken)
    {
        var engines = new[] { run.NewService("first").Process, run.NewService("second").Process };
        await engines[0].StartAsync(cancellationToken);
        run.Api = new ForwarderApi(() => engines[0].Api);
        var conduct = new Conduct();
        await Receivers.AddTcpAsync(run, cancellationToken);
        await Receivers.AddTcpAsync(run, "cef", run.Cef(), null, cancellationToken);
        await Receivers.AddHttpAsync(run, _ => conduct.Answer(), cancellationToken);
        run.Oracle.IssueBacklog(4000);
        await run.AddSourceAsync(cancellationToken);
        await engines[1].StartAsync(cancellationToken);

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var flowing = run.Oracle.FlowAsync(400, stop.Token);
        var (kills, stops, outages, answers, pulls) = (0, 0, 0, 0, 0);
        var clock = System.Diagnostics.Stopwatch.StartNew();
        while (clock.Elapsed < Duration || (clock.Elapsed < Longest && (kills == 0 || stops == 0 || outages == 0 || pulls == 0)))
        {
            await Task.Delay(run.Random.Next(50, 1500), cancellationToken);
            switch (run.Random.Next(6))
            {
                case 0:
                    kills++;
                    await AgainAsync(engines[run.Random.Next(2)], cancellationToken);
                    break;
                case 1:
                    stops++;
                    await PauseAsync(engines[run.Random.Next(2)], run.Random.Next(200, 5000), cancellationToken);
                    break;
                case 2:
                    outages++;
                    await run.Database.KillAsync(cancellationToken);
                    await Task.Delay(run.Random.Next(0, 1500), cancellationToken);
                    await run.Database.StartAgainAsync(cancellationToken);
                    break;
                case 3:
                    answers++;
                    conduct.Toggle(run.Random);
                    break;
                case 4:
                    pulls++;
                    run.Keycloak.Faults.NextPages(
                        run.Random.Next(3) switch { 0 => new SimulatedFault.ExpireTokens(), 1 => new SimulatedFault.Truncate(9000),
                        _ => SimulatedFault.Booting }, 2);
                    break;
                default:
                    run.Oracle.Issue(run.Random.Next(1500));
                    break;
            }
        }

        conduct.BeWell();
        await stop.CancelAsync();
        await flowing;
        run.Sometimes(
            $"{kills} kills, {stops} stops, {outages} times without a database, {answers} changes of the receiver's mind, {pulls} faults of the source",
            kills > 0 && stops > 0 && outages > 0 && pulls > 0);
        run.Feeds.ForEach(feed => feed.Interruptions = kills + stops + outages);
        run.Feeds[2].Interruptions += conduct.BadlyAnswered;
    }

    private static HttpReply Bad(Random random) => random.Next(4) switch
    {
        0 => new HttpReply(503),
        1 => new HttpReply(429) { Headers = ["Retry-After: 1"] },
        2 => new HttpReply(200, "0123456789") { Conduct = HttpReplyConduct.CutOff },
        _ => new HttpReply(500),
    };

    private static async Task AgainAsync(ForwarderProcess engine, CancellationToken cancellationToken)
    {
        await engine.KillAsync(cancellationToken);
        await engine.StartAsync(cancellationToken);
    }

    private static async Task PauseAsync(ForwarderProcess engine, int milliseconds, CancellationToken cancellationToken)
    {
        await Signals.StopAsync(engine.Process!, cancellationToken);
        await Task.Delay(milliseconds, cancellationToken);
        await Signals.ContinueAsync(engine.Process!, cancellationToken);
    }

    /// <summary>What the HTTP receiver does at the moment.</summary>
    private sealed class Conduct
    {
        private static readonly HttpReply Well = new(200);

        private volatile HttpReply answer = Well;
        private int badlyAnswered;

        /// <summary>How often it took a batch and did not say so.</summary>
        public int BadlyAnswered => badlyAnswered;

        /// <summary>What to answer to a request that came.</summary>
        public HttpReply Answer()
        {
            var now = answer;
            if (now.Conduct == HttpReplyConduct.CutOff)
            {
                Interlocked.Increment(ref badlyAnswered);
            }

            return now;
        }

        public void Toggle(Random random) => answer = answer == Well ? Bad(random) : Well;

        public void BeWell() => answer = Well;
    }
}
