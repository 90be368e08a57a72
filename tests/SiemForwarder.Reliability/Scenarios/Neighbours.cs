using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Npgsql;
using SiemForwarder.EndToEnd.Receivers;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Reliability.Bench;
using SiemForwarder.Reliability.Faults;
using SiemForwarder.Reliability.Judging;
using SiemForwarder.Service.EventLog;

namespace SiemForwarder.Reliability.Scenarios;

/// <summary>What others do with the database while events flow: a pooler, a backup, another engine at retention, an administrator who deletes.</summary>
internal static partial class Neighbours
{
    private const string Pooler = "/usr/sbin/pgbouncer";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    public static IEnumerable<Scenario> All { get; } =
    [
        new("behind PgBouncer", "database", "A pooler that gives each transaction another session stands between, and PostgreSQL is killed behind it.", PoolAsync)
        {
            Obstacle = () => File.Exists(Pooler) ? null : "pgbouncer is not installed",
        },
        new("backup at a due day", "database", "A pg_dump runs while the first days begin, events flow and an old day falls due.", BackUpAsync),
        new("two engines at retention", "database", "Two engines drop the same days at the same time, every second.", RetainAsync),
        new("power cut of service and private server", "database", "Both end without a word, and the old process id is somebody else's when they start again.", CutPowerAsync),
        new("source deleted under load", "database", "Another source is deleted by force while events flow into it, are indexed and delivered.", DeleteAsync),
    ];

    private static async Task PoolAsync(ScenarioRun run, CancellationToken cancellationToken)
    {
        var port = LoopbackPorts.Next();
        var direct = new NpgsqlConnectionStringBuilder(run.Database.ConnectionString);
        var pooler = run.Own(new ReceiverProcess());
        pooler.Write("users.txt", "\"siemforwarder\" \"\"\n");
        pooler.Write("pgbouncer.ini", $"""
            [databases]
            forwarder = host={direct.Host} dbname={direct.Database} user={direct.Username}
            [pgbouncer]
            listen_addr = 127.0.0.1
            listen_port = {port}
            unix_socket_dir =
            auth_type = trust
            auth_file = {pooler.PathOf("users.txt")}
            pool_mode = transaction
            default_pool_size = 12
            server_login_retry = 1
            """);
        await pooler.StartAsync(Pooler, pooler.PathOf("pgbouncer.ini"), new Dictionary<string, string>(), port, cancellationToken);
        var (service, settings) = run.NewService();
        settings["ConnectionStrings__Forwarder"] =
            $"Host=127.0.0.1;Port={port};Database=forwarder;Username=siemforwarder;Max Auto Prepare=0;No Reset On Close=true;Maximum Pool Size=12";
        await service.StartAsync(cancellationToken);
        run.Api = new ForwarderApi(() => service.Api);
        await Kills.SetUpAsync(run, cancellationToken);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var flowing = run.Oracle.FlowAsync(400, stop.Token);
        for (var i = 0; i < 2; i++)
        {
            await Task.Delay(run.Random.Next(1500, 3000), cancellationToken);
            await run.Database.KillAsync(cancellationToken);
            await Task.Delay(500, cancellationToken);
            await run.Database.StartAgainAsync(cancellationToken);
        }

        await Task.Delay(1500, cancellationToken);
        await stop.CancelAsync();
        await flowing;
        run.Sometimes("2 kills behind the pooler; the service saw that notifications do not arrive",
            service.Output.Contains("Notifications from the database do not arrive", StringComparison.Ordinal) && !service.Process!.HasExited);
        run.Feeds.ForEach(feed => feed.Interruptions = 2);
    }

    private static async Task BackUpAsync(ScenarioRun run, CancellationToken cancellationToken)
    {
        var (service, settings) = run.NewService();
        settings["Forwarder__EventLog__RetentionDays"] = "1";
        settings["Forwarder__EventLog__RetentionInterval"] = "00:00:01";
        await service.StartAsync(cancellationToken);
        await service.StopAsync(cancellationToken);
        // No day yet: all of them begin beside the backup.
        foreach (var table in DayPartitions.Tables)
        {
            foreach (var day in (int[])[0, 1])
            {
                await run.Database.ExecuteAsync($"DROP TABLE IF EXISTS {DayPartitions.NameOf(table, DateOnly.FromDateTime(DateTime.UtcNow).AddDays(day))}", cancellationToken);
            }
        }

        await run.Database.ExecuteAsync("CREATE TABLE segment_20260101 PARTITION OF segment FOR VALUES FROM ('2026-01-01 00:00+00') TO ('2026-01-02 00:00+00')", cancellationToken);
        // More than a pipe takes, so that the dump waits in the middle, with the locks of all tables.
        await run.Database.ExecuteAsync("CREATE TABLE ballast AS SELECT repeat(md5(i::text), 64) AS line FROM generate_series(1, 2000) i", cancellationToken);
        using var dump = run.Database.StartDump();
        var holds = await run.UntilAsync(
            async token => await StoredLog.CountAsync(
                run.Database.Source, "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pg_dump' AND query LIKE 'COPY%' AND state = 'active'", token) == 1,
            Limit, cancellationToken);

        await service.StartAsync(cancellationToken);
        run.Api = new ForwarderApi(() => service.Api);
        await Kills.SetUpAsync(run, cancellationToken);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var flowing = run.Oracle.FlowAsync(400, stop.Token);
        var flowed = await run.UntilAsync(() => run.Feeds.TrueForAll(feed => feed.Arrivals.Distinct >= 5000), Limit, cancellationToken);
        var kept = await AgedLog.CountOldDaysAsync(run.Database.Source, cancellationToken);
        var written = await DumpToEndAsync(dump, cancellationToken);
        var dropped = await run.UntilAsync(async token => await AgedLog.CountOldDaysAsync(run.Database.Source, token) == 0, Limit, cancellationToken);
        await stop.CancelAsync();
        await flowing;
        run.Sometimes(
            "days begun and events delivered beside pg_dump; the old day dropped after it", holds && flowed && kept == 1 && dropped && written > 0);
    }

