using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;

namespace SiemForwarder.Connections.Tls;

/// <summary>Converts a failed handshake, or an alert that arrived later, into a fault.</summary>
public static class TlsFaults
{
    private static readonly string[] CertificateAlerts =
        ["badcertificate", "unsupportedcertificate", "certificaterevoked", "certificateexpired", "certificateunknown", "unknownca", "accessdenied",
            "decrypterror"];

    private static readonly string[] NotTls =
        ["wrongversionnumber", "cannotdeterminetheframesize", "packetlength", "corruptedframe", "httprequest", "unexpectedpacketformat", "recordlayerfailure"];

    /// <summary>Why a handshake failed.</summary>
    /// <param name="endpoint">The receiver.</param>
    /// <param name="exception">Exception from the TLS library.</param>
    /// <param name="peer">The receiver's certificate, if the handshake got that far.</param>
    /// <param name="serverName">Name that was requested.</param>
    /// <param name="hasClientCertificate">Whether one was offered.</param>
    /// <param name="now">Distinguishes expired from not yet valid.</param>
    public static Fault OfHandshake(
        Endpoint endpoint, Exception exception, PeerCertificate peer, string serverName, bool hasClientCertificate, DateTimeOffset now)
    {
        if (peer.Errors != SslPolicyErrors.None)
        {
            return OfCertificate(endpoint, peer, serverName, now);
        }

        if (FindAlert(endpoint, exception, hasClientCertificate) is { } fault)
        {
            return fault;
        }

        if (Mentions(exception, NotTls))
        {
            return new Fault(
                ErrorCategory.Tls, $"{endpoint} answered, but not in TLS.",
                "The port accepts plain connections: use its TLS port, or tcp:// or http:// in the server URL.", NeedsChange: true) { IsPlainPeer = true };
        }

        if (exception is IOException || exception.InnerException is IOException or SocketException)
        {
            return new Fault(
                ErrorCategory.Tls, $"{endpoint} closed the connection during the TLS handshake.",
                "Check that the port speaks TLS 1.2 or 1.3 and whether it requires a client certificate; the receiver's log says why.");
        }

        return new Fault(
            ErrorCategory.Tls, $"the TLS handshake with {endpoint} failed: {OneLine.Of(Innermost(exception).Message, 160)}.",
            "Check the TLS settings of both sides.", NeedsChange: true);
    }

    /// <summary>The fault for a TLS alert in an exception, or null if there is none. TLS 1.3 reports a refused client certificate only this way.</summary>
    public static Fault? FindAlert(Endpoint endpoint, Exception exception, bool hasClientCertificate)
    {
        if (!Mentions(exception, "alert"))
        {
            return null;
        }

        if (Mentions(exception, "certificaterequired") || (!hasClientCertificate && Mentions(exception, CertificateAlerts)))
        {
            return new Fault(
                ErrorCategory.Tls, $"{endpoint} requires a client certificate{(hasClientCertificate ? " and did not accept ours" : " and none is set")}.",
                "Set tls.clientCertificate and tls.clientKey to a certificate that the receiver trusts.", NeedsChange: true);
        }

        if (Mentions(exception, CertificateAlerts))
        {
            return new Fault(
                ErrorCategory.Tls, $"{endpoint} rejected the client certificate.",
                "Check that the receiver trusts its authority, that it is currently valid, and that the receiver permits its name.",
                NeedsChange: true);
        }

        if (Mentions(exception, "protocolversion"))
        {
            return new Fault(
                ErrorCategory.Tls, $"{endpoint} offers no TLS version that is still secure.", "Enable TLS 1.2 or 1.3 at the receiver.", NeedsChange: true);
        }

        return Mentions(exception, "handshakefailure")
            ? new Fault(
                ErrorCategory.Tls, $"{endpoint} ended the TLS handshake.",
                hasClientCertificate
                    ? "It may reject the client certificate, or share no cipher suite; its log says which."
                    : "It may require a client certificate (tls.clientCertificate, tls.clientKey), or share no cipher suite; its log says which.",
                NeedsChange: true)
            : new Fault(
                ErrorCategory.Tls, $"{endpoint} ended the TLS connection with an alert.",
                "Check the receiver's log for the reason.");
    }

    /// <summary>The receiver's port expects TLS but received plain text.</summary>
    /// <param name="endpoint">The receiver.</param>
    /// <param name="secure">The scheme to use instead.</param>
    public static Fault PlainToTls(Endpoint endpoint, string secure) => new(
        ErrorCategory.Tls, $"{endpoint} expects TLS but received plain text.",
        $"Use {secure}:// in the server URL, or the receiver's port for plain connections.", NeedsChange: true);

