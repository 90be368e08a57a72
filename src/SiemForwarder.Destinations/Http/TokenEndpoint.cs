using System.Net.Security;
using SiemForwarder.Connections;
using SiemForwarder.Connections.Network;

namespace SiemForwarder.Destinations.Http;

/// <summary>Another host that a destination contacts, such as a token endpoint: with its authorities and limits, but without its credentials.</summary>
internal sealed class TokenEndpoint : IDisposable
{
    private readonly Connector connector;
    private readonly HttpEndpoint endpoint;

    /// <param name="settings">Of the destination.</param>
    /// <param name="url">URL of the other host; path and query are given with each request.</param>
    /// <param name="credentials">Header of every request; null for none.</param>
    /// <param name="secrets">Masked in all texts.</param>
    /// <param name="time">For time limits and dates.</param>
    public TokenEndpoint(DestinationSettings settings, Uri url, HttpCredentials? credentials, IReadOnlyList<Secret> secrets, TimeProvider time)
    {
        var other = settings with
        {
            ServerUrl = url,
            Port = url.Port,
            Authentication = new AuthenticationSettings(),
            Tls = new TlsSettings(settings.Tls.CaCertificate),
        };
        connector = new Connector(other.Connection, url.Scheme == Uri.UriSchemeHttps, SslApplicationProtocol.Http11, time);
        endpoint = new HttpEndpoint(
            other, connector.OpenStreamAsync, time,
            new HttpIntakeProfile
            {
                Credentials = credentials is null ? HttpCredentials.Create(new AuthenticationSettings()) : credentials,
                Limits = new BatchLimits(0, 0),
                PathAndQuery = "/",
                Secrets = secrets,
            });
    }

    /// <summary>Makes one request. Only cancellation throws.</summary>
    public Task<Result<HttpAnswer>> SendAsync(HttpExchange exchange, CancellationToken cancellationToken) => endpoint.SendAsync(exchange, cancellationToken);

    public void Dispose()
    {
        endpoint.Dispose();
        connector.Dispose();
    }
}
