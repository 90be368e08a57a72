using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using SiemForwarder.Connections;
using SiemForwarder.Connections.Tls;
using SiemForwarder.Destinations;
using SiemForwarder.Destinations.Sockets;
using SiemForwarder.Simulator.Receivers;
using SiemForwarder.Tests.Destinations;

namespace SiemForwarder.Tests.Connections.Tls;

/// <summary>Receivers that are trusted by the fingerprint of their certificate.</summary>
public sealed class CertificatePinsTests : IDisposable
{
    private readonly CertificateAuthority authority = new("Nobody knows it", TimeProvider.System);

    private static CancellationToken Soon => new CancellationTokenSource(TimeSpan.FromSeconds(20)).Token;

    public void Dispose() => authority.Dispose();

    [Fact]
    public async Task AFingerprintStandsForAuthorityAndName()
    {
        using var certificate = authority.IssueServer("elsewhere.test");
        await using var receiver = Start(certificate);
        await using var destination = Open(receiver, $"SHA-256:{new string('0', 64)}, {CertificatePins.Of(certificate).ToLowerInvariant().Replace("sha", "SHA")}");

        var outcome = await destination.SendAsync(SomeBatch.Syslog(10), Soon);
        var report = await destination.TestAsync(SomeBatch.Syslog(1), Soon);

        Assert.True(outcome is DeliveryOutcome.Delivered, outcome.ToString());
        Assert.True(report.Succeeded, string.Join('\n', report.Stages));
        Assert.Contains(CertificatePins.Of(certificate), report.Stages[2].Detail);
    }

    [Fact]
    public async Task AnotherCertificateIsRefusedEvenFromATrustedAuthorityAndItsFingerprintShown()
    {
        using var certificate = authority.IssueServer("127.0.0.1");
        await using var receiver = Start(certificate);
        await using var destination = Open(receiver, $"SHA-256:{new string('A', 64)}", authority.Pem);

        var outcome = Assert.IsType<DeliveryOutcome.Misconfigured>(await destination.SendAsync(SomeBatch.Syslog(10), Soon));

        Assert.Equal(ErrorCategory.Tls, outcome.Category);
        Assert.Contains(CertificatePins.Of(certificate), outcome.Reason);
        Assert.Contains("tls.fingerprint", outcome.Reason);
        Assert.Empty(receiver.Messages);
    }

    [Fact]
    public async Task AnExpiredCertificateIsRefusedWhateverItsFingerprint()
    {
        using var certificate = authority.IssueServer("127.0.0.1", TimeSpan.FromDays(-10), TimeSpan.FromDays(-1));
        await using var receiver = Start(certificate);
        await using var destination = Open(receiver, CertificatePins.Of(certificate), authority.Pem);

        Assert.Contains("expired", Assert.IsType<DeliveryOutcome.Misconfigured>(await destination.SendAsync(SomeBatch.Syslog(10), Soon)).Reason);
        Assert.Empty(receiver.Messages);
    }

    [Theory]
    [InlineData("SHA-1:AB:CD")]
    [InlineData("AB:CD")]
    [InlineData("SHA-256:")]
    [InlineData(",")]
    [InlineData("SHA-256:0000000000000000000000000000000000000000000000000000000000000000, x")]
    public async Task WhatIsNoFingerprintTrustsNobody(string fingerprint)
    {
        using var certificate = authority.IssueServer("127.0.0.1");
        await using var receiver = Start(certificate);
        await using var destination = Open(receiver, fingerprint, authority.Pem);

        Assert.Contains("tls.fingerprint", Assert.IsType<DeliveryOutcome.Misconfigured>(await destination.SendAsync(SomeBatch.Syslog(1), Soon)).Reason);
    }

    private static TcpSyslogReceiver Start(X509Certificate2 certificate) =>
        TcpSyslogReceiver.Start(new() { Tls = new SslServerAuthenticationOptions { ServerCertificate = certificate } });

    private static IDestination Open(TcpSyslogReceiver receiver, string fingerprint, string? caCertificate = null) => SyslogDestination.Kind.Open(
        SomeSettings.For($"tls://127.0.0.1:{receiver.Port}") with { Tls = new TlsSettings(caCertificate) { Fingerprint = fingerprint } }, TimeProvider.System);
}
