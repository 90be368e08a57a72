using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace SiemForwarder.Connections.Tls;

/// <summary>Secures the connections of one destination: TLS 1.2 or 1.3, chain and name always verified.</summary>
/// <remarks>RFC 5425 with RFC 9662; no early data, no renegotiation, and nothing is fetched from addresses named in a certificate.</remarks>
public sealed class TlsClient : IDisposable
{
    private GivenAuthorities authorities = GivenAuthorities.Read(null);
    private readonly X509Certificate2Collection clientChain = [];
    private SslStreamCertificateContext? clientContext;
    private CertificatePins? pins;

    private TlsClient(string serverName) => ServerName = serverName;

    /// <summary>Name that is requested (SNI) and verified.</summary>
    public string ServerName { get; }

    public bool HasClientCertificate => clientContext is not null;

    /// <summary>When the client certificate expires; null if there is none.</summary>
    public DateTimeOffset? ClientCertificateEnds => clientContext?.TargetCertificate.NotAfter;

    /// <summary>Reads the PEM settings; the fault names the invalid one.</summary>
    public static Result<TlsClient> Create(ConnectionSettings settings)
    {
        var client = new TlsClient(string.IsNullOrWhiteSpace(settings.Tls.ServerName) ? settings.Endpoint.Host : settings.Tls.ServerName.Trim());
        var setting = $"{settings.Tls.Setting}.caCertificate";
        try
        {
            if (!string.IsNullOrWhiteSpace(settings.Tls.CaCertificate))
            {
                client.authorities = GivenAuthorities.Read(settings.Tls.CaCertificate);
                if (client.authorities.Count == 0)
                {
                    return NotUsable(setting, "it contains no certificate");
                }
            }

            client.pins = string.IsNullOrWhiteSpace(settings.Tls.Fingerprint) ? null : CertificatePins.Parse(settings.Tls.Fingerprint);
            if (client.pins is null && !string.IsNullOrWhiteSpace(settings.Tls.Fingerprint))
            {
                return new Fault(
                    ErrorCategory.Tls, $"{settings.Tls.Setting}.fingerprint cannot be used: it is not of the form SHA-256:AB:CD:…", "Correct it.",
                    NeedsChange: true);
            }

            setting = $"{settings.Tls.Setting}.clientCertificate with {settings.Tls.Setting}.clientKey";
            if (!string.IsNullOrWhiteSpace(settings.Tls.ClientCertificate))
            {
                if (string.IsNullOrWhiteSpace(settings.Tls.ClientKey?.Reveal()))
                {
                    return NotUsable(setting, "the key is missing");
                }

                client.LoadClientCertificate(PemText.Of(settings.Tls.ClientCertificate), PemText.Of(settings.Tls.ClientKey.Reveal()));
            }

            return client;
        }
        catch (Exception exception) when (exception is CryptographicException or ArgumentException)
        {
            // The exception's message is omitted because it may quote the key.
            return NotUsable(setting, "it is not valid PEM, or the key is encrypted or belongs to another certificate");
        }
    }

    /// <summary>Performs the handshake on a connected stream; the caller disposes the stream if it fails.</summary>
    public async Task<Result<SslStream>> HandshakeAsync(
        Stream transport, Endpoint endpoint, PeerCertificate peer, SslApplicationProtocol? application,
        TimeSpan timeout, TimeProvider time, CancellationToken cancellationToken)
    {
        using var bound = new TimeBound(timeout, time, cancellationToken);
        var stream = new SslStream(transport, leaveInnerStreamOpen: false);
        var secured = false;
        try
        {
            await stream.AuthenticateAsClientAsync(OptionsFor(peer, application, time), bound.Token);
            secured = true;
            return stream;
        }
        catch (OperationCanceledException) when (bound.IsOver)
        {
            return TlsFaults.Timeout(endpoint, timeout);
        }
        catch (ArgumentException)
        {
            return new Fault(
                ErrorCategory.Tls, $"the TLS server name for {endpoint} is not a host name.", "Correct tls.serverName, or omit it.",
                NeedsChange: true);
        }
        catch (Exception exception) when (exception is AuthenticationException or IOException or InvalidOperationException or CryptographicException)
        {
            return TlsFaults.OfHandshake(endpoint, exception, peer, ServerName, HasClientCertificate, time.GetUtcNow());
        }
        finally
        {
            if (!secured)
            {
                await stream.DisposeAsync();
            }
        }
    }

    public void Dispose()
    {
        authorities.Dispose();
        foreach (var certificate in clientChain)
        {
            certificate.Dispose();
        }

        clientContext?.TargetCertificate.Dispose();
    }

    private SslClientAuthenticationOptions OptionsFor(PeerCertificate peer, SslApplicationProtocol? application, TimeProvider time)
    {
        return new SslClientAuthenticationOptions
        {
            TargetHost = ServerName,
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            AllowRenegotiation = false,
            CertificateChainPolicy = authorities.Policy(),
            ClientCertificateContext = clientContext,
            ApplicationProtocols = application is null ? null : [application.Value],
            RemoteCertificateValidationCallback = (_, certificate, chain, errors) => pins is null
                ? peer.Observe(certificate, chain, authorities.Judge(chain, errors, time.GetUtcNow()), time.GetUtcNow())
                : peer.Observe(certificate, chain, errors, pins, time.GetUtcNow()),
        };
    }

    private void LoadClientCertificate(string certificatePem, string keyPem)
    {
        var certificate = X509Certificate2.CreateFromPem(certificatePem, keyPem);
        if (OperatingSystem.IsWindows())
        {
            // SChannel cannot use a key that exists only in memory.
            using var ephemeral = certificate;
            certificate = X509CertificateLoader.LoadPkcs12(ephemeral.Export(X509ContentType.Pkcs12), null);
        }

        clientChain.ImportFromPem(certificatePem);
        clientContext = SslStreamCertificateContext.Create(certificate, clientChain, offline: true);
    }

    private static Fault NotUsable(string setting, string why) => new(
        ErrorCategory.Tls, $"{setting} cannot be used: {why}.", "Paste the PEM text again, including its BEGIN and END lines.", NeedsChange: true);
}
