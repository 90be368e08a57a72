using System.Text;
using System.Text.Json.Nodes;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.EndToEnd.Service;

/// <summary>What a preview of stored events shows is what the receiver got of the same events, octet by octet.</summary>
public sealed class PreviewedBytesTests(TestPostgres postgres)
{
    private static readonly string[] Users = ["alice", "zoë\n<13>1 forged", "李 | = ] \\ \""];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("Syslog", "lf")]
    [InlineData("CEF", "octet-counting")]
    [InlineData("LEEF", "lf")]
    [InlineData("JSON", "lf")]
    public async Task OverTcp(string outputType, string framing)
    {
        await using var receiver = TcpSyslogReceiver.Start();

        var shown = await DeliverAndShowAsync(
            new { name = "x", serverUrl = $"tcp://127.0.0.1:{receiver.Port}", outputType, syslog = new { framing } }, () => receiver.WaitForMessagesAsync(3, Token));

        Assert.Equal(receiver.Connections[0].Bytes, Body(Assert.Single(shown["units"]!.AsArray())!));
        Assert.Equal(receiver.Messages, Messages(shown));
    }

    [Fact]
    public async Task OverUdp()
    {
        await using var receiver = UdpSyslogReceiver.Start();

        var shown = await DeliverAndShowAsync(new { name = "x", serverUrl = $"udp://127.0.0.1:{receiver.Port}" }, () => receiver.WaitForDatagramsAsync(3, Token));

        Assert.Equal(receiver.Datagrams, shown["units"]!.AsArray().Select(unit => Body(unit!)));
        Assert.Equal([0, 1, 2], shown["messages"]!.AsArray().Select(message => message!["unit"]!.GetValue<int>()));
    }

    [Fact]
    public async Task OverRelp()
    {
        await using var receiver = RelpReceiver.Start(_ => "200 OK");

        var shown = await DeliverAndShowAsync(new { name = "x", destination = "relp", serverUrl = $"tcp://127.0.0.1:{receiver.Port}" }, () => Task.CompletedTask);

        var got = receiver.Bytes;
        var body = Body(Assert.Single(shown["units"]!.AsArray())!);
        Assert.Equal(body, got.AsSpan(got.AsSpan().IndexOf("2 syslog "u8), body.Length).ToArray());
        Assert.Equal(receiver.Messages, Messages(shown).Select(Encoding.UTF8.GetString));
    }

    [Theory]
    [InlineData("webhook", null, false)]
    [InlineData("webhook", "array", true)]
    [InlineData("splunk_hec", null, true)]
    [InlineData("elastic", null, true)]
    [InlineData("datadog", null, true)]
    [InlineData("otlp", null, false)]
    public async Task OverHttp(string destination, string? body, bool gzip)
    {
        await using var receiver = HttpReceiver.Start(_ => new HttpReply(destination == "datadog" ? 202 : 200, destination switch
        {
            "splunk_hec" => """{"text":"Success","code":0}""",
            "elastic" => """{"errors":false,"items":[{"create":{"status":201}},{"create":{"status":201}},{"create":{"status":201}}]}""",
            _ => "{}",
        }));
        object? settings = destination switch { "splunk_hec" => new { token = "s3cr3t-t0ken" }, "elastic" or "datadog" => new { apiKey = "s3cr3t-t0ken" }, _ => null };

        var shown = await DeliverAndShowAsync(
            new { name = "x", destination, serverUrl = $"http://127.0.0.1:{receiver.Port}/in", http = new { body, gzip }, settings }, () => Task.CompletedTask);

        var units = shown["units"]!.AsArray();
        Assert.Equal(receiver.Requests.Count, units.Count);
        Assert.All(receiver.Requests.Zip(units), pair =>
        {
            Assert.Equal(Fixed(pair.First.Head.Replace("s3cr3t-t0ken", "***", StringComparison.Ordinal)), Fixed((string)pair.Second!["head"]!));
            Assert.Equal(pair.First.PlainBody, Body(pair.Second));
            Assert.Equal(pair.First.Body, gzip ? Convert.FromBase64String((string)pair.Second["sentBase64"]!) : Body(pair.Second));
            Assert.Equal(pair.First.Body.Length, pair.Second["sentBytes"]!.GetValue<int>());
        });
    }

    [Fact]
    public async Task IntoAFile()
    {
        var folder = Directory.CreateTempSubdirectory("siemforwarder-preview-").FullName;

        var shown = await DeliverAndShowAsync(new { name = "x", serverUrl = "file:///soc/a.log" }, () => Task.CompletedTask, $"--Forwarder:FileDestination:Folder={folder}");

        Assert.Equal(await File.ReadAllBytesAsync(Path.Combine(folder, "soc", "a.log"), Token), Body(Assert.Single(shown["units"]!.AsArray())!));
        Directory.Delete(folder, recursive: true);
    }

    /// <summary>Lets an integration deliver three events of one page, then asks for a preview of the last three.</summary>
    private async Task<JsonNode> DeliverAndShowAsync(object integration, Func<Task> arrived, params string[] settings)
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres, settings);
        var source = await SeededLog.AddSourceAsync(forwarder);
        var id = await forwarder.AddIntegrationAsync(integration);
        var ids = await SeededLog.AppendAsync(forwarder, source, Users);
        await forwarder.WaitForAsync($"/api/v1/integrations/{id}/status", node => (string?)node["status"] == "Success" && node["backlog"]!.GetValue<long>() == 0);
        await arrived();

        var shown = await forwarder.PostAsync($"/api/v1/integrations/{id}/preview", new { recent = 3 });

        Assert.Equal(0, shown["errors"]!.GetValue<int>());
        Assert.Equal(ids, shown["messages"]!.AsArray().Select(message => (string)message!["eventId"]!));
        Assert.Equal([1, 2, 3], shown["messages"]!.AsArray().Select(message => message!["position"]!.GetValue<long>()));
        return shown;
    }

    private static byte[] Body(JsonNode unit) => (string?)unit["bodyBase64"] is { } exact ? Convert.FromBase64String(exact) : Encoding.UTF8.GetBytes((string)unit["body"]!);

    private static IEnumerable<byte[]> Messages(JsonNode shown) => shown["messages"]!.AsArray().Select(message => Encoding.UTF8.GetBytes((string)message!["text"]!));

    // A channel is made up anew for every connection of a destination.
    private static IEnumerable<string> Fixed(string head) =>
        head.Split("\r\n").Where(line => !line.StartsWith("X-Splunk-Request-Channel", StringComparison.OrdinalIgnoreCase)).Order(StringComparer.Ordinal);
}
