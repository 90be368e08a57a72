using System.Text;

namespace SiemForwarder.Connections.Network;

/// <summary>HTTP/1.1 over connections that are already secured, so that names, addresses, proxies and certificates are checked as everywhere else.</summary>
public static class SecuredHttp
{
    private static readonly TimeSpan ConnectionAge = TimeSpan.FromMinutes(5);

    /// <summary>Keeps connections open for a while; no redirects, cookies, environment proxies or tracing headers.</summary>
    /// <param name="connect">Opens a connection; throws <see cref="ConnectFailedException"/>.</param>
    public static SocketsHttpHandler CreateHandler(Func<CancellationToken, ValueTask<Stream>> connect) => new()
    {
        ActivityHeadersPropagator = null,
        AllowAutoRedirect = false,
        ConnectCallback = (_, cancellationToken) => connect(cancellationToken),
        PooledConnectionLifetime = ConnectionAge,
        RequestHeaderEncodingSelector = (_, _) => Encoding.UTF8,
        UseCookies = false,
        UseProxy = false,
    };

    /// <summary>The start of a URL: http, because with https the client would perform a second handshake.</summary>
    public static string OriginOf(Endpoint endpoint) => $"http://{endpoint}";

    /// <summary>Directs a request to its URL over such a connection.</summary>
    public static void Lead(HttpRequestMessage request)
    {
        ArgumentNullException.ThrowIfNull(request);
        var url = request.RequestUri!;
        var endpoint = new Endpoint(url.IdnHost, url.Port);
        var name = endpoint.ToString();
        request.RequestUri = new Uri(OriginOf(endpoint) + url.PathAndQuery);
        request.Headers.Host = url.IsDefaultPort ? name[..name.LastIndexOf(':')] : name;
    }
}
