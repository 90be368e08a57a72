using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using SiemForwarder.Connections;
using SiemForwarder.Destinations;
using SiemForwarder.Destinations.Sockets;
using SiemForwarder.Simulator.Receivers;
using SiemForwarder.Tests.Connections.Tls;

namespace SiemForwarder.Tests.Destinations.Sockets;

public sealed class SyslogTlsDestinationTests : NetworkDestinationContract, IDisposable
{
    private const string ServerName = "siem.example.com";

    private readonly CertificateAuthority authority = new("Test authority", TimeProvider.System);
    private readonly CertificateAuthority stranger = new("Some other authority", TimeProvider.System);

    protected override string Scheme => "tls";

    public void Dispose()
    {
        authority.Dispose();
        stranger.Dispose();
    }

    internal override IDestination Open(DestinationSettings settings) => SyslogDestination.Kind.Open(settings, TimeProvider.System);

    internal override DeliveryBatch Batch(int count = 2) => SomeBatch.Syslog(count);

    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task ATrustedReceiverIsAskedByItsNameAndGetsEverything(SslProtocols protocol)
    {
        string? asked = null;
        using var certificate = authority.IssueServer(ServerName);
        var options = new SslServerAuthenticationOptions
        {
            EnabledSslProtocols = protocol,
            ServerCertificateSelectionCallback = (_, name) =>
            {
                asked = name;
                return certificate;
            },
        };
        await using var receiver = TcpSyslogReceiver.Start(new() { Tls = options });
        var destination = OpenTo(receiver);

        Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(SomeBatch.Syslog(1000, 600), Soon));
        Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(SomeBatch.Syslog(1000, 600), Soon));
        await destination.DisposeAsync();
        await receiver.WaitUntilAsync(seen => seen.Connections[0].EndedInOrder, Soon);

        Assert.Equal(ServerName, asked);
        Assert.Single(receiver.Connections);
        Assert.Equal(2000, receiver.Messages.Count);
    }

    [Fact]
    public async Task AnAddressInTheCertificateIsTakenForAnAddressInTheUrl()
    {
        await using var receiver = Start(authority.IssueServer("127.0.0.1"));
        await using var destination = OpenTo(receiver, tls => tls with { ServerName = null });

        Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(Batch(), Soon));
    }

    [Theory]
    [InlineData("*.example.com", "siem.example.com", true)]
    [InlineData("*.example.com", "a.siem.example.com", false)]
    [InlineData("*.com", "example.org", false)]
    public async Task AWildcardStandsForOneLabel(string certificate, string name, bool accepted)
    {
        await using var receiver = Start(authority.IssueServer(certificate));
        await using var destination = OpenTo(receiver, tls => tls with { ServerName = name });

        var outcome = await destination.SendAsync(Batch(), Soon);

        Assert.Equal(accepted, outcome is DeliveryOutcome.Delivered);
    }

    [Fact]
    public async Task AnUnknownAuthorityIsRefused()
    {
        await using var receiver = Start(stranger.IssueServer(ServerName));

        await AssertRefusedAsync(receiver, "not trusted", "tls.caCertificate", "Some other authority");
    }

    [Fact]
    public async Task WithoutAnAuthorityOfItsOwnTheSystemsAreTrustedAndThisOneIsNot()
    {
        await using var receiver = Start(authority.IssueServer(ServerName));

        await AssertRefusedAsync(receiver, tls => tls with { CaCertificate = null }, "not trusted");
    }

    [Fact]
    public async Task AnExpiredCertificateIsRefused()
    {
        await using var receiver = Start(authority.IssueServer(ServerName, TimeSpan.FromDays(-9), TimeSpan.FromDays(-2)));

        await AssertRefusedAsync(receiver, "expired on", "Renew");
    }

    [Fact]
    public async Task ACertificateThatIsNotYetValidIsRefused()
    {
        await using var receiver = Start(authority.IssueServer(ServerName, TimeSpan.FromDays(2), TimeSpan.FromDays(9)));

        await AssertRefusedAsync(receiver, "not yet valid", "clocks");
    }

    [Fact]
    public async Task ACertificateForAnotherNameIsRefused()
    {
        await using var receiver = Start(authority.IssueServer("other.example.org"));

        await AssertRefusedAsync(receiver, "is for other.example.org, not for siem.example.com", "tls.serverName");
    }

    [Fact]
    public async Task ACertificateForClientsIsNoServersCertificate()
    {
        await using var receiver = Start(authority.IssueClient(ServerName));

        await AssertRefusedAsync(receiver, "not acceptable");
    }

    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task AReceiverThatRequiresAClientCertificateGetsOurs(SslProtocols protocol)
    {
        await using var receiver = StartMutual(protocol);
        await using var destination = OpenTo(receiver, tls => WithClient(tls, authority));

        Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(Batch(3), Soon));
        await receiver.WaitForMessagesAsync(3, Soon);
    }

    [Theory]
    [InlineData("-tls1_2")]
    [InlineData("-tls1_3")]
    public async Task AMissingClientCertificateIsSaid(string version)
    {
        await using var server = await OpenSslServer.StartAsync(authority, ServerName, $"{version} -Verify 2", Soon);

        await AssertRefusedAsync(server.Port, tls => tls, "client certificate", "tls.clientCertificate");
    }

    [Theory]
    [InlineData("-tls1_2")]
    [InlineData("-tls1_3")]
    public async Task AClientCertificateThatTheReceiverRefusesIsSaid(string version)
    {
        await using var server = await OpenSslServer.StartAsync(authority, ServerName, $"{version} -Verify 2", Soon);

        await AssertRefusedAsync(server.Port, tls => WithClient(tls, stranger), "rejected the client certificate");
    }

    [Fact]
    public async Task AReceiverWithoutACipherInCommonIsSaid()
    {
        await using var server = await OpenSslServer.StartAsync(authority, ServerName, "-tls1_2 -cipher PSK", Soon);

        await AssertRefusedAsync(server.Port, tls => tls, "ended the TLS handshake", "cipher suite");
    }

    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task AReceiverThatClosesRightAfterTheHandshakeGetsNothing(SslProtocols protocol)
    {
        // A receiver may judge the client certificate late, and without an alert.
        await using var receiver = StartMutual(protocol);
        await using var destination = OpenTo(receiver);

        var outcome = Assert.IsType<DeliveryOutcome.Transient>(await destination.SendAsync(Batch(), Soon));

        Assert.Equal(ErrorCategory.Tls, outcome.Category);
        Assert.Contains("client certificate", outcome.Reason);
        Assert.Empty(receiver.Messages);
    }

    [Fact]
    public async Task APlainReceiverOnThePortIsSaid()
    {
        await using var receiver = TcpSyslogReceiver.Start(new() { Greeting = "HTTP/1.1 400 Bad Request\r\n\r\n"u8.ToArray() });

        await AssertRefusedAsync(receiver.Port, tls => tls, "not in TLS", "tcp://");
    }

    [Fact]
    public async Task AReceiverThatNeverShakesHandsIsGivenUpInTime()
    {
        await using var receiver = TcpSyslogReceiver.Start();
        await using var destination = Open(Settings(receiver.Port, timeout: TimeSpan.FromMilliseconds(300)));

        var outcome = Assert.IsType<DeliveryOutcome.Transient>(await destination.SendAsync(Batch(), Soon));

        Assert.Equal(ErrorCategory.Timeout, outcome.Category);
        Assert.Contains("TLS handshake", outcome.Reason);
    }

    [Fact]
    public async Task AReceiverThatClosesDuringTheHandshakeIsTransient()
    {
        await using var receiver = TcpSyslogReceiver.Start(new() { Conduct = TcpReceiverConduct.CloseAtOnce });
        await using var destination = OpenTo(receiver);

        Assert.IsType<DeliveryOutcome.Transient>(await destination.SendAsync(Batch(), Soon));
    }

    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task WhatANewPeerThrowsAwayUnreadIsNotDelivered(SslProtocols protocol)
    {
        await using var receiver = TcpSyslogReceiver.Start(new()
        {
            Conduct = TcpReceiverConduct.ResetAtFirstBytes,
            Tls = ServerOptions(authority.IssueServer(ServerName), protocol),
        });
        await using var destination = OpenTo(receiver);

        Assert.IsType<DeliveryOutcome.Transient>(await destination.SendAsync(Batch(), Soon));
    }

    [Theory]
    [InlineData("no PEM at all", null, "tls.caCertificate")]
    [InlineData(null, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", "tls.clientKey")]
    public async Task PemThatCannotBeReadIsSaidWithoutQuotingIt(string? ca, string? key, string setting)
    {
        await using var receiver = Start(authority.IssueServer(ServerName));
        await using var destination = OpenTo(receiver, tls => tls with
        {
            CaCertificate = ca ?? tls.CaCertificate,
            ClientCertificate = key is null ? null : authority.Pem,
            ClientKey = key is null ? null : new Secret(key),
        });

        var outcome = Assert.IsType<DeliveryOutcome.Misconfigured>(await destination.SendAsync(Batch(), Soon));

        Assert.Contains(setting, outcome.Reason);
        Assert.DoesNotContain("AAAA", outcome.Reason);
    }

    [Fact]
    public async Task ATestShowsCertificateChainAndCipher()
    {
        await using var receiver = StartMutual(SslProtocols.Tls13);
        await using var destination = OpenTo(receiver, tls => WithClient(tls, authority));

        var report = await destination.TestAsync(Batch(1), Soon);

        Assert.True(report.Succeeded);
        var detail = report.Stages[2].Detail;
        Assert.All(["Tls13", "TLS_AES", "CN=siem.example.com", "for siem.example.com", "valid from", "CN=siem.example.com < CN=Test authority"], part => Assert.Contains(part, detail));
        Assert.Equal(TestStageResult.Passed, report.Stages[3].Result);
        Assert.Contains("Syslog confirms nothing beyond that", report.Stages[4].Detail);
        Assert.StartsWith("200 <86>1", Encoding.UTF8.GetString(report.Sent.Span));
    }

    [Fact]
    public async Task ATestSaysThatTheClientCertificateIsMissing()
    {
        await using var server = await OpenSslServer.StartAsync(authority, ServerName, "-tls1_3 -Verify 2", Soon);
        await using var destination = Open(Settings(server.Port));

        var failed = Assert.Single((await destination.TestAsync(Batch(1), Soon)).Stages, stage => stage.Result == TestStageResult.Failed);

        Assert.Equal(TestStageName.Authentication, failed.Name);
        Assert.Contains("requires a client certificate", failed.Detail);
    }

    [Fact]
    public async Task ATestSaysThatTheAuthorityIsUnknown()
    {
        await using var receiver = Start(stranger.IssueServer(ServerName));
        await using var destination = OpenTo(receiver);

        var failed = Assert.Single((await destination.TestAsync(Batch(1), Soon)).Stages, stage => stage.Result == TestStageResult.Failed);

        Assert.Equal(TestStageName.Tls, failed.Name);
        Assert.Contains("not trusted", failed.Detail);
        Assert.Contains("tls.caCertificate", failed.Advice);
    }

    private static SslServerAuthenticationOptions ServerOptions(X509Certificate2 certificate, SslProtocols protocol = SslProtocols.None) =>
        new() { ServerCertificate = certificate, EnabledSslProtocols = protocol };

    private static TcpSyslogReceiver Start(X509Certificate2 certificate) => TcpSyslogReceiver.Start(new() { Tls = ServerOptions(certificate) });

    private TcpSyslogReceiver StartMutual(SslProtocols protocol)
    {
        var options = ServerOptions(authority.IssueServer(ServerName), protocol);
        options.ClientCertificateRequired = true;
        options.RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate?.Issuer == authority.Certificate.Subject;
        return TcpSyslogReceiver.Start(new() { Tls = options });
    }

    private static TlsSettings WithClient(TlsSettings tls, CertificateAuthority issuer)
    {
        using var certificate = issuer.IssueClient("client.test");
        return tls with
        {
            ClientCertificate = certificate.ExportCertificatePem(),
            ClientKey = new Secret(certificate.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem()),
        };
    }

    private Task AssertRefusedAsync(TcpSyslogReceiver receiver, params string[] words) => AssertRefusedAsync(receiver, tls => tls, words);

    private async Task AssertRefusedAsync(TcpSyslogReceiver receiver, Func<TlsSettings, TlsSettings> change, params string[] words)
    {
        await AssertRefusedAsync(receiver.Port, change, words);
        Assert.Empty(receiver.Messages);
    }

    private async Task AssertRefusedAsync(int port, Func<TlsSettings, TlsSettings> change, params string[] words)
    {
        await using var destination = Open(Settings(port, change));

        var outcome = Assert.IsType<DeliveryOutcome.Misconfigured>(await destination.SendAsync(Batch(), Soon));

        Assert.Equal(ErrorCategory.Tls, outcome.Category);
        AssertReadable(outcome.Reason);
        Assert.All(words, word => Assert.Contains(word, outcome.Reason));
    }

    private DestinationSettings Settings(int port, Func<TlsSettings, TlsSettings>? change = null, TimeSpan? timeout = null)
    {
        var tls = new TlsSettings { CaCertificate = authority.Pem, ServerName = ServerName };
        return SomeSettings.For($"tls://127.0.0.1:{port}", timeout) with
        {
            Framing = SyslogFraming.OctetCounting,
            Tls = change is null ? tls : change(tls),
        };
    }

    private IDestination OpenTo(TcpSyslogReceiver receiver, Func<TlsSettings, TlsSettings>? change = null) => Open(Settings(receiver.Port, change));
}
