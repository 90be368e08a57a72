using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace SiemForwarder.Connections.Tls;

/// <summary>What a receiver's certificate contained in one handshake, for messages and tests.</summary>
public sealed class PeerCertificate
{
    public SslPolicyErrors Errors { get; private set; }

    public X509ChainStatusFlags ChainErrors { get; private set; }

    /// <summary>Whether it is judged by its fingerprint and is not one of the trusted ones.</summary>
    public bool IsUnknownFingerprint { get; private set; }

    public string Fingerprint { get; private set; } = "";

    public string Subject { get; private set; } = "";

    public string Issuer { get; private set; } = "";

    /// <summary>DNS names and addresses that the certificate covers.</summary>
    public IReadOnlyList<string> Names { get; private set; } = [];

    public DateTimeOffset NotBefore { get; private set; }

    public DateTimeOffset NotAfter { get; private set; }

    /// <summary>Subjects from the certificate up to the authority at which its chain ends.</summary>
    public IReadOnlyList<string> Chain { get; private set; } = [];

    /// <summary>Records what was presented, when certificates are trusted by fingerprint; true if this one is.</summary>
    public bool Observe(X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors, CertificatePins pins, DateTimeOffset now)
    {
        Observe(certificate, chain, errors, now);
        var isTrusted = pins.Trust(certificate, now);
        IsUnknownFingerprint = !isTrusted && NotBefore <= now && NotAfter >= now;
        Errors = isTrusted ? SslPolicyErrors.None : errors | SslPolicyErrors.RemoteCertificateChainErrors;
        return isTrusted;
    }

    /// <summary>Records what was presented; true if nothing is wrong with it.</summary>
    public bool Observe(X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors, DateTimeOffset now)
    {
        Errors = errors;
        if (certificate is X509Certificate2 leaf)
        {
            Fingerprint = CertificatePins.Of(leaf);
            Subject = OneLine.Of(leaf.Subject, 200);
            Issuer = OneLine.Of(leaf.Issuer, 200);
            NotBefore = new DateTimeOffset(leaf.NotBefore);
            NotAfter = new DateTimeOffset(leaf.NotAfter);
            Names = [.. leaf.Extensions.OfType<X509SubjectAlternativeNameExtension>()
                .SelectMany(names => names.EnumerateDnsNames().Concat(names.EnumerateIPAddresses().Select(address => address.ToString())))
                .Take(20).Select(name => OneLine.Of(name, 100))];
        }

        foreach (var status in chain?.ChainStatus ?? [])
        {
            ChainErrors |= status.Status;
        }

        if (chain?.ChainElements.Any(element => !GivenAuthorities.IsValidAt(element.Certificate, now)) == true)
        {
            ChainErrors |= X509ChainStatusFlags.NotTimeValid;
        }

        Chain = [.. (chain?.ChainElements ?? Enumerable.Empty<X509ChainElement>()).Select(element => OneLine.Of(element.Certificate.Subject, 100))];
        return errors == SslPolicyErrors.None;
    }

    public string NamesInWords => Names.Count == 0 ? "no name at all" : string.Join(", ", Names);

    public override string ToString() =>
        $"certificate {Subject}; for {NamesInWords}; issued by {Issuer}; valid from {Day(NotBefore)} to {Day(NotAfter)}; chain: "
            + $"{string.Join(" < ", Chain)}; {Fingerprint}";

    public static string Day(DateTimeOffset instant) => UtcText.Minute(instant) + "Z";
}
