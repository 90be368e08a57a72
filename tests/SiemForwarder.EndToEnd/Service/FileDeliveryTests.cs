using System.Net;
using SiemForwarder.EndToEnd.Support;

namespace SiemForwarder.EndToEnd.Service;

/// <summary>Files: only where the operator opened a folder, one whole line per event.</summary>
public sealed class FileDeliveryTests(TestPostgres postgres)
{
    [Fact]
    public async Task WithoutAFolderOfTheOperatorNobodyCanHaveFilesWritten()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);

        var answer = await forwarder.SendAsync(HttpMethod.Post, "/api/v1/integrations", new { name = "files", serverUrl = "file:///keycloak.log" });

        Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
        Assert.Contains("Forwarder__FileDestination__Folder", answer.ErrorOf("destination"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("JSON", "{")]
    [InlineData("CEF", "CEF:0|")]
    [InlineData("LEEF", "LEEF:2.0|")]
    [InlineData("Syslog", "<")]
    public async Task EveryEventIsALineWithItsIdInEveryOutputType(string outputType, string begin)
    {
        var folder = Directory.CreateTempSubdirectory("siemforwarder-files-").FullName;
        await using (var forwarder = await ForwarderApplication.StartAsync(postgres, $"--Forwarder:FileDestination:Folder={folder}"))
        {
            var source = await SeededLog.AddSourceAsync(forwarder);
            var id = await forwarder.AddIntegrationAsync(new { name = "files", serverUrl = "file:///soc/keycloak.log", outputType });
            var shown = await forwarder.GetAsync($"/api/v1/integrations/{id}");
            Assert.Equal(("file", 0, outputType), (shown["destination"]!.GetValue<string>(), shown["port"]!.GetValue<int>(), shown["outputType"]!.GetValue<string>()));
            await forwarder.PutAsync(
                $"/api/v1/integrations/{id}", new { name = "what was read can be written back", serverUrl = shown["serverUrl"], port = shown["port"], outputType });

            var ids = await SeededLog.AppendAsync(forwarder, source, Enumerable.Range(0, 3000).Select(number => $"zoë\n{number}"));
            await forwarder.WaitForAsync(
                $"/api/v1/integrations/{id}/status", node => node["status"]!.GetValue<string>() == "Success" && node["backlog"]!.GetValue<long>() == 0);

            var lines = await File.ReadAllLinesAsync(Path.Combine(folder, "soc", "keycloak.log"), TestContext.Current.CancellationToken);
            Assert.Equal(ids.Count, lines.Length);
            Assert.All(lines, line => Assert.StartsWith(begin, line, StringComparison.Ordinal));
            Assert.All(ids.Zip(lines), pair => Assert.Contains(pair.First, pair.Second, StringComparison.Ordinal));
        }

        Directory.Delete(folder, recursive: true);
    }
}
