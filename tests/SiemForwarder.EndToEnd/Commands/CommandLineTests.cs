using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Service;
using SiemForwarder.Service.Commands;
using SiemForwarder.Service.Storage;
using SiemForwarder.Service.Storage.Private;

namespace SiemForwarder.EndToEnd.Commands;

/// <summary>What the program answers when it is called by hand.</summary>
public sealed class CommandLineTests(TestPostgres postgres)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(0, "--urls=http://127.0.0.1:8080", "--help")]
    [InlineData(0, "Exit codes", "help")]
    [InlineData(0, "0.", "--version")]
    [InlineData(0, "--once", "demo", "--help")]
    [InlineData(2, "did you mean 'health'?", "helth")]
    [InlineData(2, "--frobnicate is not an option", "--frobnicate")]
    [InlineData(2, "Invalid setting: Forwarder__Engine__Roles__0 is 'polls'; it must be one of api, poll, dispatch. Did you mean 'poll'?", "--Forwarder:Engine:Roles:0=polls")]
    [InlineData(2, "--wacth is not an option of status; did you mean --watch?", "status", "--wacth")]
    [InlineData(2, "'many' is no whole number, which --limit takes.", "events", "--limit", "many")]
    [InlineData(2, "'yesterday' is no time: write it such as 2026-01-31", "events", "--from", "yesterday")]
    [InlineData(2, "There is no key in /nowhere/key: name a file with an API key", "status", "--key-file", "/nowhere/key")]
    [InlineData(0, "siemforwarder rehearse brute-force --integration siem", "rehearse", "--help")]
    [InlineData(1, "does not respond", "health", "--urls=http://127.0.0.1:1")]
    public async Task WordsAndOptionsAreAnsweredAndStartNoService(int code, string words, params string[] args)
    {
        var (ended, output) = await RunAsync(args);

        Assert.Equal(code, ended);
        Assert.Contains(words, output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("demo", "--urls")]
    [InlineData("--Forwarder:DataFolder=", "--urls")]
    public async Task APortThatIsTakenIsOneSentence(string first, string option)
    {
        Assert.SkipWhen(PostgresPrograms.FindFolder() is null, "No PostgreSQL programs on this machine");
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var folder = ForwarderProcess.NewFolder();
        try
        {
            var (code, output) = await RunAsync(
                [first.EndsWith('=') ? first + folder : first, option, $"http://127.0.0.1:{((IPEndPoint)taken.LocalEndpoint).Port}"]);

            Assert.Equal(2, code);
            Assert.Contains("address already in use: stop the process that listens there", output, StringComparison.Ordinal);
            Assert.DoesNotContain("   at ", output, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ALoopThatEndsByAFaultEndsTheServiceWithAnotherExitCodeThanZero(bool hasStarted)
    {
        var folder = ForwarderProcess.NewFolder();
        await using var app = ForwarderHost.Build(
            ["--urls=http://127.0.0.1:0", $"--Forwarder:DataFolder={folder}", $"--Forwarder:Access:AdminKeyFile={AdminKey.File}", "--Serilog:MinimumLevel:Default=Fatal"],
            await postgres.CreateDatabaseAsync(), builder => builder.Services.AddHostedService(
                provider => new EndingLoop(hasStarted ? provider.GetRequiredService<IHostApplicationLifetime>().ApplicationStarted : new CancellationToken(canceled: true))));
        await app.Services.MigrateAsync(Token);
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(Token);
        bound.CancelAfter(TimeSpan.FromSeconds(60));

        var code = await CommandLine.ServeAsync(app, folder, bound.Token);

        Directory.Delete(folder, recursive: true);
        Assert.Equal(CommandLine.Broken, code);
        Assert.NotEqual(0, code);
        Assert.False(bound.IsCancellationRequested);
    }

    private static Task<(int ExitCode, string Output)> RunAsync(string[] args) => ChildProgram.RunAsync(
        "dotnet", [Path.Combine(AppContext.BaseDirectory, "SiemForwarder.Service.dll"), .. args], Token);

    /// <summary>A loop that what may never happen happens to.</summary>
    private sealed class EndingLoop(CancellationToken begin) : BackgroundService
    {
        protected override async Task ExecuteAsync(CancellationToken stoppingToken)
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, begin).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw new InvalidOperationException("An invariant is broken.");
        }
    }
}
