using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using SiemForwarder.Service.Keycloak.Checks;
using SiemForwarder.Simulator;

namespace SiemForwarder.Tests.Service.Keycloak.Client;

/// <summary>Trusting a server whose certificate comes from an authority of its own.</summary>
public sealed class KeycloakTlsTests
{
    [Fact]
    public async Task AServerIsTrustedThroughTheGivenAuthorityOnly()
    {
        using var authority = Certificate(null);
        using var another = Certificate(null);
        using var server = Certificate(authority);
        await using var polled = await PolledRealm.StartAsync(SimulatedTier.WithIds, options: new SimulatorOptions { Certificate = server });

        var trusted = await CheckAsync(polled, authority.ExportCertificatePem());
        var system = await CheckAsync(polled, null);
        var wrong = await CheckAsync(polled, another.ExportCertificatePem());

        Assert.True(trusted.Succeeded, trusted.Items[0].Detail);
        Assert.Contains("No trusted TLS connection", system.Items[0].Detail, StringComparison.Ordinal);
        Assert.Contains("source's CA certificate", system.Items[0].Advice, StringComparison.Ordinal);
        Assert.False(wrong.Succeeded);
    }

    [Fact]
    public async Task AnIssuingAuthorityIsTrustedWithoutItsRoot()
    {
        using var root = Certificate(null);
        using var issuing = Certificate(root, "CN=Issuing authority");
        using var server = Certificate(issuing);
        await using var polled = await PolledRealm.StartAsync(SimulatedTier.WithIds, options: new SimulatorOptions { Certificate = server });

        var trusted = await CheckAsync(polled, "\uFEFF" + issuing.ExportCertificatePem());
        var unreached = await CheckAsync(polled, root.ExportCertificatePem());

        Assert.True(trusted.Succeeded, trusted.Items[0].Detail);
        Assert.Contains("PartialChain", unreached.Items[0].Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task PlainHttpOnATlsPortIsNamed()
    {
        using var authority = Certificate(null);
        await using var polled = await PolledRealm.StartAsync(SimulatedTier.WithIds);

        var tls = new UriBuilder(polled.Server.BaseUrl) { Scheme = "https" }.Uri;
        var report = await KeycloakSourceCheck.RunAsync(polled.Source with { BaseUrl = tls }, [], polled.Clock, PolledRealm.Token);

        Assert.Contains("TLS", report.Items[0].Detail, StringComparison.Ordinal);
    }

    private static Task<SourceCheckReport> CheckAsync(PolledRealm polled, string? pem) =>
        KeycloakSourceCheck.RunAsync(polled.Source with { CaCertificate = pem }, [], polled.Clock, PolledRealm.Token);

    private static X509Certificate2 Certificate(X509Certificate2? issuer, string? authority = null)
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest(issuer is null ? "CN=Test authority" : authority ?? "CN=127.0.0.1", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(issuer is null || authority is not null, false, 0, true));
        var (from, to) = (DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        if (issuer is null)
        {
            return request.CreateSelfSigned(from, to);
        }

        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using var signed = request.Create(issuer, from.AddHours(authority is null ? 2 : 1), to.AddHours(authority is null ? -2 : -1), RandomNumberGenerator.GetBytes(8));
        using var withKey = signed.CopyWithPrivateKey(key);
        return X509CertificateLoader.LoadPkcs12(withKey.Export(X509ContentType.Pkcs12), null);
    }
}
