using SiemForwarder.Reliability.Bench;
using SiemForwarder.Reliability.Judging;

namespace SiemForwarder.Reliability.Scenarios;

/// <summary>The database goes back in time, or becomes another one, under a service that keeps running.</summary>
internal static class Failovers
{
    private const int Backlog = 4000;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    public static IEnumerable<Scenario> All { get; } =
    [
        new("failover with a lost tail", "database",
            "An asynchronous standby behind its primary is promoted on the same address: what it lacks is stored again, from memory and from Keycloak, and told.",
            FailOverAsync),
        new("failover that is read-only first", "database",
            "The standby answers on the primary's address for seconds before it is promoted: nothing is taken from it or believed of it meanwhile.",
            (run, token) => FailOverAsync(run, TimeSpan.FromSeconds(4), token)),
        new("restored from a backup", "database", "The database is put back to a backup under the running service, on the same timeline.",
            (run, token) => RestoreAsync(run, restartsService: false, token)),
        new("restored from a backup, service too", "database", "The same with the service stopped meanwhile, so that nobody remembers anything.",
            (run, token) => RestoreAsync(run, restartsService: true, token)),
    ];

    private static Task FailOverAsync(ScenarioRun run, CancellationToken cancellationToken) => FailOverAsync(run, TimeSpan.Zero, cancellationToken);

    private static async Task FailOverAsync(ScenarioRun run, TimeSpan readOnly, CancellationToken cancellationToken)
    {
        var (service, _) = await run.StartServiceAsync(cancellationToken);
        await Kills.SetUpAsync(run, cancellationToken);
        await DeliveredAsync(run, Backlog, cancellationToken);
        var standby = run.Own(await run.Database.AddStandbyAsync(run.Folder, cancellationToken));
        await FlowAsync(run, TimeSpan.FromSeconds(2), cancellationToken);
        await standby.StopFollowingAsync(cancellationToken);
        var survived = await StoredAsync(standby, cancellationToken);

        // Stored, acknowledged and delivered, and on no disk but the primary's.
        await FlowAsync(run, TimeSpan.FromSeconds(2), cancellationToken);
        var before = await StoredAsync(run.Database, cancellationToken);
        await run.Database.KillAsync(cancellationToken);
        standby.TakeAddressOf(run.Database);
        if (readOnly > TimeSpan.Zero)
        {
            await FlowAsync(run, readOnly, cancellationToken);
        }

        await standby.PromoteAsync(cancellationToken);
        await FlowAsync(run, TimeSpan.FromSeconds(2), cancellationToken);
        await JudgedAsync(run, service, before - survived, cancellationToken);
    }

    private static async Task RestoreAsync(ScenarioRun run, bool restartsService, CancellationToken cancellationToken)
    {
        var (service, _) = await run.StartServiceAsync(cancellationToken);
        await Kills.SetUpAsync(run, cancellationToken);
        await DeliveredAsync(run, Backlog, cancellationToken);
        var backup = Path.Combine(run.Folder, "backup", "data");
        await run.Database.BackUpAsync(backup, cancellationToken);
        var survived = await StoredAsync(run.Database, cancellationToken);
        await FlowAsync(run, TimeSpan.FromSeconds(3), cancellationToken);
        var before = await StoredAsync(run.Database, cancellationToken);

        if (restartsService)
        {
            await service.StopAsync(cancellationToken);
        }

        await run.Database.StopAsync(cancellationToken);
        await run.Database.RestoreAsync(backup, cancellationToken);
        await run.Database.StartAgainAsync(cancellationToken);
        if (restartsService)
        {
            await service.StartAsync(cancellationToken);
        }

        await FlowAsync(run, TimeSpan.FromSeconds(2), cancellationToken);
        run.Feeds.ForEach(feed => (feed.Interruptions, feed.KeepsOrder) = (4, false));
        if (!restartsService)
        {
            await JudgedAsync(run, service, before - survived, cancellationToken);
            return;
        }

        run.Sometimes($"{before - survived} events taken back while nobody remembered them", before > survived && !service.Process!.HasExited);
    }

    private static async Task JudgedAsync(ScenarioRun run, EndToEnd.Support.ForwarderProcess service, long lost, CancellationToken cancellationToken)
    {
        var noticed = await run.UntilLoggedAsync("The history of the event log was replaced", Limit, cancellationToken);
        var told = await run.UntilLoggedAsync("LOG_HISTORY_REPLACED", Limit, cancellationToken);
        run.Sometimes($"{lost} events taken back, noticed and told; the service runs on", lost > 0 && noticed && told && !service.Process!.HasExited);
        // What was delivered and then taken back comes again, and in the order in which it is stored again.
        run.Feeds.ForEach(feed => (feed.Interruptions, feed.KeepsOrder) = (4, false));
    }

    private static Task<long> StoredAsync(PostgresServer server, CancellationToken cancellationToken) =>
        StoredLog.CountAsync(server.Source, "SELECT next_position - 1 FROM log_head WHERE source_id = 1", cancellationToken);

    private static Task<bool> DeliveredAsync(ScenarioRun run, int events, CancellationToken cancellationToken) =>
        run.UntilAsync(() => run.Feeds.TrueForAll(feed => feed.Arrivals.Distinct >= events), Limit, cancellationToken);

    private static async Task FlowAsync(ScenarioRun run, TimeSpan span, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var flowing = run.Oracle.FlowAsync(300, stop.Token);
        await Task.Delay(span, cancellationToken);
        await stop.CancelAsync();
        await flowing;
    }
}