    public static Fault Timeout(Endpoint endpoint, TimeSpan limit) => new(
        ErrorCategory.Timeout, $"{endpoint} did not answer the TLS handshake within {limit.TotalSeconds:0.##} s.",
        "The port may accept only plain connections: use its TLS port, or tcp:// or http:// in the server URL.");

    /// <summary>The receiver closed the connection after the handshake, or after the first bytes, without a reason.</summary>
    public static Fault ClosedAtOnce(Endpoint endpoint, bool hasClientCertificate) => new(
        ErrorCategory.Tls, $"{endpoint} closed the TLS connection as soon as it was established.",
        hasClientCertificate
            ? "It may reject the client certificate: check that it trusts its authority and permits its name; the receiver's log says more."
            : "It may require a client certificate (tls.clientCertificate, tls.clientKey); the receiver's log says more.");

    private static Fault OfCertificate(Endpoint endpoint, PeerCertificate peer, string serverName, DateTimeOffset now)
    {
        if (peer.Errors.HasFlag(SslPolicyErrors.RemoteCertificateNotAvailable))
        {
            return new Fault(ErrorCategory.Tls, $"{endpoint} presented no certificate.", "Install a certificate at the receiver.", NeedsChange: true);
        }

        var (what, advice) = peer switch
        {
            _ when peer.NotAfter < now => (
                $"the certificate of {endpoint} expired on {PeerCertificate.Day(peer.NotAfter)} ({peer.Subject}).",
                "Renew it at the receiver."),
            _ when peer.NotBefore > now => (
                $"the certificate of {endpoint} is not yet valid; it becomes valid on {PeerCertificate.Day(peer.NotBefore)} ({peer.Subject}).",
                "Check the clocks of both machines, or wait until then."),
            { IsUnknownFingerprint: true } => (
                $"the certificate of {endpoint} ({peer.Subject}) has the fingerprint {peer.Fingerprint}, which is not a trusted one.",
                "Compare it with the receiver's; if the certificate was renewed, add the new fingerprint to tls.fingerprint."),
            { ChainErrors: var errors } when errors.HasFlag(X509ChainStatusFlags.NotTimeValid) => (
                $"an authority above the certificate of {endpoint} has expired or is not yet valid ({string.Join(" < ", peer.Chain)}).",
                "Renew the chain at the receiver."),
            { ChainErrors: var errors } when errors.HasFlag(X509ChainStatusFlags.UntrustedRoot)
                || errors.HasFlag(X509ChainStatusFlags.PartialChain) => (
                $"the certificate of {endpoint} was issued by an authority that is not trusted here ({peer.Issuer}; {peer.ChainErrors}).",
                "Put the PEM of that authority into tls.caCertificate and make the receiver send its intermediate certificates; or, to trust only this "
                    + $"certificate, compare its fingerprint with the receiver's and put it into tls.fingerprint: {peer.Fingerprint}."),
            { ChainErrors: not X509ChainStatusFlags.NoError } => (
                $"the certificate chain of {endpoint} is not acceptable ({peer.ChainErrors}).",
                "Install a certificate for server authentication from a trusted authority at the receiver."),
            _ => (
                $"the certificate of {endpoint} is for {peer.NamesInWords}, not for {serverName}.",
                "Use one of these names in the server URL, or set tls.serverName to it."),
        };
        return new Fault(ErrorCategory.Tls, what, advice, NeedsChange: true)
        {
            OfferedFingerprint = peer.ChainErrors.HasFlag(X509ChainStatusFlags.UntrustedRoot) || peer.ChainErrors.HasFlag(X509ChainStatusFlags.PartialChain)
                ? peer.Fingerprint : null,
        };
    }

    private static bool Mentions(Exception exception, params ReadOnlySpan<string> words)
    {
        for (var current = exception; current is not null; current = current.InnerException)
        {
            // TLS libraries spell alerts differently: 'alert bad certificate', 'BadCertificate'.
            var text = string.Concat(current.Message.Where(char.IsLetter)).ToLowerInvariant();
            foreach (var word in words)
            {
                if (text.Contains(word, StringComparison.Ordinal))
                {
                    return true;
                }
            }
        }

        return false;
    }

    private static Exception Innermost(Exception exception)
    {
        while (exception.InnerException is not null)
        {
            exception = exception.InnerException;
        }

        return exception;
    }
}
