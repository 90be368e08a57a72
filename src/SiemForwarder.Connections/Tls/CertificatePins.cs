using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace SiemForwarder.Connections.Tls;

/// <summary>Fingerprints of receiver certificates that are trusted directly, whoever issued them (RFC 5425 sections 4.2.1 and 5.2).</summary>
public sealed class CertificatePins
{
    private const string Sha256 = "SHA-256:";

    private readonly IReadOnlyList<string> pins;

    private CertificatePins(IReadOnlyList<string> pins) => this.pins = pins;

    /// <summary>Parses fingerprints of the form <c>SHA-256:AB:CD:…</c>, separated by commas or spaces; null if any is invalid.</summary>
    public static CertificatePins? Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var pins = new List<string>();
        foreach (var part in text.Split([',', ' ', '\t', '\r', '\n'], StringSplitOptions.RemoveEmptyEntries))
        {
            var digits = part.StartsWith(Sha256, StringComparison.OrdinalIgnoreCase) ? part[Sha256.Length..].Replace(":", "", StringComparison.Ordinal) : "";
            if (digits.Length != 2 * SHA256.HashSizeInBytes || !digits.All(char.IsAsciiHexDigit))
            {
                return null;
            }

            pins.Add(digits);
        }

        return pins.Count == 0 ? null : new CertificatePins(pins);
    }

    /// <summary>The fingerprint of a certificate, in the form that is parsed.</summary>
    public static string Of(X509Certificate2 certificate)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        return Sha256 + string.Join(':', Convert.ToHexString(SHA256.HashData(certificate.RawDataMemory.Span)).Chunk(2).Select(pair => new string(pair)));
    }

    /// <summary>Whether the certificate is one of these and valid at the given time; its chain and names are ignored.</summary>
    public bool Trust(X509Certificate? certificate, DateTimeOffset now)
    {
        if (certificate is not X509Certificate2 leaf || !GivenAuthorities.IsValidAt(leaf, now))
        {
            return false;
        }

        var fingerprint = Convert.ToHexString(SHA256.HashData(leaf.RawDataMemory.Span));
        return pins.Contains(fingerprint, StringComparer.OrdinalIgnoreCase);
    }
}
