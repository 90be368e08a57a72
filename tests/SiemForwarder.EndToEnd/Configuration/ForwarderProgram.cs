using System.Diagnostics;
using System.Text.Json.Nodes;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Service.Storage.Private;

namespace SiemForwarder.EndToEnd.Configuration;

/// <summary>The program as it is called by hand, with a running service.</summary>
internal static class ForwarderProgram
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(120);

    /// <summary>Runs a command of the program with the key of an administrator.</summary>
    public static async Task<(int ExitCode, string Output)> RunAsync(ForwarderApplication forwarder, params string[] args)
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        bound.CancelAfter(Bound);
        return await ChildProgram.RunAsync(
            "dotnet", [Path.Combine(AppContext.BaseDirectory, "SiemForwarder.Service.dll"), .. args],
            new Dictionary<string, string> { ["SIEMFORWARDER_URL"] = forwarder.Address.ToString(), ["SIEMFORWARDER_KEY_FILE"] = AdminKey.File }, bound.Token);
    }

    /// <summary>Runs a command; what it wrote as its result apart from what it told beside it.</summary>
    public static async Task<(int ExitCode, string Output, string Error)> CallAsync(ForwarderApplication forwarder, params string[] args)
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        bound.CancelAfter(Bound);
        using var program = Start(forwarder, args);
        try
        {
            var (output, error) = (program.StandardOutput.ReadToEndAsync(bound.Token), program.StandardError.ReadToEndAsync(bound.Token));
            await program.WaitForExitAsync(bound.Token);
            return (program.ExitCode, await output, await error);
        }
        finally
        {
            program.Kill();
        }
    }

    /// <summary>Starts a command that goes on until it is ended.</summary>
    public static Process Start(ForwarderApplication forwarder, params string[] args)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "SiemForwarder.Service.dll"), .. args])
        {
            UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = Path.GetTempPath(),
        };
        start.Environment["SIEMFORWARDER_URL"] = forwarder.Address.ToString();
        start.Environment["SIEMFORWARDER_KEY_FILE"] = AdminKey.File;
        return Process.Start(start)!;
    }

    /// <summary>Runs a command that is to end well; its answer as JSON.</summary>
    public static async Task<JsonNode> AskAsync(ForwarderApplication forwarder, params string[] args)
    {
        var (code, output) = await RunAsync(forwarder, [.. args, "--output", "json"]);
        Assert.True(code == 0, $"{code}: {output}");
        return JsonNode.Parse(output)!;
    }
}
