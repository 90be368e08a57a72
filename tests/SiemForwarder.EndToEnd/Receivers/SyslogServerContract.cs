using System.Text.Json;
using SiemForwarder.Connections;
using SiemForwarder.Destinations;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.EndToEnd.Receivers;

/// <summary>What must reach a real syslog server unharmed, on every transport.</summary>
public abstract class SyslogServerContract(SyslogServer server)
{
    private const string Prefix = "<84>1 2025-11-03T10:15:30.123456Z kc-1.example.com siemforwarder 4711";

    protected static CancellationToken Soon => new CancellationTokenSource(TimeSpan.FromSeconds(30)).Token;

    [Fact]
    public Task DatagramsAreUnderstood() => AssertUnderstoodAsync($"udp://127.0.0.1:{server.UdpPort}", SyslogFraming.LineFeed, "");

    [Fact]
    public Task OctetCountedMessagesAreUnderstoodWithTheirLineBreaks() =>
        AssertUnderstoodAsync($"tcp://127.0.0.1:{server.CountedPort}", SyslogFraming.OctetCounting, "\nsecond line");

    [Fact]
    public Task LinesAreUnderstood() => AssertUnderstoodAsync($"tcp://127.0.0.1:{server.LinePort}", SyslogFraming.LineFeed, "");

    [Fact]
    public Task MessagesOverTlsWithAClientCertificateAreUnderstood() =>
        AssertUnderstoodAsync($"tls://127.0.0.1:{server.TlsPort}", SyslogFraming.OctetCounting, "\nsecond line", server.ClientTls());

    [Theory]
    [InlineData("tcp", SyslogFraming.OctetCounting)]
    [InlineData("tcp", SyslogFraming.LineFeed)]
    [InlineData("tls", SyslogFraming.OctetCounting)]
    public async Task ThousandsArriveCompleteAndInOrder(string scheme, SyslogFraming framing)
    {
        const int Total = 5000;
        await using var destination = Open(scheme, framing, server.ClientTls);
        var marker = Guid.NewGuid().ToString("N");
        foreach (var chunk in Enumerable.Range(0, Total).Chunk(1000))
        {
            var batch = Batches.Of([.. chunk.Select(number => $"{Prefix} {marker} - n={number} {new string('x', number % 900)}")]);
            Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(batch, Soon));
        }

        var numbers = (await UnderstoodAsync(marker, Total)).Select(line => line.GetProperty("msg").GetString()!.Trim().Split(' ')[0]);

        Assert.Equal(Enumerable.Range(0, Total).Select(number => $"n={number}"), numbers);
    }

    [Fact]
    public async Task ATestOverTlsPassesEveryStage()
    {
        await using var destination = Open("tls", SyslogFraming.OctetCounting, server.ClientTls);

        var report = await destination.TestAsync(Batches.Of([$"{Prefix} TEST - a test"]), Soon);

        Assert.True(report.Succeeded, string.Join('\n', report.Stages));
    }

    [Fact]
    public async Task AClientOfAnotherAuthorityIsRefusedAndToldSo()
    {
        using var stranger = new CertificateAuthority("Nobody knows me", TimeProvider.System);

        await AssertClientRefusedAsync(() => server.ClientTls(stranger));
    }

    [Fact]
    public Task AClientWithoutACertificateIsRefusedAndToldSo() => AssertClientRefusedAsync(server.AnonymousTls);

    protected IDestination Open(string url, SyslogFraming framing, TlsSettings? tls = null) => server.Open(url, framing, tls);

    private IDestination Open(string scheme, SyslogFraming framing, Func<CertificateAuthority?, string, TlsSettings> tls)
    {
        var port = scheme == "tls" ? server.TlsPort : framing == SyslogFraming.OctetCounting ? server.CountedPort : server.LinePort;
        return Open($"{scheme}://127.0.0.1:{port}", framing, scheme == "tls" ? tls(null, "client.test") : null);
    }

    private async Task AssertUnderstoodAsync(string url, SyslogFraming framing, string lineBreak, TlsSettings? tls = null)
    {
        await using var destination = Open(url, framing, tls);
        var marker = Guid.NewGuid().ToString("N");
        string[] messages =
        [
            $$"""{{Prefix}} {{marker}} [keycloak@32473 realm="Prod [EU\] \"x\" a\\b" type="LOGIN_ERROR" user="Zoë"] Zoë failed{{lineBreak}}""",
            $$"""<86>1 2025-11-03T10:15:31.5Z kc-1.example.com siemforwarder - {{marker}} - {"user":"zoë=ops","text":"a|b\\n"}""",
            $"<86>1 2025-11-03T10:15:31.5Z kc-1.example.com siemforwarder - {marker} - {new string('y', 8000)}",
        ];

        Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(Batches.Of(messages), Soon));

        var lines = await UnderstoodAsync(marker, messages.Length);
        var first = lines[0];
        Assert.Equal(["84", "kc-1.example.com", "siemforwarder", "4711", marker], new[] { "pri", "host", "app", "procid", "msgid" }.Select(name => first.GetProperty(name).GetString()));
        Assert.Equal("Zoë failed" + lineBreak, MessageOf(first));
        var data = Descendant(first.GetProperty("tree"), "keycloak@32473")!.Value;
        Assert.Equal(["""Prod [EU] "x" a\b""", "LOGIN_ERROR", "Zoë"], new[] { "realm", "type", "user" }.Select(name => data.GetProperty(name).GetString()));
        Assert.Equal("""{"user":"zoë=ops","text":"a|b\\n"}""", MessageOf(lines[1]));
        Assert.Equal(8000, MessageOf(lines[2]).Length);
    }

    protected async Task AssertClientRefusedAsync(Func<TlsSettings> tls)
    {
        Assert.SkipWhen(server.Missing is not null, server.Missing ?? "");
        await using var destination = Open($"tls://127.0.0.1:{server.TlsPort}", SyslogFraming.OctetCounting, tls());

        var outcome = await destination.SendAsync(Batches.Of([$"{Prefix} REFUSED - must not arrive"]), Soon);

        var (category, reason) = outcome switch
        {
            DeliveryOutcome.Misconfigured misconfigured => (misconfigured.Category, misconfigured.Reason),
            DeliveryOutcome.Transient transient => (transient.Category, transient.Reason),
            _ => (ErrorCategory.Internal, outcome.ToString()),
        };
        Assert.Equal(ErrorCategory.Tls, category);
        Assert.Contains("client certificate", reason);
    }

    private async Task<IReadOnlyList<JsonElement>> UnderstoodAsync(string marker, int count)
    {
        for (var atLeast = count; ; atLeast++)
        {
            var all = await server.ReadAsync(atLeast, Soon);
            var mine = all.Where(line => line.GetProperty("msgid").GetString() == marker).ToList();
            if (mine.Count >= count)
            {
                return mine;
            }

            atLeast = Math.Max(atLeast, all.Count);
        }
    }

    private static string MessageOf(JsonElement line) => line.GetProperty("msg").GetString()!.TrimStart(' ');

    private static JsonElement? Descendant(JsonElement element, string name)
    {
        if (element.ValueKind != JsonValueKind.Object)
        {
            return null;
        }

        return element.TryGetProperty(name, out var found)
            ? found
            : element.EnumerateObject().Select(child => Descendant(child.Value, name)).FirstOrDefault(child => child is not null);
    }
}
