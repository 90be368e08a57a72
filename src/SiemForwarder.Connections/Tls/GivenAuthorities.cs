using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace SiemForwarder.Connections.Tls;

/// <summary>The authorities that an administrator chose to trust instead of the system's; each is trusted as given, whether or not it is a root.</summary>
/// <remarks>
/// The platform ends every chain at a root. If a root is missing or not among those given, and nothing else is wrong, the chain counts up to
/// the first certificate in it that was given: an issuing authority without its root, or the server's own certificate.
/// </remarks>
public sealed class GivenAuthorities : IDisposable
{
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";
    private const X509ChainStatusFlags NoRoot = X509ChainStatusFlags.UntrustedRoot | X509ChainStatusFlags.PartialChain;

    private readonly X509Certificate2Collection certificates = [];

    private GivenAuthorities()
    {
    }

    /// <summary>Parses certificates in PEM format; there may be none.</summary>
    /// <exception cref="CryptographicException">The text is not PEM.</exception>
    public static GivenAuthorities Read(string? pem)
    {
        var given = new GivenAuthorities();
        if (!string.IsNullOrWhiteSpace(pem))
        {
            given.certificates.ImportFromPem(PemText.Of(pem));
        }

        return given;
    }

    /// <summary>Number of given certificates.</summary>
    public int Count => certificates.Count;

    /// <summary>How the chain of a server is built: nothing is fetched, revocation is not checked, and the system's authorities are ignored if others are
    /// given.</summary>
    public X509ChainPolicy Policy()
    {
        var policy = new X509ChainPolicy { RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };
        policy.ApplicationPolicy.Add(new Oid(ServerAuthentication));
        if (certificates.Count > 0)
        {
            policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            policy.CustomTrustStore.AddRange(certificates);
        }

        return policy;
    }

    /// <summary>The remaining errors of a server whose chain was built with <see cref="Policy"/>.</summary>
    public SslPolicyErrors Judge(X509Chain? chain, SslPolicyErrors errors, DateTimeOffset now) =>
        errors.HasFlag(SslPolicyErrors.RemoteCertificateChainErrors) && chain is not null && IsTrustedAsGiven(chain, now)
            ? errors & ~SslPolicyErrors.RemoteCertificateChainErrors
            : errors;

    /// <summary>The same for a client that, when refused, needs to report why.</summary>
    /// <exception cref="AuthenticationException">Describes the error as the platform does when it validates itself.</exception>
    public RemoteCertificateValidationCallback Validation => (_, _, chain, errors) =>
    {
        var left = Judge(chain, errors, TimeProvider.System.GetUtcNow());
        return left == SslPolicyErrors.None
            ? true
            : throw new AuthenticationException($"The remote certificate is invalid: {left}"
                + (left.HasFlag(SslPolicyErrors.RemoteCertificateChainErrors) && chain is not null
                    ? $" ({string.Join(", ", chain.ChainStatus.Select(status => status.Status).Distinct())})." : "."));
    };

    public void Dispose()
    {
        foreach (var certificate in certificates)
        {
            certificate.Dispose();
        }
    }

    /// <summary>Whether a certificate is within its validity period.</summary>
    internal static bool IsValidAt(X509Certificate2 certificate, DateTimeOffset now) =>
        new DateTimeOffset(certificate.NotBefore) <= now && now <= new DateTimeOffset(certificate.NotAfter);

    // From the server up to a given certificate, nothing may be wrong except the missing root.
    private bool IsTrustedAsGiven(X509Chain chain, DateTimeOffset now)
    {
        foreach (var element in chain.ChainElements)
        {
            // OpenSSL does not check the dates of the last certificate if a chain has no root.
            if (!IsValidAt(element.Certificate, now)
                || element.ChainElementStatus.Any(status => (status.Status & ~NoRoot) != X509ChainStatusFlags.NoError))
            {
                return false;
            }

            if (certificates.Any(given => given.RawDataMemory.Span.SequenceEqual(element.Certificate.RawDataMemory.Span)))
            {
                return true;
            }
        }

        return false;
    }
}

/// <summary>Keys or certificates in PEM format, as people paste them.</summary>
public static class PemText
{
    /// <summary>The text without the byte order marks that editors put before a file, which may occur between concatenated files.</summary>
    public static string Of(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text.Replace("\uFEFF", "", StringComparison.Ordinal);
    }
}
