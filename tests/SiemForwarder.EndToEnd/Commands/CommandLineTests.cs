using System.Net;
using System.Net.Sockets;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Service.Storage.Private;

namespace SiemForwarder.EndToEnd.Commands;

/// <summary>What the program answers when it is called by hand.</summary>
public sealed class CommandLineTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(0, "--urls=http://127.0.0.1:8080", "--help")]
    [InlineData(0, "Exit codes", "help")]
    [InlineData(0, "0.", "--version")]
    [InlineData(0, "--once", "demo", "--help")]
    [InlineData(2, "did you mean 'health'?", "helth")]
    [InlineData(2, "--frobnicate is no option", "--frobnicate")]
    [InlineData(2, "A setting is wrong: Forwarder__Engine__Roles__0 is 'polls', and may mean 'poll'", "--Forwarder:Engine:Roles:0=polls")]
    [InlineData(1, "does not answer", "health", "--urls=http://127.0.0.1:1")]
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
            Assert.Contains("address already in use: stop what listens there", output, StringComparison.Ordinal);
            Assert.DoesNotContain("   at ", output, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static Task<(int ExitCode, string Output)> RunAsync(string[] args) => ChildProgram.RunAsync(
        "dotnet", [Path.Combine(AppContext.BaseDirectory, "SiemForwarder.Service.dll"), .. args], Token);
}