    /// <summary>Lets a dump go on; how much it wrote, 0 where it failed.</summary>
    private static async Task<long> DumpToEndAsync(System.Diagnostics.Process dump, CancellationToken cancellationToken)
    {
        var (written, read, buffer) = (0L, 0, new byte[64 * 1024]);
        while ((read = await dump.StandardOutput.BaseStream.ReadAsync(buffer, cancellationToken)) > 0)
        {
            written += read;
        }

        await dump.WaitForExitAsync(cancellationToken);
        return dump.ExitCode == 0 ? written : 0;
    }

    private static async Task RetainAsync(ScenarioRun run, CancellationToken cancellationToken)
    {
        var services = new[] { "first", "second" }.Select(name =>
        {
            var (service, settings) = run.NewService(name);
            settings["Forwarder__EventLog__RetentionDays"] = "1";
            settings["Forwarder__EventLog__IndexRetentionDays"] = "1";
            settings["Forwarder__EventLog__DeliveryRetentionDays"] = "1";
            settings["Forwarder__EventLog__RetentionInterval"] = "00:00:00.2";
            return service;
        }).ToList();
        await services[0].StartAsync(cancellationToken);
        run.Api = new ForwarderApi(() => services[0].Api);
        await Kills.SetUpAsync(run, cancellationToken);
        await services[1].StartAsync(cancellationToken);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var flowing = run.Oracle.FlowAsync(400, stop.Token);
        var dropped = 0;
        for (var day = 1; day <= 20; day++)
        {
            foreach (var table in DayPartitions.Tables)
            {
                await run.Database.ExecuteAsync(
                    $"CREATE TABLE {table}_202601{day:00} PARTITION OF {table} FOR VALUES FROM ('2026-01-{day:00} 00:00+00') TO ('2026-01-{day + 1:00} 00:00+00')", cancellationToken);
            }

            dropped += await run.UntilAsync(
                async token => await StoredLog.CountAsync(run.Database.Source, $"SELECT count(*) FROM pg_class WHERE relname LIKE '%_202601{day:00}'", token) == 0, Limit, cancellationToken) ? 1 : 0;
        }

        await stop.CancelAsync();
        await flowing;
        run.Sometimes($"{dropped} times three tables dropped by one of two engines; both live",
            dropped == 20 && services.TrueForAll(service => !service.Process!.HasExited && !service.Output.Contains("ERR", StringComparison.Ordinal)));
        run.Feeds.ForEach(feed => feed.Interruptions = 1);
    }

    private static async Task CutPowerAsync(ScenarioRun run, CancellationToken cancellationToken)
    {
        var (service, settings) = run.NewService();
        settings.Remove("ConnectionStrings__Forwarder");
        await service.StartAsync(cancellationToken);
        run.Api = new ForwarderApi(() => service.Api);
        run.OtherLog = run.Own(NpgsqlDataSource.Create($"{service.ConnectionString};Pooling=false"));
        await Kills.SetUpAsync(run, cancellationToken);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var flowing = run.Oracle.FlowAsync(400, stop.Token);
        for (var i = 0; i < 3; i++)
        {
            await Task.Delay(run.Random.Next(1000, 2500), cancellationToken);
            await service.KillAsync(cancellationToken);
            await service.KillDatabaseAsync(cancellationToken);
            var file = Path.Combine(service.DataFolder, "postgres", "data", "postmaster.pid");
            var lines = await File.ReadAllLinesAsync(file, cancellationToken);
            lines[0] = Environment.ProcessId.ToString(System.Globalization.CultureInfo.InvariantCulture);
            await File.WriteAllLinesAsync(file, lines, cancellationToken);
            await service.StartAsync(cancellationToken);
        }

        await stop.CancelAsync();
        await flowing;
        run.Sometimes("3 power cuts, each time the server's old number belonged to a living process", true);
        run.Feeds.ForEach(feed => feed.Interruptions = 3);
    }

