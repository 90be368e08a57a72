using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using SiemForwarder.Connections;
using SiemForwarder.Destinations;
using SiemForwarder.Destinations.Sockets;
using SiemForwarder.Simulator.Receivers;
using SiemForwarder.Tests.Destinations;

namespace SiemForwarder.Tests.Connections.Tls;

/// <summary>An authority that is given is trusted as given, root or not; everything else about a chain is as strict as ever.</summary>
public sealed class GivenAuthoritiesTests
{
    private const string Name = "siem.example.com";
    private const string Server = "1.3.6.1.5.5.7.3.1";
    private const string Client = "1.3.6.1.5.5.7.3.2";

    private static readonly Issued Root = Issue("Root", null);
    private static readonly Issued Intermediate = Issue("Issuing", Root);
    private static readonly Issued Leaf = Issue(Name, Intermediate, Server);

    private static CancellationToken Soon => new CancellationTokenSource(TimeSpan.FromSeconds(20)).Token;

    [Theory]
    [InlineData("root", true, true)]
    [InlineData("root", false, false)]
    [InlineData("intermediate", true, true)]
    [InlineData("intermediate", false, true)]
    [InlineData("leaf", true, true)]
    [InlineData("leaf", false, true)]
    [InlineData("root+intermediate", false, true)]
    [InlineData("unrelated", true, false)]
    [InlineData("unrelated", false, false)]
    [InlineData("unrelated intermediate", true, false)]
    public async Task WhatIsGivenIsEnoughWhereTheChainReachesIt(string given, bool sendsChain, bool trusted)
    {
        using var stranger = Issue("Root", null);
        using var strange = Issue("Issuing", stranger);
        var pem = given switch
        {
            "root" => Root.Pem,
            "intermediate" => Intermediate.Pem,
            "leaf" => Leaf.Pem,
            "root+intermediate" => Root.Pem + "\n" + Intermediate.Pem,
            "unrelated" => stranger.Pem,
            _ => strange.Pem,
        };

        var outcome = await SendAsync(Leaf, pem, sendsChain ? [Intermediate, Root] : []);

        AssertTrusted(trusted, outcome);
    }

    [Fact]
    public async Task AnIssuingAuthorityThatHasExpiredIsNotTrusted()
    {
        using var expired = Issue("Issuing", Root, validUntil: -1);
        using var leaf = Issue(Name, expired, Server, validUntil: 10);

        AssertTrusted(false, await SendAsync(leaf, expired.Pem, []), "expired");
    }

    [Fact]
    public async Task ALeafThatHasExpiredIsNotTrustedEvenWhereItIsGiven()
    {
        using var leaf = Issue(Name, Intermediate, Server, validUntil: -1);

        AssertTrusted(false, await SendAsync(leaf, Intermediate.Pem, []), "expired");
        AssertTrusted(false, await SendAsync(leaf, leaf.Pem, []), "expired");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ALeafThatAnotherKeySignedInTheNameOfTheAuthorityIsNotTrusted(bool claimsItsKey)
    {
        using var impostor = Issue("Issuing", Root);
        using var leaf = Issue(Name, impostor, Server, keyIdentifierOf: claimsItsKey ? Intermediate : null);

        AssertTrusted(false, await SendAsync(leaf, Intermediate.Pem, []));
    }

    [Fact]
    public async Task ALeafForAnotherNameOrForClientsIsNotTrusted()
    {
        using var other = Issue("other.example.com", Intermediate, Server);
        using var client = Issue(Name, Intermediate, Client);

        foreach (var (leaf, given) in new[] { (other, Intermediate), (other, other), (client, Intermediate), (client, client) })
        {
            AssertTrusted(false, await SendAsync(leaf, given.Pem, []));
        }
    }

    [Fact]
    public async Task ALeafThatIssuedAnotherIsNoAuthority()
    {
        using var below = Issue(Name, Leaf, Server);

        AssertTrusted(false, await SendAsync(below, Leaf.Pem, []));
    }

    private static void AssertTrusted(bool trusted, DeliveryOutcome outcome, string word = "certificate")
    {
        if (trusted)
        {
            Assert.IsType<DeliveryOutcome.Delivered>(outcome);
            return;
        }

        var refused = Assert.IsType<DeliveryOutcome.Misconfigured>(outcome);
        Assert.Equal(ErrorCategory.Tls, refused.Category);
        Assert.Contains(word, refused.Reason);
    }

    private static async Task<DeliveryOutcome> SendAsync(Issued leaf, string pem, Issued[] chain)
    {
        using var certificate = leaf.WithKey();
        var context = SslStreamCertificateContext.Create(certificate, [.. chain.Select(issued => issued.Certificate)], offline: true);
        await using var receiver = TcpSyslogReceiver.Start(new() { Tls = new SslServerAuthenticationOptions { ServerCertificateContext = context } });
        await using var destination = SyslogDestination.Kind.Open(
            SomeSettings.For($"tls://127.0.0.1:{receiver.Port}") with { Tls = new TlsSettings(pem, ServerName: Name) }, TimeProvider.System);
        return await destination.SendAsync(SomeBatch.Syslog(1), Soon);
    }

    private static Issued Issue(string name, Issued? issuer, string? usage = null, int validUntil = 100, Issued? keyIdentifierOf = null)
    {
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(usage is null, false, 0, true));
        var now = TimeProvider.System.GetUtcNow();
        if (issuer is null)
        {
            return new Issued(request.CreateSelfSigned(now.AddDays(-200), now.AddDays(400)), key);
        }

        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromSubjectKeyIdentifier(
            new X509SubjectKeyIdentifierExtension((keyIdentifierOf ?? issuer).Certificate.PublicKey, false)));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        if (usage is not null)
        {
            var names = new SubjectAlternativeNameBuilder();
            names.AddDnsName(name);
            request.CertificateExtensions.Add(names.Build());
            request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(usage)], false));
        }

        return new Issued(
            request.Create(
                issuer.Certificate.SubjectName, X509SignatureGenerator.CreateForECDsa(issuer.Key), now.AddDays(-100), now.AddDays(validUntil),
                RandomNumberGenerator.GetBytes(12)),
            key);
    }

    /// <summary>A certificate with its key.</summary>
    private sealed record Issued(X509Certificate2 Certificate, ECDsa Key) : IDisposable
    {
        public string Pem => Certificate.ExportCertificatePem();

        public X509Certificate2 WithKey() => Certificate.CopyWithPrivateKey(Key);

        public void Dispose()
        {
            Certificate.Dispose();
            Key.Dispose();
        }
    }
}
