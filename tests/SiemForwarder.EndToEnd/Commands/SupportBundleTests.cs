using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using System.Text.Json.Nodes;
using SiemForwarder.EndToEnd.Access;
using SiemForwarder.EndToEnd.Configuration;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Service.Storage.Private;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.EndToEnd.Commands;

/// <summary>The archive for a report of a fault: all that helps, and nothing that must stay.</summary>
public sealed class SupportBundleTests(TestPostgres postgres)
{
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(3);

    [Fact]
    public async Task TheArchiveTellsStatesErrorsSettingsCountersAndTheLog()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(
            postgres, "--Forwarder:EventLog:RetentionDays=17", "--Serilog:MinimumLevel:Default=Information");
        await using var refusing = HttpReceiver.Start(new HttpReply(400, "no such field"));
        await using var folder = new TemporaryFolder();
        var source = await SeededLog.AddSourceAsync(forwarder, "realm");
        var id = await forwarder.AddIntegrationAsync(new { name = "siem", serverUrl = $"http://127.0.0.1:{refusing.Port}/" });
        await SeededLog.AppendAsync(forwarder, source, ["somebody-private"]);
        await forwarder.WaitForAsync($"/api/v1/integrations/{id}/status", status => (long)status["setAside"]! == 1);
        var (tar, zip) = (Path.Combine(folder.Path, "bundle.tar.gz"), Path.Combine(folder.Path, "bundle.zip"));

        var (written, output, error) = await ForwarderProgram.CallAsync(forwarder, "support-bundle", "--file", tar);
        var (alike, _, _) = await ForwarderProgram.CallAsync(forwarder, "support-bundle", "-f", zip);
        var (again, _, kept) = await ForwarderProgram.CallAsync(forwarder, "support-bundle", "-f", zip);
        var (other, _, _) = await ForwarderProgram.CallAsync(forwarder, "support-bundle", "-f", Path.Combine(folder.Path, "bundle.rar"));

