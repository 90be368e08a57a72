using SiemForwarder.Reliability.Bench;
using SiemForwarder.Service;

namespace SiemForwarder.Reliability.Scenarios;

/// <summary>The process ends at a named place, again and again, and is started again.</summary>
internal static class CrashPoints
{
    private const int Crashes = 3;

    public static IEnumerable<Scenario> All { get; } =
    [
        At(CrashPoint.AfterPull), At(CrashPoint.BeforeAppendCommit), At(CrashPoint.AfterAppendCommit), At(CrashPoint.BeforeSend),
        At(CrashPoint.AfterSend) with { IsInTests = true }, At(CrashPoint.AfterCheckpoint),
    ];

    private static Scenario At(string point) => new(
        $"crash {point}", "crash points", $"The process ends {Crashes} times at '{point}', with events stored and under way.", (run, token) => ActAsync(run, point, token));

    private static async Task ActAsync(ScenarioRun run, string point, CancellationToken cancellationToken)
    {
        var (service, settings) = run.NewService();
        await service.StartAsync(cancellationToken);
        run.Api = new ForwarderApi(() => service.Api);
        await Receivers.AddTcpAsync(run, cancellationToken);
        await Receivers.AddTcpAsync(run, "cef", run.Cef(), null, cancellationToken);
        await Receivers.AddHttpAsync(run, Receivers.Ok, cancellationToken);
        await service.StopAsync(cancellationToken);
        run.Oracle.IssueBacklog(6000);

        // The source comes last, so that the first start runs into the point with everything still to do.
        settings[CrashPoint.Variable] = $"{point}:{1 + run.Random.Next(3)}";
        await service.StartAsync(cancellationToken);
        await run.AddSourceAsync(cancellationToken);
        var exits = new List<int>();
        for (var crash = 0; crash < Crashes; crash++)
        {
            exits.Add(crash == 0 ? await ExitAsync(service, cancellationToken) : await service.RunToEndAsync(cancellationToken));
            settings[CrashPoint.Variable] = $"{point}:{1 + run.Random.Next(2)}";
            run.Oracle.Issue(500);
        }

        settings.Remove(CrashPoint.Variable);
        await service.StartAsync(cancellationToken);
        run.Sometimes($"{exits.Count(code => code == CrashPoint.ExitCode)} exits at the point", exits.TrueForAll(code => code == CrashPoint.ExitCode));
        foreach (var feed in run.Feeds)
        {
            feed.Interruptions = Crashes;
        }
    }

    private static async Task<int> ExitAsync(EndToEnd.Support.ForwarderProcess service, CancellationToken cancellationToken)
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bound.CancelAfter(TimeSpan.FromSeconds(60));
        await service.Process!.WaitForExitAsync(bound.Token);
        return service.Process.ExitCode;
    }
}
