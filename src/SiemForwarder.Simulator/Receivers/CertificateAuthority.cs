using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace SiemForwarder.Simulator.Receivers;

/// <summary>A certificate authority for the duration of a test or demo.</summary>
public sealed class CertificateAuthority : IDisposable
{
    private const string ServerUsage = "1.3.6.1.5.5.7.3.1";
    private const string ClientUsage = "1.3.6.1.5.5.7.3.2";

    private readonly X509Certificate2 certificate;
    private readonly DateTimeOffset now;

    /// <param name="name">Common name of the authority.</param>
    /// <param name="time">Clock on which validity is based.</param>
    public CertificateAuthority(string name, TimeProvider time)
    {
        now = time.GetUtcNow();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        certificate = request.CreateSelfSigned(now.AddYears(-2), now.AddYears(2));
    }

    public X509Certificate2 Certificate => certificate;

    /// <summary>PEM of the authority's certificate.</summary>
    public string Pem => certificate.ExportCertificatePem() + "\n";

    /// <summary>A certificate for a server with this name or address.</summary>
    /// <param name="name">DNS name, wildcard or IP address.</param>
    /// <param name="validFrom">Start of its validity, relative to now; a day ago by default.</param>
    /// <param name="validUntil">End of its validity, relative to now; in two months by default.</param>
    public X509Certificate2 IssueServer(string name, TimeSpan? validFrom = null, TimeSpan? validUntil = null) =>
        Issue(name, ServerUsage, validFrom, validUntil);

    /// <summary>A certificate for a client with this name.</summary>
    /// <param name="name">Name of the client.</param>
    /// <param name="validUntil">End of its validity, relative to now; in two months by default.</param>
    public X509Certificate2 IssueClient(string name, TimeSpan? validUntil = null) => Issue(name, ClientUsage, null, validUntil);

    public void Dispose() => certificate.Dispose();

    private X509Certificate2 Issue(string name, string usage, TimeSpan? validFrom, TimeSpan? validUntil)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        if (IPAddress.TryParse(name, out var address))
        {
            names.AddIpAddress(address);
        }
        else
        {
            names.AddDnsName(name);
        }

        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(usage)], false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(certificate, true, false));
        using var issued = request.Create(
            certificate, now + (validFrom ?? TimeSpan.FromDays(-1)), now + (validUntil ?? TimeSpan.FromDays(60)), RandomNumberGenerator.GetBytes(12));
        return issued.CopyWithPrivateKey(key);
    }
}
