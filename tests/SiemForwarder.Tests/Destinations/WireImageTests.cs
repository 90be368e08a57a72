using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using SiemForwarder.Destinations;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.Tests.Destinations;

/// <summary>What a destination shows beforehand is what its receiver then gets, octet by octet.</summary>
public sealed class WireImageTests : IAsyncDisposable
{
    private const string SecretText = "s3cr3t-of-the-receiver";

    // Different in every request, or fetched only when a batch is sent.
    private static readonly string[] Changing = ["x-ms-client-request-id", "X-Splunk-Request-Channel", "Authorization: Bearer given-for-a-while"];

    private readonly RSA key = RSA.Create(2048);
    private readonly HttpReceiver tokens = HttpReceiver.Start(new HttpReply(200, "{\"access_token\":\"given-for-a-while\",\"expires_in\":3599}"));

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        key.Dispose();
        await tokens.DisposeAsync();
    }

    [Fact]
    public async Task EveryKindOfTheCatalogueShowsEveryEventAndNoSecret()
    {
        foreach (var kind in DestinationCatalog.All)
        {
            var image = await RenderAsync(kind.Id, $"{kind.Schemes.First()}://siem.example.com/x", SomeBatch.Json(3));

            Assert.True(image is { Units.Count: > 0 }, kind.Id);
            var shown = string.Concat(image!.Units.Select(unit => Encoding.UTF8.GetString(unit.Head.Span) + Encoding.UTF8.GetString(unit.Body.Span)));
            Assert.DoesNotContain(SecretText, shown + image.Note, StringComparison.Ordinal);
            Assert.All(Enumerable.Range(0, 3), number => Assert.True(
                shown.Contains($"\"n\":{number}", StringComparison.Ordinal) || shown.Contains($"\\\"n\\\":{number}", StringComparison.Ordinal)
                || shown.Contains($"\\u0022n\\u0022:{number}", StringComparison.Ordinal)
                || shown.Contains(Convert.ToBase64String(Encoding.UTF8.GetBytes($"{{\"n\":{number}}}")), StringComparison.Ordinal), $"{kind.Id}: {shown}"));
            Assert.All(image.Units, unit => Assert.Equal(unit.Kind == WireUnitKind.Request, !unit.Head.IsEmpty));
        }
    }

    [Theory]
    [InlineData("webhook", false)]
    [InlineData("webhook", true)]
    [InlineData("splunk_hec", true)]
    [InlineData("elastic", true)]
    [InlineData("otlp", true)]
    [InlineData("datadog", true)]
    [InlineData("sumo_logic", true)]
    [InlineData("logscale", true)]
    [InlineData("sentinel", true)]
    [InlineData("google_secops", true)]
    public async Task ARequestIsShownAsTheReceiverGetsIt(string kind, bool gzip)
    {
        await using var receiver = HttpReceiver.Start(new HttpReply(200, "{}"));
        var url = $"http://127.0.0.1:{receiver.Port}/in";
        var batch = SomeBatch.Json(3);
        await using (var destination = Open(kind, url, gzip))
        {
            await destination.SendAsync(batch, Token);
        }

        var image = await RenderAsync(kind, url, batch, gzip);

        Assert.Equal(receiver.Requests.Count, image!.Units.Count);
        Assert.All(receiver.Requests.Zip(image.Units), pair =>
        {
            Assert.Equal(Fixed(pair.First.Head.Replace(SecretText, "***", StringComparison.Ordinal)), Fixed(Encoding.UTF8.GetString(pair.Second.Head.Span)));
            Assert.Equal(pair.First.Body, pair.Second.Sent.ToArray());
            Assert.Equal(pair.First.PlainBody, pair.Second.Body.ToArray());
        });
        Assert.Equal(kind is "sentinel" or "google_secops", image.Note is not null);
    }

    [Theory]
    [InlineData(SyslogFraming.LineFeed)]
    [InlineData(SyslogFraming.OctetCounting)]
    public async Task AStreamIsShownAsTheReceiverGetsIt(SyslogFraming framing)
    {
        await using var receiver = TcpSyslogReceiver.Start();
        var batch = SomeBatch.Of("<86>1 - - - - - - one\nline", "<86>1 - - - - - - zwei ä");
        var settings = SomeSettings.For($"tcp://127.0.0.1:{receiver.Port}") with { Framing = framing };
        await using var destination = DestinationCatalog.Find("syslog")!.Open(settings, TimeProvider.System);
        await destination.SendAsync(batch, Token);
        await receiver.WaitForMessagesAsync(2, Token);

        var unit = Assert.Single((await destination.RenderAsync(batch, Token))!.Units);

        Assert.Equal(receiver.Connections[0].Bytes, unit.Body.ToArray());
    }

    [Fact]
    public async Task DatagramsAreShownAsTheReceiverGetsThem()
    {
        await using var receiver = UdpSyslogReceiver.Start();
        var batch = SomeBatch.Of("<86>1 - - - - - - one", "<86>1 - - - - - - two");
        await using var destination = DestinationCatalog.Find("syslog")!.Open(SomeSettings.For($"udp://127.0.0.1:{receiver.Port}"), TimeProvider.System);
        await destination.SendAsync(batch, Token);
        await receiver.WaitForDatagramsAsync(2, Token);

        Assert.Equal(receiver.Datagrams, (await destination.RenderAsync(batch, Token))!.Units.Select(unit => unit.Body.ToArray()));
    }

    [Fact]
    public async Task RelpFramesAreShownAsTheReceiverGetsThem()
    {
        await using var receiver = RelpReceiver.Start(_ => "200 OK");
        var batch = SomeBatch.Of("<86>1 - - - - - - one", "<86>1 - - - - - - zwei ä");
        await using var destination = DestinationCatalog.Find("relp")!.Open(SomeSettings.For($"tcp://127.0.0.1:{receiver.Port}"), TimeProvider.System);
        await destination.SendAsync(batch, Token);

        var shown = Assert.Single((await destination.RenderAsync(batch, Token))!.Units).Body.ToArray();

        var got = receiver.Bytes;
        Assert.Equal(shown, got[got.AsSpan().IndexOf("2 syslog "u8)..]);
    }

    [Fact]
    public async Task AFileIsShownAsItIsWritten()
    {
        var folder = Directory.CreateTempSubdirectory("siemforwarder-image-").FullName;
        var batch = SomeBatch.Of("one\nline", "zwei ä");
        await using (var destination = DestinationCatalog.Find("file")!.Open(SomeSettings.For("file:///soc/a.log") with { LocalFolder = folder }, TimeProvider.System))
        {
            await destination.SendAsync(batch, Token);
            Assert.Equal(await File.ReadAllBytesAsync(Path.Combine(folder, "soc", "a.log"), Token), (await destination.RenderAsync(batch, Token))!.Units[0].Body.ToArray());
        }

        Directory.Delete(folder, recursive: true);
    }

    private async Task<WireImage?> RenderAsync(string kind, string url, DeliveryBatch batch, bool gzip = false)
    {
        await using var destination = Open(kind, url, gzip);
        return await destination.RenderAsync(batch, Token);
    }

    private IDestination Open(string kind, string url, bool gzip) => DestinationCatalog.Find(kind)!.Open(
        SomeSettings.For(url) with { Http = new(Gzip: gzip), Settings = Own(kind) is { } own ? SomeSettings.Own(own) : null }, TimeProvider.System);

    private object? Own(string kind) => kind switch
    {
        "webhook" => new { signingSecret = (string?)null },
        "splunk_hec" or "logscale" => new { token = SecretText },
        "elastic" or "datadog" => new { apiKey = SecretText },
        "sumo_logic" => new { code = SecretText },
        "sentinel" => new
        {
            tenantId = "t", clientId = "a", clientSecret = SecretText, ruleId = "dcr-00000000000000000000000000000000", authority = $"http://127.0.0.1:{tokens.Port}",
        },
        "google_secops" => new { instance = "projects/p1/locations/eu/instances/0a1b", serviceAccountKey = KeyFile() },
        "rabbitmq" => new { routingKey = "events" },
        _ => null,
    };

    private string KeyFile() => JsonSerializer.Serialize(new
    {
        type = "service_account",
        client_email = "svc@p1.iam.gserviceaccount.com",
        private_key_id = "k1",
        private_key = key.ExportPkcs8PrivateKeyPem(),
        token_uri = $"http://127.0.0.1:{tokens.Port}/token",
    });

    private static IEnumerable<string> Fixed(string head) =>
        head.Split("\r\n").Where(line => !Changing.Any(name => line.StartsWith(name, StringComparison.OrdinalIgnoreCase))).Order(StringComparer.Ordinal);
}