    private static async Task DeleteAsync(ScenarioRun run, CancellationToken cancellationToken)
    {
        var (service, _) = await run.StartServiceAsync(cancellationToken);
        await Kills.SetUpAsync(run, cancellationToken);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var flowing = run.Oracle.FlowAsync(400, stop.Token);
        var (deleted, pushed) = (0, new Dictionary<int, List<(string Id, bool IsAccepted)>>());
        for (var i = 0; i < 4; i++)
        {
            var key = $"a-key-of-at-least-16-characters-{i}";
            var id = (await run.Api.PostAsync("/api/v1/sources", new JsonObject
            {
                ["name"] = $"doomed {i}", ["kind"] = "http", ["inbox"] = new JsonObject { ["key"] = key },
            }, cancellationToken))["id"]!.GetValue<int>();
            using var pushing = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var pushes = Task.WhenAll(Enumerable.Range(0, 4).Select(_ => PushAsync(service.Api, id, key, pushing.Token)));
            await run.UntilAsync(
                async token => await StoredLog.CountAsync(run.Database.Source, $"SELECT next_position FROM log_head WHERE source_id = {id}", token) > 200, Limit, cancellationToken);
            using var request = new HttpRequestMessage(HttpMethod.Delete, $"/api/v1/sources/{id}?force=true");
            using var shown = await service.Api.GetAsync(new Uri($"/api/v1/sources/{id}", UriKind.Relative), cancellationToken);
            request.Headers.IfMatch.Add(shown.Headers.ETag!);
            using var answer = await service.Api.SendAsync(request, cancellationToken);
            deleted += answer.IsSuccessStatusCode ? 1 : 0;
            await Task.Delay(300, cancellationToken);
            await pushing.CancelAsync();
            pushed[id] = [.. (await pushes).SelectMany(sent => sent)];
        }

        await stop.CancelAsync();
        await flowing;
        run.Foreign = pushed.Values.Sum(sent => sent.Count);
        // What was on its way when its source went may still arrive.
        await run.UntilAsync(async token => (await CountUntoldAsync(run, pushed, token)).Untold == 0, TimeSpan.FromSeconds(10), cancellationToken);
        var (missing, untold) = await CountUntoldAsync(run, pushed, cancellationToken);
        run.Sometimes(
            $"{deleted} sources deleted while events flowed into them; {missing} accepted events did not reach a receiver, {untold} of them untold; the service runs on",
            deleted == 4 && untold == 0 && !service.Process!.HasExited);
        run.Feeds.ForEach(feed => feed.Interruptions = 1);
    }

    /// <summary>How many accepted events of deleted sources did not reach a receiver, and how many of these are in no gap.</summary>
    private static async Task<(long Missing, long Untold)> CountUntoldAsync(
        ScenarioRun run, Dictionary<int, List<(string Id, bool IsAccepted)>> pushed, CancellationToken cancellationToken)
    {
        var (missing, untold) = (0L, 0L);
        foreach (var feed in run.Feeds)
        {
            var arrived = feed.Arrivals.InOrder().SelectMany(one => PushedId().Matches(System.Text.Encoding.UTF8.GetString(one.Bytes)).Select(match => match.Value)).ToHashSet();
            foreach (var (source, sent) in pushed)
            {
                var lacking = sent.Count(one => one.IsAccepted && !arrived.Contains(one.Id));
                var told = await StoredLog.CountAsync(
                    run.Database.Source,
                    $"SELECT coalesce(sum(last_position - first_position + 1), 0) FROM gap WHERE source_id = {source} AND integration_id = {feed.Id}", cancellationToken);
                missing += lacking;
                untold += Math.Max(0, lacking - told);
            }
        }

        return (missing, untold);
    }

    [GeneratedRegex("doomed-[0-9a-f]{32}")]
    private static partial Regex PushedId();

    /// <summary>Pushes until cancelled, whatever the answer is; the ids of what was sent, and whether it was accepted.</summary>
    private static async Task<List<(string Id, bool IsAccepted)>> PushAsync(HttpClient api, int source, string key, CancellationToken cancellationToken)
    {
        var sent = new List<(string, bool)>();
        while (!cancellationToken.IsCancellationRequested)
        {
            var id = $"doomed-{Guid.NewGuid():N}";
            using var request = new HttpRequestMessage(HttpMethod.Post, $"/api/v1/sources/{source}/events")
            {
                Content = new StringContent($$"""{"event_type":"doomed","event_id":"{{id}}"}""", System.Text.Encoding.UTF8, "application/json"),
            };
            request.Headers.Add("X-API-Key", key);
            using var answer = await api.SendAsync(request, CancellationToken.None);
            sent.Add((id, answer.IsSuccessStatusCode));
            if (!answer.IsSuccessStatusCode)
            {
                await Task.Delay(20, CancellationToken.None);
            }
        }

        return sent;
    }
}
