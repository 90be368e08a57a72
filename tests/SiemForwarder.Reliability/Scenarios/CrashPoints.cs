using SiemForwarder.Reliability.Bench;
using SiemForwarder.Reliability.Faults;
using SiemForwarder.Service;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.Reliability.Scenarios;

/// <summary>The process ends at a named place, again and again, and is started again.</summary>
internal static class CrashPoints
{
    private const int Crashes = 3;

    public static IEnumerable<Scenario> All { get; } =
    [
        At(CrashPoint.AfterPull), At(CrashPoint.BeforeAppendCommit), At(CrashPoint.AfterAppendCommit), At(CrashPoint.BeforeSend),
        At(CrashPoint.AfterSend), At(CrashPoint.AfterCheckpoint),
        new($"crash {CrashPoint.DuringMigration}", "crash points",
        "The process ends before each migration of an empty database; the next start makes the tables whole.", MigrateAsync),
        new($"crash {CrashPoint.DuringRetention}", "crash points",
        "The process ends between two drops of old days; what an integration has not got stays.", RetainAsync),
    ];

    private static Scenario At(string point) => new(
        $"crash {point}", "crash points", $"The process ends {Crashes} times at '{point}', with events stored and under way.",
        (run, token) => ActAsync(run, point, token));

    private static async Task ActAsync(ScenarioRun run, string point, CancellationToken cancellationToken)
    {
        // An engine that only serves the API makes the settings, so that the first start of a whole one runs into the point with everything still to do.
        const string Role = "Forwarder__Engine__Roles__0";
        var (service, settings) = run.NewService();
        settings[Role] = "api";
        await service.StartAsync(cancellationToken);
        run.Api = new ForwarderApi(() => service.Api);
        await Receivers.AddTcpAsync(run, cancellationToken);
        await Receivers.AddTcpAsync(run, "cef", run.Cef(), null, cancellationToken);
        await Receivers.AddHttpAsync(run, Receivers.Ok, cancellationToken);
        await run.AddSourceAsync(cancellationToken);
        await service.StopAsync(cancellationToken);
        settings.Remove(Role);
        run.Oracle.IssueBacklog(6000);

        settings[CrashPoint.Variable] = $"{point}:{1 + run.Random.Next(3)}";
        var exits = new List<int>();
        for (var crash = 0; crash < Crashes; crash++)
        {
            exits.Add(await service.RunToEndAsync(cancellationToken));
            settings[CrashPoint.Variable] = $"{point}:{1 + run.Random.Next(2)}";
            run.Oracle.Issue(500);
        }

        settings.Remove(CrashPoint.Variable);
        await service.StartAsync(cancellationToken);
        run.Sometimes($"{exits.Count(code => code == CrashPoint.ExitCode)} exits at the point",
        exits.TrueForAll(code => code == CrashPoint.ExitCode));
        foreach (var feed in run.Feeds)
        {
            feed.Interruptions = Crashes;
        }
    }

    private static async Task MigrateAsync(ScenarioRun run, CancellationToken cancellationToken)
    {
        var (service, settings) = run.NewService();
        var exits = new List<int>();
        for (var pass = 1; pass <= 3; pass++)
        {
            settings[CrashPoint.Variable] = $"{CrashPoint.DuringMigration}:{pass}";
            exits.Add(await service.RunToEndAsync(cancellationToken));
        }

        settings.Remove(CrashPoint.Variable);
        await service.StartAsync(cancellationToken);
        run.Sometimes($"{exits.Count} exits before a migration", exits.TrueForAll(code => code == CrashPoint.ExitCode));
        run.Api = new ForwarderApi(() => service.Api);
        await Receivers.AddTcpAsync(run, cancellationToken);
        run.Oracle.IssueBacklog(2000);
        await run.AddSourceAsync(cancellationToken);
    }

    private static async Task RetainAsync(ScenarioRun run, CancellationToken cancellationToken)
    {
        var (service, settings) = run.NewService();
        await service.StartAsync(cancellationToken);
        run.Api = new ForwarderApi(() => service.Api);
        await Receivers.AddTcpAsync(run, cancellationToken);
        var isAway = true;
        await Receivers.AddHttpAsync(
            run, _ => isAway && run.Feeds[1].Arrivals.Distinct >= 4000 ? new HttpReply(503) : new HttpReply(200), cancellationToken);

        // All of it days old, the last of it within seconds: what a poll reaches back for.
        var oldest = run.Keycloak.NowMs() - (long)TimeSpan.FromDays(11).TotalMilliseconds;
        for (var i = 0; i < 5500; i++)
        {
            run.Oracle.Issue(oldest + (i < 4000 ? i * 60_000 : (4000 * 60_000) + (i * 10)));
        }

        await run.AddSourceAsync(cancellationToken);
        await run.UntilAsync(
            () => run.Feeds[0].Arrivals.Distinct >= 5500 && run.Feeds[1].Arrivals.Distinct >= 4000, TimeSpan.FromSeconds(60),
            cancellationToken);
        await service.StopAsync(cancellationToken);
        run.EarlierLog = await Judging.StoredLog.ReadAsync(run.Database.Source, 1, cancellationToken);
        var days = await AgedLog.MakeAsync(run.Database.Source, cancellationToken);

        settings["Forwarder__EventLog__RetentionDays"] = "1";
        settings["Forwarder__EventLog__RetentionInterval"] = "00:00:01";
        settings[CrashPoint.Variable] = CrashPoint.DuringRetention;
        var exit = await service.RunToEndAsync(cancellationToken);
        settings.Remove(CrashPoint.Variable);
        await service.StartAsync(cancellationToken);
        await run.UntilAsync(
            async token => await AgedLog.CountOldDaysAsync(run.Database.Source, token) == 1, TimeSpan.FromSeconds(30), cancellationToken);
        var kept = await AgedLog.CountOldDaysAsync(run.Database.Source, cancellationToken);
        run.Sometimes($"exit between two drops, {days - kept} of {days} old days dropped, {kept} kept for the integration that waits",
        exit == CrashPoint.ExitCode && days - kept == 2 && kept == 1);
        isAway = false;

        // The realm is quiet, and now the log holds nothing of it any more: what is read again there must not be taken for new.
        var emptied = await run.UntilAsync(
            async token => await AgedLog.CountOldDaysAsync(run.Database.Source, token) == 0, TimeSpan.FromSeconds(60), cancellationToken);
        await service.KillAsync(cancellationToken);
        await service.StartAsync(cancellationToken);
        var requests = run.Keycloak.Requests.Count;
        await run.UntilAsync(() => run.Keycloak.Requests.Count >= requests + 30, TimeSpan.FromSeconds(60), cancellationToken);
        run.Sometimes("the last old day dropped once it was delivered", emptied);
        run.Feeds.ForEach(feed => feed.Interruptions = 2);
    }
}
