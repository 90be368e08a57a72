using System.Diagnostics;
using SiemForwarder.Reliability.Bench;

namespace SiemForwarder.Reliability.Scenarios;

/// <summary>Two engines on one database, of which one is killed every five seconds.</summary>
internal static class TwoEngines
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    public static IEnumerable<Scenario> All { get; } =
    [
        new(
            "two engines, one killed every 5 s", "processes", "For two minutes, now this one, now that one; each delivers some.",
            (run, token) => ActAsync(run, TimeSpan.FromMinutes(2), token)),
        new(
            "two engines, two kills", "processes", "The same, for as long as the other tests allow.",
            (run, token) => ActAsync(run, TimeSpan.FromSeconds(10), token)),
    ];

    private static async Task ActAsync(ScenarioRun run, TimeSpan duration, CancellationToken cancellationToken)
    {
        var engines = new[] { run.NewService("first").Process, run.NewService("second").Process };
        await engines[0].StartAsync(cancellationToken);
        run.Api = new ForwarderApi(() => engines[0].Api);
        await Kills.SetUpAsync(run, cancellationToken);
        await Receivers.AddTcpAsync(run, "fourth", new Judging.RawRendering(), null, cancellationToken);
        await engines[1].StartAsync(cancellationToken);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var flowing = run.Oracle.FlowAsync(400, stop.Token);
        var (delivered, kills, watch) = (new long[2], 0, Stopwatch.StartNew());
        while (watch.Elapsed < duration || kills < 2)
        {
            await Task.Delay(Interval, cancellationToken);
            var victim = kills++ % 2;
            // On a busy machine it may not have had its share of the work by then.
            await run.UntilAsync(
                async token => await EngineView.DeliveredAsync(engines[victim], token) > 0, TimeSpan.FromSeconds(30), cancellationToken);
            delivered[victim] += await EngineView.DeliveredAsync(engines[victim], cancellationToken);
            await engines[victim].KillAsync(cancellationToken);
            await engines[victim].StartAsync(cancellationToken);
        }

        await stop.CancelAsync();
        await flowing;
        run.Sometimes($"{kills} kills; delivered before a kill: {delivered[0]} by the first, {delivered[1]} by the second",
        delivered.All(count => count > 0));
        run.Feeds.ForEach(feed => feed.Interruptions = kills);
    }
}
