using System.Net.Security;
using SiemForwarder.Connections;
using SiemForwarder.Destinations;
using SiemForwarder.Destinations.Http.Webhook;
using SiemForwarder.Simulator.Receivers;
using SiemForwarder.Tests.Destinations;

namespace SiemForwarder.Tests.Connections.Network;

/// <summary>Requests that go through an HTTP proxy.</summary>
public sealed class ProxyTests
{
    private static CancellationToken Soon => new CancellationTokenSource(TimeSpan.FromSeconds(20)).Token;

    [Fact]
    public async Task RequestsGoThroughATunnelToAHostThatOnlyTheProxyKnows()
    {
        using var authority = new CertificateAuthority("Corp", TimeProvider.System);
        await using var receiver = HttpReceiver.Start(new HttpReply(200), new SslServerAuthenticationOptions { ServerCertificate = authority.IssueServer("siem.invalid") });
        await using var proxy = new ConnectProxy(receiver.Port);
        await using var destination = Open(proxy, "https://siem.invalid/in", authority.Pem);

        var outcome = await destination.SendAsync(SomeBatch.Json(1), Soon);
        var report = await destination.TestAsync(SomeBatch.Json(1), Soon);

        Assert.True(outcome is DeliveryOutcome.Delivered, outcome.ToString());
        Assert.Equal("CONNECT siem.invalid:443 HTTP/1.1\r\nHost: siem.invalid:443\r\n\r\n", proxy.Heads[0]);
        Assert.Equal("siem.invalid", receiver.Requests[0].FindHeader("Host"));
        Assert.True(report.Succeeded, string.Join('\n', report.Stages));
        Assert.Contains("through it to siem.invalid:443", report.Stages[1].Detail);
    }

    [Theory]
    [InlineData("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", typeof(DeliveryOutcome.Misconfigured), "password")]
    [InlineData("HTTP/1.0 403 Forbidden\r\n\r\n", typeof(DeliveryOutcome.Misconfigured), "403 Forbidden")]
    [InlineData("SSH-2.0-OpenSSH_9.2\r\n\r\n", typeof(DeliveryOutcome.Misconfigured), "did not answer as an HTTP proxy")]
    [InlineData("HTTP/1.1 502 Bad Gateway\r\n\r\n", typeof(DeliveryOutcome.Transient), "502 Bad Gateway")]
    [InlineData("\r\n", typeof(DeliveryOutcome.Transient), "closed the connection")]
    [InlineData("", typeof(DeliveryOutcome.Transient), "within 0.3 s")]
    public async Task AProxyThatOpensNoTunnelIsSaid(string answer, Type expected, string said)
    {
        await using var proxy = new ConnectProxy(0, answer);
        await using var destination = Open(proxy, "http://siem.invalid/in", timeout: TimeSpan.FromMilliseconds(answer.Length == 0 ? 300 : 10_000));

        var outcome = await destination.SendAsync(SomeBatch.Json(1), Soon);

        Assert.IsType(expected, outcome);
        Assert.Contains(said, outcome.ToString());
    }

    [Theory]
    [InlineData("http://169.254.169.254/")]
    [InlineData("http://[::ffff:169.254.169.254]/")]
    [InlineData("http://metadata.google.internal/")]
    public async Task AProxyIsNotAskedForMetadata(string url)
    {
        await using var proxy = new ConnectProxy(0);
        await using var destination = Open(proxy, url);

        Assert.Contains("metadata", Assert.IsType<DeliveryOutcome.Misconfigured>(await destination.SendAsync(SomeBatch.Json(1), Soon)).Reason);
        Assert.Empty(proxy.Heads);
    }

    [Fact]
    public async Task AProxyAtAMetadataAddressIsRefused()
    {
        await using var destination = WebhookDestination.Kind.Open(SomeSettings.For("http://siem.invalid/") with { Proxy = new Uri("http://169.254.169.254:3128") }, TimeProvider.System);

        Assert.Contains("metadata", Assert.IsType<DeliveryOutcome.Misconfigured>(await destination.SendAsync(SomeBatch.Json(1), Soon)).Reason);
    }

    private static IDestination Open(ConnectProxy proxy, string url, string? caCertificate = null, TimeSpan? timeout = null) =>
        WebhookDestination.Kind.Open(SomeSettings.For(url, timeout) with { Proxy = proxy.Url, Tls = new TlsSettings(caCertificate) }, TimeProvider.System);
}
