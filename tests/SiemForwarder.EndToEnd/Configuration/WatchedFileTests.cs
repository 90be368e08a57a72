using System.Text.Json.Nodes;
using SiemForwarder.EndToEnd.Support;

namespace SiemForwarder.EndToEnd.Configuration;

/// <summary>The configuration file of the process is applied at the start and when it changes, by the handlers that everybody meets.</summary>
public sealed class WatchedFileTests(TestPostgres postgres)
{
    [Fact]
    public async Task TheFileIsAppliedAtTheStartAndWhenItChangesAndTheTrailSaysByWhom()
    {
        await using var folder = new TemporaryFolder();
        var file = Path.Combine(folder.Path, "forwarder.yaml");
        await ReplaceAsync(file, 6514);
        await using var forwarder = await ForwarderApplication.StartAsync(
            postgres, $"--Forwarder:ConfigurationFile={file}", "--Forwarder:ConfigurationInterval=00:00:00.050");

        await forwarder.WaitForAsync("/api/v1/integrations", list => UrlOf(list) == "tcp://127.0.0.1:6514");
        await File.WriteAllTextAsync(file, "integrations: [", TestContext.Current.CancellationToken);
        await ReplaceAsync(file, 6515);
        var list = await forwarder.WaitForAsync("/api/v1/integrations", list => UrlOf(list) == "tcp://127.0.0.1:6515");

        var siem = list["items"]![0]!;
        Assert.Equal(("forwarder.yaml", 2), ((string?)siem["managedBy"], (int)siem["version"]!));
        Assert.Equal(["integration.update", "integration.create"], (await TrailAsync(forwarder)).Select(row => (string)row!["action"]!));
    }

    [Fact]
    public async Task SeveralEnginesApplyItOnce()
    {
        await using var folder = new TemporaryFolder();
        var file = Path.Combine(folder.Path, "forwarder.yaml");
        await ReplaceAsync(file, 6514);
        string[] settings = [$"--Forwarder:ConfigurationFile={file}", "--Forwarder:ConfigurationInterval=00:00:00.050"];
        await using var first = await ForwarderApplication.StartAsync(postgres, [.. settings, "--Forwarder:Engine:Name=first"]);
        await using var second = await ForwarderApplication.StartOnAsync(first.ConnectionString, [.. settings, "--Forwarder:Engine:Name=second"]);

        await ReplaceAsync(file, 6515);
        await second.WaitForAsync("/api/v1/integrations", list => UrlOf(list) == "tcp://127.0.0.1:6515");
        await ReplaceAsync(file, 6516);
        await first.WaitForAsync("/api/v1/integrations", list => UrlOf(list) == "tcp://127.0.0.1:6516");

        var trail = await TrailAsync(first);
        Assert.Single(trail, row => (string)row!["action"]! == "integration.create");
        Assert.All(trail, row => Assert.Equal("success", (string)row!["outcome"]!));
        Assert.InRange(trail.Count, 2, 3);
    }

    // A change can be seen before its record is written, so wait for the record.
    private static async Task<List<JsonNode?>> TrailAsync(ForwarderApplication forwarder)
    {
        static List<JsonNode?> OfTheFile(JsonNode trail) => [.. trail["items"]!.AsArray().Where(row => (string)row!["caller"]! == "configuration file")];
        return OfTheFile(await forwarder.WaitForAsync("/api/v1/audit", trail => OfTheFile(trail).Any(row => (string)row!["action"]! == "integration.update")));
    }

    private static string? UrlOf(JsonNode list) => list["items"]!.AsArray() is [{ } one] ? (string?)one["serverUrl"] : null;

    // At once, as a mounted file is replaced.
    private static async Task ReplaceAsync(string file, int port)
    {
        await File.WriteAllTextAsync($"{file}.new", $"integrations:\n  - name: siem\n    serverUrl: tcp://127.0.0.1:{port}\n", TestContext.Current.CancellationToken);
        File.Move($"{file}.new", file, overwrite: true);
    }
}
