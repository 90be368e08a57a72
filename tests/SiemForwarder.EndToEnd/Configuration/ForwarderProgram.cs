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

    /// <summary>Runs a command that is to end well; its answer as JSON.</summary>
    public static async Task<JsonNode> AskAsync(ForwarderApplication forwarder, params string[] args)
    {
        var (code, output) = await RunAsync(forwarder, [.. args, "--output", "json"]);
        Assert.True(code == 0, $"{code}: {output}");
        return JsonNode.Parse(output)!;
    }
}
