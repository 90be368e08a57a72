using System.Globalization;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Service.Storage.Private;

namespace SiemForwarder.EndToEnd.Storage;

/// <summary>A signal while the service starts ends it, and the database that it has started.</summary>
public sealed class InterruptedStartTests
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(10);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("postgres/data/PG_VERSION", "INT")]
    [InlineData("postgres/data/server.log", "INT")]
    [InlineData("postgres/data/postmaster.pid", "TERM")]
    public async Task ASignalWhileItStartsLeavesNoServerAndAFolderThatCanBeUsed(string appears, string signal)
    {
        Assert.SkipWhen(PostgresPrograms.FindFolder() is null, "no PostgreSQL programs on this machine");
        // Where the tests themselves run in the background of a shell, children would ignore SIGINT.
        await using var forwarder = new ForwarderProcess(ForwarderProcess.NewFolder()) { Command = ["env", "--default-signal=INT", "dotnet"] };
        var running = forwarder.RunToEndAsync(Token);
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(Token);
        bound.CancelAfter(TimeSpan.FromSeconds(90));
        using (var timer = new PeriodicTimer(Look))
        {
            while (!File.Exists(Path.Combine(forwarder.DataFolder, appears)) && await timer.WaitForNextTickAsync(bound.Token))
            {
                Assert.False(running.IsCompleted, forwarder.Output);
            }
        }

        var pid = forwarder.Process!.Id.ToString(CultureInfo.InvariantCulture);
        Assert.Equal(0, (await ChildProgram.RunAsync("kill", [$"-{signal}", pid], bound.Token)).ExitCode);

        Assert.Equal(0, await running);
        Assert.False(File.Exists(Path.Combine(forwarder.DataFolder, "postgres", "data", "postmaster.pid")), forwarder.Output);
        await forwarder.StartAsync(Token);
        Assert.Equal("ready", (string)(await forwarder.GetAsync("/health/ready", Token))["status"]!);
    }
}
