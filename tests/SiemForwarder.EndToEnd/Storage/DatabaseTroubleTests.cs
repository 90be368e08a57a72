using System.Net;
using System.Net.Http.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Npgsql;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Service.Access;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Storage;
using SiemForwarder.Service.Storage.Private;
using SiemForwarder.Service.Telemetry;
using SiemForwarder.Simulator.Receivers;
using Caller = SiemForwarder.EndToEnd.Access.Caller;

namespace SiemForwarder.EndToEnd.Storage;

/// <summary>A database that says no while the service runs: the service waits, says why, and goes on by itself.</summary>
public sealed class DatabaseTroubleTests(TestPostgres postgres)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("ALTER ROLE guest NOLOGIN", "ALTER ROLE guest LOGIN", "not permitted to log in")]
    [InlineData("REVOKE CONNECT ON DATABASE events FROM guest", "GRANT CONNECT ON DATABASE events TO guest", "permission denied for database")]
    [InlineData("ALTER ROLE guest PASSWORD 'other'", "ALTER ROLE guest PASSWORD 'right'", "password authentication failed")]
    public async Task AUserThatLosesItsAccessForAWhileEndsNothing(string take, string giveBack, string said)
    {
        Assert.SkipWhen(PostgresPrograms.FindFolder() is null, "no PostgreSQL programs on this machine");
        await using var folder = new TemporaryFolder();
        await using var server = await PrivatePostgres.StartAsync(PostgresPrograms.FindFolder()!, folder.Path, Token);
        var events = new NpgsqlConnectionStringBuilder(server.ConnectionString) { Database = "events" };
        await ExecuteAsync(server.ConnectionString, "CREATE ROLE guest LOGIN PASSWORD 'right'");
        await ExecuteAsync(server.ConnectionString, "CREATE DATABASE events");
        await ExecuteAsync(events.ConnectionString, "REVOKE CONNECT ON DATABASE events FROM PUBLIC; GRANT CONNECT ON DATABASE events TO guest; GRANT CREATE, USAGE ON SCHEMA public TO guest");
        await File.WriteAllTextAsync(Path.Combine(folder.Path, "postgres", "data", "pg_hba.conf"), "local all guest scram-sha-256\nlocal all all trust\n", Token);
        await ExecuteAsync(server.ConnectionString, "SELECT pg_reload_conf()");
        await using var forwarder = await ForwarderApplication.StartOnAsync(
            new NpgsqlConnectionStringBuilder(events.ConnectionString) { Username = "guest", Password = "right" }.ConnectionString);
        var inbox = await AddInboxAsync(forwarder);
        Assert.Equal(HttpStatusCode.Accepted, await PushAsync(forwarder, inbox, "before"));

        await ExecuteAsync(server.ConnectionString, take);
        await ExecuteAsync(server.ConnectionString, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'guest'");
        await UntilAsync(forwarder, HttpStatusCode.ServiceUnavailable, said);
        var refused = await PushAsync(forwarder, inbox, "meanwhile");
        using var list = await forwarder.Api.GetAsync("/api/v1/sources", Token);
        await ExecuteAsync(server.ConnectionString, giveBack);
        await UntilAsync(forwarder, HttpStatusCode.OK);

        Assert.Equal([HttpStatusCode.ServiceUnavailable, HttpStatusCode.ServiceUnavailable], new[] { refused, list.StatusCode });
        Assert.True(list.Headers.RetryAfter?.Delta > TimeSpan.Zero);
        Assert.Equal(HttpStatusCode.Accepted, await PushAsync(forwarder, inbox, "after"));
        AssertAllLoopsRun(forwarder);
    }

    [Fact]
    public async Task SessionsThatStayReadOnlyAreThrownAwayAtOnce()
    {
        var (owner, role) = await RoleAsync();
        await using var forwarder = await ForwarderApplication.StartOnAsync(With(owner, role));
        var inbox = await AddInboxAsync(forwarder);
        var key = (string)(await Caller.NewKeyAsync(forwarder, "siem-admin"))["key"]!;
        // Sessions begun now are read-only for good, as those of a server that was demoted; new ones after the next statement can write.
        await ExecuteAsync(owner, $"ALTER ROLE {role} SET default_transaction_read_only = on");
        await ExecuteAsync(owner, $"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{role}'");
        var ready = await UntilAsync(forwarder, HttpStatusCode.ServiceUnavailable, "read-only");
        var refused = await PushAsync(forwarder, inbox, "meanwhile");
        await AssertNoAnswerIsAnErrorOfTheServiceAsync(forwarder, key, inbox);
        await ExecuteAsync(owner, $"ALTER ROLE {role} SET default_transaction_read_only = off");

        var started = System.Diagnostics.Stopwatch.GetTimestamp();
        var tries = 0;
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(250));
        while (await PushAsync(forwarder, inbox, "after") != HttpStatusCode.Accepted)
        {
            tries++;
            await tick.WaitForNextTickAsync(Token);
        }

        Assert.Contains("read-only", ready, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused);
        // Sessions lived for minutes before; now a few tries throw all of them away.
        Assert.InRange(tries, 0, 12);
        Assert.True(System.Diagnostics.Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(30));
        AssertAllLoopsRun(forwarder);
    }

    [Fact]
    public async Task AnUnforeseenFaultOfALoopIsShownAndEndsNothing()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        var inbox = await AddInboxAsync(forwarder);
        await using var database = NpgsqlDataSource.Create($"{forwarder.ConnectionString};Pooling=false");
        // Nobody foresaw that this table is gone.
        await ExecuteAsync(forwarder.ConnectionString, "ALTER TABLE index_checkpoint RENAME TO away");
        await PushAsync(forwarder, inbox, "one");
        var ready = await UntilAsync(forwarder, HttpStatusCode.ServiceUnavailable, "fills the event index");
        await ExecuteAsync(forwarder.ConnectionString, "ALTER TABLE away RENAME TO index_checkpoint");
        await UntilAsync(forwarder, HttpStatusCode.OK);

        Assert.Contains("fills the event index", ready, StringComparison.Ordinal);
        await forwarder.WaitForAsync("/api/v1/events", node => node["total"]!.GetValue<int>() == 1);
        AssertAllLoopsRun(forwarder);
    }

    [Fact]
    public async Task AFaultThatNobodyForesawInEveryStatementOfEveryLoopEndsNothing()
    {
        await using var receiver = TcpSyslogReceiver.Start();
        await using var forwarder = await ForwarderApplication.StartAsync(
            postgres, "--Forwarder:Operations:Interval=00:00:00.2");
        var inbox = await AddInboxAsync(forwarder);
        await forwarder.AddIntegrationAsync(new { name = "siem", serverUrl = $"tcp://127.0.0.1:{receiver.Port}", outputType = "JSON", sources = new[] { inbox } });
        await PushAsync(forwarder, inbox, "before");
        await receiver.WaitForMessagesAsync(1, Token);
        // All tables are there, and none has a column (42703).
        await ExecuteAsync(forwarder.ConnectionString, """
            DO $$ DECLARE name text; BEGIN
                ALTER SCHEMA public RENAME TO away;
                CREATE SCHEMA public;
                FOR name IN SELECT relname FROM pg_class WHERE relnamespace = 'away'::regnamespace AND relkind IN ('r', 'p') LOOP
                    EXECUTE format('CREATE TABLE public.%I ()', name);
                END LOOP;
            END $$
            """);
        var guard = forwarder.Services.GetRequiredService<LoopGuard>();
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(Token);
        bound.CancelAfter(TimeSpan.FromSeconds(60));
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        string[] loops = ["leases", "runs the sources", "runs the integrations", "checks for problems", "audit trail"];
        while (!loops.All(loop => guard.Faults.Any(fault => fault.Loop.Contains(loop, StringComparison.Ordinal))))
        {
            await tick.WaitForNextTickAsync(bound.Token);
        }

        var refused = await PushAsync(forwarder, inbox, "meanwhile");
        await UntilAsync(forwarder, HttpStatusCode.ServiceUnavailable, "does not exist");
        await ExecuteAsync(forwarder.ConnectionString, "DROP SCHEMA public CASCADE; ALTER SCHEMA away RENAME TO public");
        await UntilAsync(forwarder, HttpStatusCode.OK);

        Assert.NotEqual(HttpStatusCode.Accepted, refused);
        // What was read of the source in vain is read again after a second.
        while (await PushAsync(forwarder, inbox, "after") != HttpStatusCode.Accepted)
        {
            await tick.WaitForNextTickAsync(bound.Token);
        }

        await receiver.WaitForMessagesAsync(2, Token);
        AssertAllLoopsRun(forwarder);
    }

    [Fact]
    public async Task ADayCanBeginWhileABackupRunsAndRetentionWaitsWithoutHoldingAnybodyUp()
    {
        await using var bench = await LogBench.CreateAsync(postgres);
        var source = await bench.AddSourceAsync();
        var old = new DateTimeOffset(2026, 1, 15, 12, 0, 0, TimeSpan.Zero);
        await bench.NewWriter(new StoppedClock(old)).AppendAsync(LogBench.Page(source, [LogBench.Event(Guid.NewGuid(), old.ToUnixTimeMilliseconds())]), Token);
        await using var backup = await bench.Database.OpenConnectionAsync(Token);
        await using var dump = await backup.BeginTransactionAsync(Token);
        foreach (var table in DayPartitions.Tables)
        {
            await using var held = new NpgsqlCommand($"LOCK TABLE {table} IN ACCESS SHARE MODE", backup, dump);
            await held.ExecuteNonQueryAsync(Token);
        }

        using var bound = CancellationTokenSource.CreateLinkedTokenSource(Token);
        bound.CancelAfter(TimeSpan.FromSeconds(20));
        var next = await bench.NewWriter(new StoppedClock(old.AddDays(1)))
            .AppendAsync(LogBench.Page(source, [LogBench.Event(Guid.NewGuid(), old.ToUnixTimeMilliseconds() + 1)]), bound.Token);
        var partitions = new DayPartitions(bench.Database);
        var droppedMeanwhile = await partitions.DropAsync("segment", new DateOnly(2026, 1, 15), (_, _) => Task.FromResult(true), bound.Token);
        await dump.RollbackAsync(Token);
        var droppedAfter = await partitions.DropAsync("segment", new DateOnly(2026, 1, 15), (_, _) => Task.FromResult(true), bound.Token);

        Assert.IsType<AppendOutcome.Committed>(next);
        Assert.Equal((false, true), (droppedMeanwhile, droppedAfter));
    }

    [Fact]
    public async Task ADayThatAnotherEngineDroppedIsMadeAgainWhereItIsNeeded()
    {
        await using var bench = await LogBench.CreateAsync(postgres);
        var source = await bench.AddSourceAsync();
        var at = new DateTimeOffset(2026, 1, 15, 12, 0, 0, TimeSpan.Zero);
        var writer = bench.NewWriter(new StoppedClock(at));
        await writer.AppendAsync(LogBench.Page(source, [LogBench.Event(Guid.NewGuid(), at.ToUnixTimeMilliseconds())]), Token);
        Assert.True(await new DayPartitions(bench.Database).DropAsync("segment", new DateOnly(2026, 1, 15), (_, _) => Task.FromResult(true), Token));

        var refused = await writer.AppendAsync(LogBench.Page(source, [LogBench.Event(Guid.NewGuid(), at.ToUnixTimeMilliseconds() + 1)]), Token);
        var taken = await writer.AppendAsync(LogBench.Page(source, [LogBench.Event(Guid.NewGuid(), at.ToUnixTimeMilliseconds() + 1)]), Token);

        Assert.IsType<AppendOutcome.Unavailable>(refused);
        Assert.Equal(2, Assert.IsType<AppendOutcome.Committed>(taken).FirstPosition);
    }

    [Fact]
    public async Task TwoEnginesThatDropTheSameDaysDoNotMeet()
    {
        await using var bench = await LogBench.CreateAsync(postgres);
        var source = await bench.AddSourceAsync();
        for (var day = 1; day <= 8; day++)
        {
            var at = new DateTimeOffset(2026, 1, day, 12, 0, 0, TimeSpan.Zero);
            await bench.NewWriter(new StoppedClock(at)).AppendAsync(LogBench.Page(source, [LogBench.Event(Guid.NewGuid(), at.ToUnixTimeMilliseconds())]), Token);
        }

        await using var one = await ForwarderApplication.StartOnAsync(bench.ConnectionString, "--Forwarder:Engine:Name=one");
        await using var two = await ForwarderApplication.StartOnAsync(bench.ConnectionString, "--Forwarder:Engine:Name=two");
        var retentions = new[] { one, two }.Select(engine => engine.Services.GetServices<IHostedService>().OfType<RetentionService>().Single()).ToList();
        for (var i = 0; i < 4; i++)
        {
            await Task.WhenAll(retentions.Select(retention => retention.RunOnceAsync(Token)));
        }

        Assert.Equal(0L, await bench.ScalarAsync("SELECT count(*) FROM pg_inherits WHERE inhrelid::regclass::text LIKE 'segment_202601%'"));
        AssertAllLoopsRun(one);
        AssertAllLoopsRun(two);
    }

    [Fact]
    public async Task AnEngineStaysWithinItsConnectionsAndAppendsNeverWaitForReaders()
    {
        await using var bench = await LogBench.CreateAsync(postgres);
        var source = await bench.AddSourceAsync();
        await using var process = new LogProcess($"{bench.ConnectionString};Application Name=bounded", new DatabaseOptions { MaxConnections = 8 });
        await process.Writer.VerifyAsync(Token);
        var readers = Enumerable.Range(0, 40).Select(async _ =>
        {
            await using var command = process.Connections.Shared.CreateCommand("SELECT pg_sleep(0.2), pg_advisory_xact_lock_shared(77)");
            await command.ExecuteNonQueryAsync(Token);
        });
        await using var gate = await bench.Database.OpenConnectionAsync(Token);
        await using var held = await gate.BeginTransactionAsync(Token);
        await using (var take = new NpgsqlCommand("SELECT pg_advisory_xact_lock(77)", gate, held))
        {
            await take.ExecuteNonQueryAsync(Token);
        }

        var reading = Task.WhenAll(readers);
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(Token);
        bound.CancelAfter(TimeSpan.FromSeconds(10));
        var outcome = await process.Writer.AppendAsync(LogBench.Page(source, [LogBench.Event(Guid.NewGuid(), 1_789_041_600_000)]), bound.Token);
        var open = (long)(await bench.ScalarAsync("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'bounded'"))!;
        await held.RollbackAsync(Token);
        await reading;

        Assert.IsType<AppendOutcome.Committed>(outcome);
        Assert.InRange(open, 2, 8);
    }

    [Fact]
    public async Task APowerCutOfServiceAndDatabaseIsRecoveredThoughTheOldProcessIdIsSomebodyElses()
    {
        Assert.SkipWhen(PostgresPrograms.FindFolder() is null, "no PostgreSQL programs on this machine");
        await using var forwarder = new ForwarderProcess(ForwarderProcess.NewFolder());
        await forwarder.StartAsync(Token);
        await forwarder.PostAsync("/api/v1/sources", new { name = "apps", kind = "http", inbox = new { key = "a-key-of-at-least-16-characters" } }, Token);
        await forwarder.KillAsync(Token);
        await forwarder.KillDatabaseAsync(Token);
        var file = Path.Combine(forwarder.DataFolder, "postgres", "data", "postmaster.pid");
        var lines = await File.ReadAllLinesAsync(file, Token);
        // After a reboot, or in a container, that number is some other process: this one.
        lines[0] = Environment.ProcessId.ToString(System.Globalization.CultureInfo.InvariantCulture);
        await File.WriteAllLinesAsync(file, lines, Token);

        await forwarder.StartAsync(Token);

        Assert.Equal(1, (await forwarder.GetAsync("/api/v1/sources", Token))["total"]!.GetValue<int>());
    }

    /// <summary>While nothing can be written, what reads is answered, what would write is 503 with when to try again, and nothing is 500.</summary>
    private static async Task AssertNoAnswerIsAnErrorOfTheServiceAsync(ForwarderApplication forwarder, string key, int source)
    {
        using var caller = new Caller(forwarder.Address);
        foreach (var (method, path, body) in (IEnumerable<(HttpMethod, string, object)>)[
            (HttpMethod.Post, "/api/v1/sources", new { name = "more", kind = "http", inbox = new { key } }),
            (HttpMethod.Post, "/api/v1/integrations", new { name = "more", serverUrl = "tcp://127.0.0.1:9" }),
            (HttpMethod.Post, "/api/v1/engine-pools", new { name = "more" }),
            (HttpMethod.Post, "/api/v1/keys", new { name = "more", role = "siem-viewer" })])
        {
            using var answer = await caller.SendAsync(key, method, path, body);
            Assert.Equal((path, HttpStatusCode.ServiceUnavailable), (path, answer.StatusCode));
            Assert.True(answer.Headers.RetryAfter?.Delta > TimeSpan.Zero, path);
        }

        foreach (var endpoint in forwarder.Services.GetServices<EndpointDataSource>().SelectMany(all => all.Endpoints).OfType<RouteEndpoint>()
            .Where(endpoint => endpoint.Metadata.GetMetadata<NeededPermission>() is not null))
        {
            // The socket of the console names none.
            var method = endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods[0] ?? "GET";
            var path = Regex.Replace(endpoint.RoutePattern.RawText!, @"\{[^}]+\}", $"{source}");
            using var answer = await caller.SendAsync(key, new HttpMethod(method), path, method == "GET" ? null : "{}");
            Assert.True((int)answer.StatusCode < 500 || answer is { StatusCode: HttpStatusCode.ServiceUnavailable, Headers.RetryAfter: not null }, $"{method} {path}: {answer.StatusCode}");
        }
    }

    private async Task<(string Owner, string Role)> RoleAsync()
    {
        var owner = await postgres.CreateDatabaseAsync();
        var role = $"role_{new NpgsqlConnectionStringBuilder(owner).Database}";
        await ExecuteAsync(owner, $"CREATE ROLE {role} LOGIN");
        await ExecuteAsync(owner, $"GRANT CREATE, USAGE ON SCHEMA public TO {role}");
        return (owner, role);
    }

    private static string With(string connectionString, string role) =>
        new NpgsqlConnectionStringBuilder(connectionString) { Username = role }.ConnectionString;

    private static async Task<int> AddInboxAsync(ForwarderApplication forwarder) => (await forwarder.PostAsync(
        "/api/v1/sources", new { name = "apps", kind = "http", inbox = new { key = "a-key-of-at-least-16-characters" } }))["id"]!.GetValue<int>();

    private static async Task<HttpStatusCode> PushAsync(ForwarderApplication forwarder, int source, string type)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/api/v1/sources/{source}/events")
        {
            Content = JsonContent.Create(new { event_type = type, event_id = Guid.NewGuid() }),
        };
        request.Headers.Add("X-API-Key", "a-key-of-at-least-16-characters");
        using var response = await forwarder.Api.SendAsync(request, Token);
        return response.StatusCode;
    }

    /// <summary>Waits for an answer of the readiness that holds a text, bounded; the whole of it.</summary>
    private static async Task<string> UntilAsync(ForwarderApplication forwarder, HttpStatusCode status, string text = "")
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(Token);
        bound.CancelAfter(TimeSpan.FromSeconds(60));
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        while (true)
        {
            using var response = await forwarder.Api.GetAsync("/health/ready", bound.Token);
            var said = await response.Content.ReadAsStringAsync(bound.Token);
            if (response.StatusCode == status && said.Contains(text, StringComparison.Ordinal))
            {
                return said;
            }

            await tick.WaitForNextTickAsync(bound.Token);
        }
    }

    private static void AssertAllLoopsRun(ForwarderApplication forwarder) => Assert.DoesNotContain(
        forwarder.Services.GetServices<IHostedService>().OfType<BackgroundService>(), service => service.ExecuteTask is { IsFaulted: true });

    private static async Task ExecuteAsync(string connectionString, string sql)
    {
        await using var database = NpgsqlDataSource.Create($"{connectionString};Pooling=false");
        await using var command = database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(Token);
    }
}
