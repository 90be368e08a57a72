using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using SiemForwarder.Connections.Tls;

namespace SiemForwarder.Service.Api;

/// <summary>Checks the connection settings of sources and integrations.</summary>
internal static class ConnectionRules
{
    private const int MaxTextLength = 2000;
    private const int MaxPemLength = 200_000;

    /// <summary>Authorities or a certificate chain in PEM format; null if none is given.</summary>
    public static string? Pem(string field, string? text, FieldErrors errors)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            return null;
        }

        text = PemText.Of(text);
        errors.AtMost(field, text, MaxPemLength);
        try
        {
            var certificates = new X509Certificate2Collection();
            certificates.ImportFromPem(text);
            if (certificates.Count == 0)
            {
                errors.Add(field, "Contains no certificate; paste the PEM text starting with -----BEGIN CERTIFICATE-----.");
            }
        }
        catch (CryptographicException)
        {
            errors.Add(field, "Is not a PEM certificate; paste the text from -----BEGIN CERTIFICATE----- to -----END CERTIFICATE-----.");
        }

        return text;
    }

    /// <summary>Certificate fingerprints; null if none are given.</summary>
    public static string? Fingerprint(string field, string? text, FieldErrors errors)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            return null;
        }

        errors.AtMost(field, text, MaxTextLength);
        if (CertificatePins.Parse(text) is null)
        {
            errors.Add(field, "Must be the certificate's SHA-256 fingerprint, SHA-256:AB:CD:… with 32 pairs of hex digits; separate several with commas.");
        }

        return text.Trim();
    }

    /// <summary>The URL of a proxy; null if none is given.</summary>
    public static string? Proxy(string field, string? given, FieldErrors errors)
    {
        if (string.IsNullOrWhiteSpace(given))
        {
            return null;
        }

        if (!Uri.TryCreate(given.Trim(), UriKind.Absolute, out var url) || url.Scheme != Uri.UriSchemeHttp || url.Host.Length == 0 || url.PathAndQuery != "/")
        {
            errors.Add(field, "Must be the URL of an HTTP proxy, such as http://proxy.example.com:3128.");
        }
        else if (url.UserInfo.Length > 0)
        {
            errors.Add(field, "Must not contain a user name or password because it is displayed; allow the engine through the proxy by its address.");
        }

        return given.Trim();
    }
}
