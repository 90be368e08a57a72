using System.Text.RegularExpressions;
using SiemForwarder.Connections;
using SiemForwarder.Destinations;
using SiemForwarder.EndToEnd.Support;

namespace SiemForwarder.EndToEnd.Receivers;

public sealed partial class RsyslogRelpTests(RsyslogRelpServer server, TestPostgres postgres) : IClassFixture<RsyslogRelpServer>
{
    private const string Prefix = "<84>1 2025-11-03T10:15:30.123456Z kc-1.example.com siemforwarder 4711";

    private static CancellationToken Soon => new CancellationTokenSource(TimeSpan.FromSeconds(30)).Token;

    [Theory]
    [InlineData("tcp")]
    [InlineData("tls")]
    public async Task ThousandsAreAcknowledgedAndArriveInOrder(string scheme)
    {
        const int Total = 3000;
        await using var destination = Open(scheme);
        var marker = Guid.NewGuid().ToString("N");
        foreach (var chunk in Enumerable.Range(0, Total).Chunk(1000))
        {
            var batch = Batches.Of([.. chunk.Select(number => $"{Prefix} {marker} - n={number} zoë\nsecond line {new string('x', number % 900)}")]);
            Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(batch, Soon));
        }

        var understood = (await server.ReadUntilAsync(marker, Total, Soon)).Select(line => line.GetProperty("msg").GetString()!.Trim()).ToArray();

        Assert.Equal(Enumerable.Range(0, Total).Select(number => $"n={number}"), understood.Select(text => text.Split(' ')[0]));
        Assert.All(understood, text => Assert.Contains("zoë\nsecond line", text));
    }

    [Fact]
    public async Task ATestIsAcknowledged()
    {
        await using var destination = Open("tls");

        var report = await destination.TestAsync(Batches.Of([$"{Prefix} TEST - a test"]), Soon);

        Assert.True(report.Succeeded, string.Join('\n', report.Stages));
        Assert.Equal("200 OK", System.Text.Encoding.ASCII.GetString(report.Received.Span));
    }

    [Fact]
    public async Task EveryRecordedEventArrivesOnceWithItsId()
    {
        Assert.SkipWhen(server.Missing is not null, server.Missing ?? "");
        var tls = server.ClientTls();

        await using var recorded = await RecordedDelivery.RunAsync(postgres, new
        {
            name = "rsyslog",
            preset = "relp",
            serverUrl = $"tls://127.0.0.1:{server.TlsPort}",
            syslog = new { appName = "recorded", maxMessageBytes = 60_000 },
            tls = new { caCertificate = tls.CaCertificate, clientCertificate = tls.ClientCertificate, clientKey = tls.ClientKey!.Reveal(), serverName = tls.ServerName },
        });

        var messages = await server.ReadUntilAsync("app", "recorded", recorded.Ids.Count, Soon);
        recorded.AssertArrivedOnce(messages.Select(message => EventId().Match(message.GetProperty("msg").GetString()!).Groups["id"].Value));
    }

    [GeneratedRegex("\"event_id\":\"(?<id>[^\"]+)\"")]
    private static partial Regex EventId();

    private IDestination Open(string scheme)
    {
        Assert.SkipWhen(server.Missing is not null, server.Missing ?? "");
        var port = scheme == "tls" ? server.TlsPort : server.RelpPort;
        return DestinationCatalog.Find("relp")!.Open(
            new DestinationSettings
            {
                IntegrationName = "rsyslog",
                ServerUrl = new Uri($"{scheme}://127.0.0.1:{port}"),
                Port = port,
                Tls = scheme == "tls" ? server.ClientTls() : new TlsSettings(),
            },
            TimeProvider.System);
    }
}
