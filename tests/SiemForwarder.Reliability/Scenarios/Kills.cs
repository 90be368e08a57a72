using SiemForwarder.Reliability.Bench;
using SiemForwarder.Reliability.Faults;

namespace SiemForwarder.Reliability.Scenarios;

/// <summary>The process is killed or stopped at moments that nobody chose.</summary>
internal static class Kills
{
    private const int Times = 6;

    public static IEnumerable<Scenario> All { get; } =
    [
        new("SIGKILL at random", "processes", $"kill -9 {Times} times at moments of chance while events flow.", KillAsync),
        new("SIGSTOP at random", "processes", $"One engine is stopped {Times} times, for longer and for shorter than its lease, and goes on.", (run, token) => StopAsync(run, hasSecond: false, token)),
        new("SIGSTOP beside a second engine", "processes", "The stopped engine's work moves to the other; when it wakes, it moves no checkpoint.", (run, token) => StopAsync(run, hasSecond: true, token)),
    ];

    private static async Task KillAsync(ScenarioRun run, CancellationToken cancellationToken)
    {
        var (service, _) = await run.StartServiceAsync(cancellationToken);
        await SetUpAsync(run, cancellationToken);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var flowing = run.Oracle.FlowAsync(800, stop.Token);
        for (var i = 0; i < Times; i++)
        {
            await Task.Delay(run.Random.Next(50, 3000), cancellationToken);
            await service.KillAsync(cancellationToken);
            await service.StartAsync(cancellationToken);
        }

        await stop.CancelAsync();
        await flowing;
        run.Sometimes($"{Times} kills, {run.Feeds.Sum(feed => feed.Arrivals.Count)} arrivals",
        run.Feeds.TrueForAll(feed => feed.Arrivals.Count > 0));
        run.Feeds.ForEach(feed => feed.Interruptions = Times);
    }

    private static async Task StopAsync(ScenarioRun run, bool hasSecond, CancellationToken cancellationToken)
    {
        var first = run.NewService("first").Process;
        await first.StartAsync(cancellationToken);
        run.Api = new ForwarderApi(() => first.Api);
        await SetUpAsync(run, cancellationToken);
        var second = hasSecond ? run.NewService("second").Process : null;
        await (second?.StartAsync(cancellationToken) ?? Task.CompletedTask);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var flowing = run.Oracle.FlowAsync(600, stop.Token);
        var moved = 0;
        for (var i = 0; i < Times; i++)
        {
            var (victim, other) = i % 2 == 0 || second is null ? (first, second) : (second, first);
            await Task.Delay(run.Random.Next(500, 2500), cancellationToken);
            await Signals.StopAsync(victim.Process!, cancellationToken);
            // The lease of these runs lasts two seconds.
            await Task.Delay(i % 3 == 2 ? 700 : 3500 + run.Random.Next(2000), cancellationToken);
            moved += other is null ? 0 : await EngineView.HeldByAsync(other, other == first ? "first" : "second", cancellationToken);
            await Signals.ContinueAsync(victim.Process!, cancellationToken);
            await Task.Delay(1000, cancellationToken);
        }

        await stop.CancelAsync();
        await flowing;
        run.Sometimes(hasSecond ? $"{Times} stops, {moved} integrations seen at the other engine" : $"{Times} stops",
        !hasSecond || moved > 0);
        run.Feeds.ForEach(feed => feed.Interruptions = Times);
    }

    /// <summary>Three receivers of different kinds, and a backlog.</summary>
    internal static async Task SetUpAsync(ScenarioRun run, CancellationToken cancellationToken)
    {
        await Receivers.AddTcpAsync(run, cancellationToken);
        await Receivers.AddTcpAsync(run, "cef", run.Cef(), null, cancellationToken);
        await Receivers.AddHttpAsync(run, Receivers.Ok, cancellationToken);
        run.Oracle.IssueBacklog(4000);
        await run.AddSourceAsync(cancellationToken);
    }
}
