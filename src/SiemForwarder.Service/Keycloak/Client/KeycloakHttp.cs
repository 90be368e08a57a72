using System.Net;
using System.Security.Cryptography;
using SiemForwarder.Connections.Network;
using SiemForwarder.Connections.Tls;

namespace SiemForwarder.Service.Keycloak.Client;

/// <summary>Makes the HTTP client of one source: HTTP/1.1 with keep-alive, no redirects, no proxy, its own authorities where given.</summary>
internal static class KeycloakHttp
{
    /// <exception cref="CryptographicException">The PEM of the authorities cannot be read.</exception>
    public static HttpClient Create(KeycloakSource source)
    {
        var connections = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseProxy = false,
            UseCookies = false,
            AutomaticDecompression = DecompressionMethods.None,
            ConnectTimeout = TimeSpan.FromSeconds(15),
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            ConnectCallback = HostConnection.ConnectAsync,
        };
        if (source.CaCertificate is { } pem)
        {
            var authorities = GivenAuthorities.Read(pem);
            if (authorities.Count == 0)
            {
                throw new CryptographicException("there is no certificate in it.");
            }

            connections.SslOptions.CertificateChainPolicy = authorities.Policy();
            connections.SslOptions.RemoteCertificateValidationCallback = authorities.Validation;
        }

        var client = new HttpClient(connections)
        {
            DefaultRequestVersion = HttpVersion.Version11,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Timeout = Timeout.InfiniteTimeSpan,
        };
        client.DefaultRequestHeaders.Accept.ParseAdd("application/json");
        client.DefaultRequestHeaders.UserAgent.ParseAdd("SiemForwarder");
        return client;
    }
}
