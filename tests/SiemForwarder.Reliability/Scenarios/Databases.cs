using Npgsql;
using SiemForwarder.Reliability.Bench;
using SiemForwarder.Reliability.Faults;

namespace SiemForwarder.Reliability.Scenarios;

/// <summary>PostgreSQL dies, restarts, has no connection or no space left, or loses what it had not synced.</summary>
internal static class Databases
{
    private const int Times = 4;

    public static IEnumerable<Scenario> All { get; } =
    [
        new("PostgreSQL killed", "database", "kill -9 on all its processes, and a start a moment later; the service lives on.",
        (run, token) => OutagesAsync(run, "kills", KillAsync, token)),
        new("PostgreSQL restarted", "database", "Restarts in order, as on an update of the packages.",
        (run, token) => OutagesAsync(run, "restarts", RestartAsync, token)),
        new("PostgreSQL and service killed", "database", "Both at once, as when the power fails for processes.", KillBothAsync),
        new("out of connections", "database", "Others take every connection that PostgreSQL gives, and ours are dropped.",
        StarveAsync) { DatabaseSettings = ["max_connections=30"] },
        new("disk full", "database", "The file system of the database has no byte left while events come.", FillAsync)
        {
            Disk = TemporaryDisk.MakeAsync, Obstacle = TemporaryDisk.Obstacle, DatabaseSettings = ["max_wal_size=8MB", "min_wal_size=2MB"],
        },
        new("unsynced writes dropped", "database", "The file system is shut down without its journal and its page cache: what PostgreSQL had not synced is gone.", DropAsync)
        {
            Disk = LoopDisk.MakeAsync, Obstacle = LoopDisk.Obstacle,
        },
    ];

    private static async Task OutagesAsync(
        ScenarioRun run, string what, Func<ScenarioRun, CancellationToken, Task> fault, CancellationToken cancellationToken)
    {
        var (service, _) = await run.StartServiceAsync(cancellationToken);
        await Kills.SetUpAsync(run, cancellationToken);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var flowing = run.Oracle.FlowAsync(600, stop.Token);
        for (var i = 0; i < Times; i++)
        {
            await Task.Delay(run.Random.Next(200, 2500), cancellationToken);
            await fault(run, cancellationToken);
        }

        await stop.CancelAsync();
        await flowing;
        var noticed = service.Output.Split("The database is unavailable").Length - 1;
        run.Sometimes($"{Times} {what}, the service said {noticed} times that it waits", noticed > 0 && !service.Process!.HasExited);
        run.Feeds.ForEach(feed => feed.Interruptions = Times);
    }

    private static async Task KillAsync(ScenarioRun run, CancellationToken cancellationToken)
    {
        await run.Database.KillAsync(cancellationToken);
        await Task.Delay(run.Random.Next(100, 2500), cancellationToken);
        await run.Database.StartAgainAsync(cancellationToken);
    }

    private static async Task RestartAsync(ScenarioRun run, CancellationToken cancellationToken)
    {
        await run.Database.StopAsync(cancellationToken);
        await run.Database.StartAgainAsync(cancellationToken);
    }

    private static async Task KillBothAsync(ScenarioRun run, CancellationToken cancellationToken)
    {
        var (service, _) = await run.StartServiceAsync(cancellationToken);
        await Kills.SetUpAsync(run, cancellationToken);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var flowing = run.Oracle.FlowAsync(600, stop.Token);
        for (var i = 0; i < Times; i++)
        {
            await Task.Delay(run.Random.Next(200, 2500), cancellationToken);
            await Task.WhenAll(run.Database.KillAsync(cancellationToken), service.KillAsync(cancellationToken));
            await run.Database.StartAgainAsync(cancellationToken);
            await service.StartAsync(cancellationToken);
        }

        await stop.CancelAsync();
        await flowing;
        run.Sometimes($"{Times} kills of both", true);
        run.Feeds.ForEach(feed => feed.Interruptions = Times);
    }

    private static async Task StarveAsync(ScenarioRun run, CancellationToken cancellationToken)
    {
        var (service, _) = await run.StartServiceAsync(cancellationToken);
        await Kills.SetUpAsync(run, cancellationToken);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var flowing = run.Oracle.FlowAsync(400, stop.Token);
        await Task.Delay(500, cancellationToken);
        var taken = await ConnectionHog.TakeAllAsync(run.Database.ConnectionString, cancellationToken);
        var refused = await run.UntilAsync(
            () => service.Output.Contains("too many clients", StringComparison.Ordinal), TimeSpan.FromSeconds(20), cancellationToken);
        await Task.Delay(3000, cancellationToken);
        await taken.DisposeAsync();
        await stop.CancelAsync();
        await flowing;
        run.Sometimes($"{taken.Count} connections taken, 'too many clients' in the log of the service", refused && taken.Count > 10);
        run.Feeds.ForEach(feed => feed.Interruptions = 1);
    }

    private static async Task FillAsync(ScenarioRun run, CancellationToken cancellationToken)
    {
        var (service, _) = await run.StartServiceAsync(cancellationToken);
        await Kills.SetUpAsync(run, cancellationToken);
        var disk = (TemporaryDisk)run.Disk!;
        await run.UntilAsync(
            () => run.Feeds.TrueForAll(feed => feed.Arrivals.Distinct >= 1000), TimeSpan.FromSeconds(30), cancellationToken);
        disk.Fill();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var flowing = run.Oracle.FlowAsync(800, stop.Token);
        var noticed = await run.UntilAsync(
            () => service.Output.Contains("No space left", StringComparison.OrdinalIgnoreCase) || !run.Database.IsRunning,
            TimeSpan.FromSeconds(60), cancellationToken);
        await Task.Delay(3000, cancellationToken);
        var wasRunning = run.Database.IsRunning;
        disk.Free();
        if (!run.Database.IsRunning)
        {
            await run.Database.StartAgainAsync(cancellationToken);
        }

        await Task.Delay(500, cancellationToken);
        await stop.CancelAsync();
        await flowing;
        run.Sometimes($"no space left, PostgreSQL {(wasRunning ? "refused writes" : "gave up and was started again")}", noticed);
        run.Feeds.ForEach(feed => feed.Interruptions = 2);
    }

    private static async Task DropAsync(ScenarioRun run, CancellationToken cancellationToken)
    {
        var (service, _) = await run.StartServiceAsync(cancellationToken);
        await Kills.SetUpAsync(run, cancellationToken);
        var disk = (LoopDisk)run.Disk!;
        // The data folder is a copy that nobody has synced yet.
        await PostgresServer.MustAsync("sync", ["-f", run.Folder], cancellationToken);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var flowing = run.Oracle.FlowAsync(800, stop.Token);
        var dropped = 0;
        for (var i = 0; i < Times; i++)
        {
            await Task.Delay(run.Random.Next(300, 2500), cancellationToken);
            disk.WriteWitnesses();
            disk.Shutdown();
            if (i % 2 == 0)
            {
                await service.KillAsync(cancellationToken);
            }

            await run.Database.KillAsync(cancellationToken);
            await disk.MountAgainAsync(cancellationToken);
            dropped += disk.UnsyncedIsGone && disk.SyncedIsThere ? 1 : 0;
            await run.Database.StartAgainAsync(cancellationToken);
            if (i % 2 == 0)
            {
                await service.StartAsync(cancellationToken);
            }
        }

        await stop.CancelAsync();
        await flowing;
        run.Sometimes($"{dropped} of {Times} times an unsynced file was gone and a synced one was there", dropped == Times);
        run.Feeds.ForEach(feed => feed.Interruptions = Times);
    }
}
