using System.Diagnostics;
using System.Net;
using Npgsql;
using SiemForwarder.EndToEnd.Inbox;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Service.Storage;
using SiemForwarder.Service.Storage.Private;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.EndToEnd.Storage;

/// <summary>The database that the service brings along, with real processes.</summary>
public sealed class PrivatePostgresTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ItStartsInAnEmptyFolderAndASecondStartFindsTheData()
    {
        SkipWithoutPrograms();
        await using var forwarder = new ForwarderProcess(ForwarderProcess.NewFolder());
        await forwarder.StartAsync(Token);
        await forwarder.PostAsync("/api/v1/integrations", new { name = "kept", serverUrl = "tcp://127.0.0.1:9", authentication = new { type = "none", token = "s3cr3t" } }, Token);

        await forwarder.StopAsync(Token);
        Assert.False(File.Exists(Path.Combine(forwarder.DataFolder, "postgres", "data", "postmaster.pid")));
        await forwarder.StartAsync(Token);

        var list = await forwarder.GetAsync("/api/v1/integrations", Token);
        Assert.Equal("kept", list["items"]![0]!["name"]!.GetValue<string>());
        Assert.True(list["items"]![0]!["authentication"]!["tokenSet"]!.GetValue<bool>());
        Assert.DoesNotContain("s3cr3t", forwarder.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ASecondServiceOnTheSameFolderEndsWithASentenceAndTheFirstGoesOn()
    {
        SkipWithoutPrograms();
        await using var first = new ForwarderProcess(ForwarderProcess.NewFolder());
        await first.StartAsync(Token);
        var second = new ForwarderProcess(first.DataFolder);

        var code = await second.RunToEndAsync(Token);

        Assert.Equal(2, code);
        AssertOneSentence(second.Output, "Another SiemForwarder uses the data folder", first.DataFolder, "ConnectionStrings__Forwarder");
        Assert.Equal("ready", (await first.GetAsync("/health/ready", Token))["status"]!.GetValue<string>());
    }

    [Fact]
    public async Task ADatabaseThatEndsByItselfIsStartedAgainWithItsData()
    {
        SkipWithoutPrograms();
        await using var forwarder = new ForwarderProcess(ForwarderProcess.NewFolder());
        await forwarder.StartAsync(Token);
        await forwarder.PostAsync("/api/v1/integrations", new { name = "kept", serverUrl = "tcp://127.0.0.1:9" }, Token);
        var pidFile = Path.Combine(forwarder.DataFolder, "postgres", "data", "postmaster.pid");
        var before = File.ReadLines(pidFile).First();

        await forwarder.KillDatabaseAsync(Token);

        using var bound = CancellationTokenSource.CreateLinkedTokenSource(Token);
        bound.CancelAfter(TimeSpan.FromSeconds(60));
        await forwarder.WaitUntilReadyAsync(bound.Token);
        var list = await forwarder.GetAsync("/api/v1/integrations", Token);
        Assert.Equal("kept", list["items"]![0]!["name"]!.GetValue<string>());
        Assert.NotEqual(before, File.ReadLines(pidFile).First());
    }

    [Fact]
    public async Task TwoHundredIntegrationsShareTheConnectionsOfTheirEngine()
    {
        SkipWithoutPrograms();
        const int Integrations = 200;
        const int Events = 5;
        await using var receiver = TcpSyslogReceiver.Start();
        await using var forwarder = new ForwarderProcess(ForwarderProcess.NewFolder());
        await forwarder.StartAsync(Token);
        var source = (await forwarder.PostAsync(
            "/api/v1/sources", new { name = "apps", kind = "http", inbox = new { key = Pusher.Key } }, Token))["id"]!.GetValue<int>();
        for (var number = 1; number <= Integrations; number++)
        {
            var body = new { name = $"siem {number}", serverUrl = $"tcp://127.0.0.1:{receiver.Port}", outputType = "JSON", enabled = true, sources = new[] { source } };
            await forwarder.PostAsync("/api/v1/integrations", body, Token);
        }

        await using var database = NpgsqlDataSource.Create($"{forwarder.ConnectionString};Pooling=false");
        using var done = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var most = WatchAsync(database, done.Token);
        for (var number = 0; number < Events; number++)
        {
            Assert.Equal(HttpStatusCode.Accepted, (await new Pusher(forwarder.Api, source).PushAsync(Pusher.Event($"{number}"), Token)).Status);
        }

        done.CancelAfter(TimeSpan.FromSeconds(120));
        await receiver.WaitForMessagesAsync(Integrations * Events, done.Token);
        await done.CancelAsync();

        Assert.InRange(await most, 1, new DatabaseOptions().MaxConnections);
        Assert.DoesNotContain("too many clients", forwarder.Output, StringComparison.Ordinal);

        static async Task<long> WatchAsync(NpgsqlDataSource database, CancellationToken cancellationToken)
        {
            var most = 0L;
            await using var connection = await database.OpenConnectionAsync(CancellationToken.None);
            await using var count = new NpgsqlCommand("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'siemforwarder'", connection);
            while (!cancellationToken.IsCancellationRequested)
            {
                most = Math.Max(most, (long)(await count.ExecuteScalarAsync(CancellationToken.None))!);
                await Task.Delay(20, CancellationToken.None);
            }

            return most;
        }
    }

    [Fact]
    public async Task ADataFolderThatCannotBeMadeIsOneSentence()
    {
        SkipWithoutPrograms();
        var file = Path.GetTempFileName();
        var forwarder = new ForwarderProcess(Path.Combine(file, "data"));

        var code = await forwarder.RunToEndAsync(Token);

        File.Delete(file);
        Assert.Equal(2, code);
        AssertOneSentence(forwarder.Output, "cannot be created or written", "Forwarder__DataFolder", "ConnectionStrings__Forwarder");
    }

    [Fact]
    public async Task WithoutProgramsAndWithoutDockerItEndsWithOneSentenceThatNamesBothWaysOut()
    {
        Assert.SkipUnless(await CanHideProgramsAsync(), "the programs of PostgreSQL cannot be hidden from a process here");
        var dotnet = Environment.ProcessPath is { } path && Path.GetFileNameWithoutExtension(path) == "dotnet"
            ? path : File.ResolveLinkTarget("/usr/bin/dotnet", returnFinalTarget: true)?.FullName ?? "/usr/bin/dotnet";
        Assert.SkipUnless(File.Exists(dotnet), "the path of dotnet is not known");
        var forwarder = new ForwarderProcess(ForwarderProcess.NewFolder())
        {
            Command = ["unshare", "--mount", "/bin/sh", "-c", "mount -t tmpfs none /usr/lib/postgresql && PATH=/nowhere exec \"$0\" \"$1\"", dotnet],
        };

        var code = await forwarder.RunToEndAsync(Token);

        Assert.Equal(2, code);
        AssertOneSentence(forwarder.Output, "install its server programs (initdb, pg_ctl, postgres)", "ConnectionStrings__Forwarder");
        await forwarder.DisposeAsync();
    }

    private static void AssertOneSentence(string output, params string[] parts)
    {
        var line = Assert.Single(output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
        Assert.All(parts, part => Assert.Contains(part, line, StringComparison.Ordinal));
        Assert.DoesNotContain("   at ", output, StringComparison.Ordinal);
    }

    private static void SkipWithoutPrograms() => Assert.SkipWhen(PostgresPrograms.FindFolder() is null, "no PostgreSQL programs on this machine");

    private static async Task<bool> CanHideProgramsAsync()
    {
        if (!OperatingSystem.IsLinux() || !Directory.Exists("/usr/lib/postgresql") || !File.Exists("/usr/bin/unshare"))
        {
            return false;
        }

        using var trial = Process.Start(new ProcessStartInfo("/usr/bin/unshare", ["--mount", "/bin/sh", "-c", "mount -t tmpfs none /usr/lib/postgresql"])
        {
            RedirectStandardError = true,
        })!;
        await trial.WaitForExitAsync(Token);
        return trial.ExitCode == 0;
    }
}