        Assert.Equal((0, 0, 2, 2, ""), (written, alike, again, other, error));
        Assert.StartsWith(tar, output, StringComparison.Ordinal);
        Assert.Contains("The archive cannot be written", kept, StringComparison.Ordinal);
        var files = await ReadTarAsync(tar);
        Assert.Equal(files.Keys.Order(), (await ReadZipAsync(zip)).Keys.Order());
        Assert.Equal("17", (string?)Setting(files, "Forwarder__EventLog__RetentionDays")["value"]);
        Assert.False((bool)Setting(files, "Forwarder__EventLog__RetentionDays")["isDefault"]!);
        Assert.Matches("[0-9]+", (string)JsonNode.Parse(files["service.json"])!["database"]!);
        Assert.Contains("INF ", files["log.txt"], StringComparison.Ordinal);
        Assert.Contains("siemforwarder_", files["metrics.txt"], StringComparison.Ordinal);
        Assert.Equal("ready", (string?)JsonNode.Parse(files["readiness.json"])!["status"]);
        Assert.Contains("event set aside", files["status.json"], StringComparison.Ordinal);
        Assert.Contains("no such field", files[$"integrations/{id}-set-aside.json"], StringComparison.Ordinal);
        Assert.Contains("\"siem\"", files["configuration.json"], StringComparison.Ordinal);
        Assert.DoesNotContain("missing.txt", files.Keys);
        Assert.All(files, file => Assert.DoesNotContain("somebody-private", file.Value, StringComparison.Ordinal));
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(tar));
        }
    }

    [Fact]
    public async Task NoPlantedSecretIsInTheArchive()
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        bound.CancelAfter(Bound);
        await using var folder = new TemporaryFolder();
        await using var planted = new PlantedSecrets();
        planted.Remember("key of the administrator", AdminKey.Value);
        var database = await postgres.CreateDatabaseAsync();
        await using var forwarder = new ForwarderProcess(ForwarderProcess.NewFolder(), new Dictionary<string, string>
        {
            ["ConnectionStrings__Forwarder"] = $"{database};Application Name={planted.Mark("connection string")}",
            ["Forwarder__Database__ListenConnection"] = $"{database};Application Name={planted.Mark("connection for notifications")}",
            ["Forwarder__Access__Oidc__Authority"] = "http://127.0.0.1:9/realms/none", ["Forwarder__Access__Oidc__ClientId"] = "siem", ["Forwarder__Access__Oidc__RequireHttps"] = "false",
            ["Forwarder__Access__Oidc__ClientSecret"] = planted.Mark("secret of sign-in"),
            [PlantedSecrets.Variable] = planted.OfVariable(), ["Serilog__MinimumLevel__Default"] = "Debug", ["Forwarder__Dispatch__RetryDelay"] = "00:00:00.05",
        });
        await forwarder.StartAsync(bound.Token);
        foreach (var source in planted.Sources())
        {
            await forwarder.PostAsync("/api/v1/sources", source, bound.Token);
        }

        var integrations = new List<int>();
        foreach (var integration in planted.Integrations())
        {
            integrations.Add((int)(await forwarder.PostAsync("/api/v1/integrations", integration, bound.Token))["id"]!);
        }

        // Servers that repeat what they got have answered by then.
        await forwarder.WaitForAsync($"/api/v1/integrations/{integrations[0]}/status", status => status["lastError"] is not null, bound.Token);
        var file = Path.Combine(folder.Path, "bundle.zip");
        var (code, output) = await ChildProgram.RunAsync(
            "dotnet", [Path.Combine(AppContext.BaseDirectory, "SiemForwarder.Service.dll"), "support-bundle", "--file", file],
            new Dictionary<string, string> { ["SIEMFORWARDER_URL"] = $"http://127.0.0.1:{forwarder.Port}", ["SIEMFORWARDER_KEY_FILE"] = AdminKey.File }, bound.Token);
        var files = await ReadZipAsync(file);

        Assert.True(code == 0, output);
        Assert.Contains("DBG ", files["log.txt"], StringComparison.Ordinal);
        Assert.Equal("***", (string?)Setting(files, "Forwarder__Access__Oidc__ClientSecret")["value"]);
        Assert.Equal("***", (string?)Setting(files, "Forwarder__Database__ListenConnection")["value"]);
        Assert.InRange(files.Count, 10 + integrations.Count, 500);
        var found = files.SelectMany(one => planted.FindIn(one.Key, one.Value).Concat(planted.FindOfEvents(one.Key, one.Value))).ToList();
        Assert.True(found.Count == 0, $"{found.Count}:\n" + string.Join("\n", found.Take(20)));
    }

    [Fact]
    public async Task WhatTheKeyMayNotReadIsNamedAndTheRestIsThere()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        await using var folder = new TemporaryFolder();
        var (key, file) = (Path.Combine(folder.Path, "viewer"), Path.Combine(folder.Path, "bundle.tgz"));
        await File.WriteAllTextAsync(key, (string)(await forwarder.PostAsync("/api/v1/keys", new { name = "viewer", role = "siem-viewer" }))["key"]!);

        var (code, _, error) = await ForwarderProgram.CallAsync(forwarder, "support-bundle", "--file", file, "--key-file", key);
        var files = await ReadTarAsync(file);

        Assert.Equal(0, code);
        Assert.StartsWith("Not in the archive: service.json, log.txt: ", error, StringComparison.Ordinal);
        Assert.Contains("siem-auditor", files["missing.txt"], StringComparison.Ordinal);
        Assert.Contains("status.json", files.Keys);
    }

    private static JsonNode Setting(Dictionary<string, string> files, string name) =>
        JsonNode.Parse(files["service.json"])!["settings"]!.AsArray().Single(one => (string)one!["name"]! == name)!;

    private static async Task<Dictionary<string, string>> ReadTarAsync(string file)
    {
        var files = new Dictionary<string, string>();
        await using var archive = new TarReader(new GZipStream(File.OpenRead(file), CompressionMode.Decompress));
        while (await archive.GetNextEntryAsync(copyData: true, TestContext.Current.CancellationToken) is { } entry)
        {
            using var reader = new StreamReader(entry.DataStream!, Encoding.UTF8);
            files[entry.Name.Split('/', 2)[1]] = await reader.ReadToEndAsync(TestContext.Current.CancellationToken);
        }

        return files;
    }

    private static async Task<Dictionary<string, string>> ReadZipAsync(string file)
    {
        var files = new Dictionary<string, string>();
        await using var archive = await ZipFile.OpenReadAsync(file, TestContext.Current.CancellationToken);
        foreach (var entry in archive.Entries)
        {
            using var reader = new StreamReader(await entry.OpenAsync(TestContext.Current.CancellationToken), Encoding.UTF8);
            files[entry.FullName.Split('/', 2)[1]] = await reader.ReadToEndAsync(TestContext.Current.CancellationToken);
        }

        return files;
    }
}
