using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using SiemForwarder.Connections.Tls;

namespace SiemForwarder.Connections.Network;

/// <summary>Opens connections to one endpoint: resolves the name, refuses what the egress policy forbids, connects, and secures the connection.</summary>
public sealed class Connector : IDisposable
{
    private static readonly TimeSpan TlsProbe = TimeSpan.FromSeconds(2);

    private readonly TimeSpan timeout;
    private readonly TimeProvider time;
    private readonly SslApplicationProtocol? application;
    private readonly bool secure;
    private readonly Result<TlsClient> tls;
    private readonly Endpoint? proxy;
    private readonly string proxySetting;
    private readonly EgressPolicy egress;
    private readonly ExpiryNotes? expiries;
    private readonly Action<ErrorCategory?>? opened;

    /// <param name="settings">Where and how to connect.</param>
    /// <param name="secure">Whether to use TLS.</param>
    /// <param name="application">Protocol to announce (ALPN), or null.</param>
    /// <param name="time">For time limits and certificate dates.</param>
    public Connector(ConnectionSettings settings, bool secure, SslApplicationProtocol? application, TimeProvider time)
    {
        Endpoint = settings.Endpoint;
        proxy = settings.Proxy is { } url ? new Endpoint(url.IdnHost, url.Port) : null;
        proxySetting = settings.ProxySetting;
        (egress, expiries, opened) = (settings.Egress, settings.Expiries, settings.Opened);
        timeout = settings.Timeout;
        this.time = time;
        this.application = application;
        this.secure = secure;
        // Unusable settings are reported for plain connections as well.
        tls = TlsClient.Create(settings);
        if (tls.TryGet(out var client, out _) && client.ClientCertificateEnds is { } end)
        {
            expiries?.Note($"{settings.Tls.Setting}.clientCertificate", end);
        }
    }

    public Endpoint Endpoint { get; }

    /// <summary>Whether the other side speaks first in plain text, and <see cref="SecureAsync"/> follows.</summary>
    public bool StartsPlain { get; init; }

    internal NameLookup Names { get; init; } = NameLookup.OfSystem;

    /// <summary>Opens a connection; the stages are recorded if a log is given.</summary>
    public async Task<Result<Connection>> OpenAsync(StageLog? log, CancellationToken cancellationToken)
    {
        var result = await OpenUncountedAsync(log, cancellationToken);
        opened?.Invoke(result.TryGet(out _, out var fault) ? null : fault.Category);
        return result;
    }

    private async Task<Result<Connection>> OpenUncountedAsync(StageLog? log, CancellationToken cancellationToken)
    {
        if (!tls.TryGet(out var client, out var unusable))
        {
            log?.Failed(TestStageName.Tls, unusable);
            return unusable;
        }

        var dialed = await DialAsync(log, cancellationToken);
        if (!dialed.TryGet(out var socket, out var fault))
        {
            return fault;
        }

        var transport = new NetworkStream(socket, ownsSocket: true);
        if (secure && !StartsPlain)
        {
            return await HandshakeAsync(client, socket, transport, log, cancellationToken);
        }

        if (!secure)
        {
            log?.Skipped(TestStageName.Tls, "the connection is not encrypted");
        }

        return new Connection(Endpoint, socket, transport, null, HasClientCertificate: false);
    }

    /// <summary>Secures a connection that began in plain text; it must not be used by itself afterwards.</summary>
    public async Task<Result<Connection>> SecureAsync(Connection plain, StageLog? log, CancellationToken cancellationToken) =>
        tls.TryGet(out var client, out var unusable) ? await HandshakeAsync(client, plain.Socket, plain.Stream, log, cancellationToken) : unusable;

    private async Task<Result<Connection>> HandshakeAsync(TlsClient client, Socket socket, Stream transport, StageLog? log, CancellationToken cancellationToken)
    {
        var inbound = new InboundSignal(transport);
        var peer = new PeerCertificate();
        var handshake = await client.HandshakeAsync(inbound, Endpoint, peer, application, timeout, time, cancellationToken);
        if (!handshake.TryGet(out var stream, out var fault))
        {
            log?.Failed(TestStageName.Tls, fault);
            return fault;
        }

        inbound.Arm();
        expiries?.Note($"the certificate of {Endpoint}", peer.NotAfter);
        log?.Passed(TestStageName.Tls, $"{stream.SslProtocol}, {stream.NegotiatedCipherSuite}; {peer}");
        return new Connection(Endpoint, socket, stream, inbound, client.HasClientCertificate);
    }

    /// <summary>Whether the endpoint answers a TLS handshake, whatever its certificate; for an endpoint that did not understand plain text.</summary>
    public async Task<bool> SpeaksTlsAsync(CancellationToken cancellationToken)
    {
        using var bound = new TimeBound(timeout < TlsProbe ? timeout : TlsProbe, time, cancellationToken);
        try
        {
            var dialed = await DialAsync(null, bound.Token);
            if (!dialed.TryGet(out var socket, out _))
            {
                return false;
            }

            await using var stream = new SslStream(new NetworkStream(socket, ownsSocket: true), false, (_, certificate, _, _) => certificate is not null);
            await stream.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = Endpoint.Host }, bound.Token);
            return true;
        }
        catch (Exception exception) when (exception is AuthenticationException or IOException or SocketException or InvalidOperationException || bound.IsOver)
        {
            return false;
        }
    }

    /// <summary>The same for an HTTP client, which can only be told by an exception that connecting failed.</summary>
    /// <exception cref="ConnectFailedException">The connection failed.</exception>
    public async ValueTask<Stream> OpenStreamAsync(CancellationToken cancellationToken)
    {
        var opened = await OpenAsync(null, cancellationToken);
        return opened.TryGet(out var connection, out var fault) ? connection.Stream : throw new ConnectFailedException(fault);
    }

    public void Dispose()
    {
        if (tls.TryGet(out var client, out _))
        {
            client.Dispose();
        }
    }

    // Directly to the endpoint, or through the proxy.
    private async Task<Result<Socket>> DialAsync(StageLog? log, CancellationToken cancellationToken)
    {
        // The proxy resolves the name itself: what can be resolved here is checked beforehand.
        if (proxy is not null
            && await NameResolver.JudgeAsync(Endpoint, Names, egress, byProxy: true, time, cancellationToken) is { } refused)
        {
            log?.Failed(TestStageName.Resolve, refused);
            return refused;
        }

        var next = proxy ?? Endpoint;
        var resolved = await NameResolver.ResolveAsync(next, Names, egress, timeout, time, cancellationToken);
        if (!resolved.TryGet(out var addresses, out var fault))
        {
            log?.Failed(TestStageName.Resolve, fault);
            return fault;
        }

        log?.Passed(TestStageName.Resolve,
            $"{next.Host}{(proxy is null ? "" : ", the proxy,")} resolves to {string.Join(", ", addresses.Select(address => address.ToString()))}");
        var connected = await TcpDialer.ConnectAsync(next, addresses, timeout, time, cancellationToken);
        if (!connected.TryGet(out var socket, out fault))
        {
            log?.Failed(TestStageName.Connect, fault);
            return fault;
        }

        if (proxy is not null)
        {
            await using var stream = new NetworkStream(socket, ownsSocket: false);
            var isThrough = false;
            try
            {
                fault = await ProxyTunnel.OpenAsync(stream, proxy, Endpoint, proxySetting, timeout, time, cancellationToken);
                isThrough = fault is null;
            }
            finally
            {
                if (!isThrough)
                {
                    socket.Dispose();
                }
            }

            if (fault is not null)
            {
                log?.Failed(TestStageName.Connect, fault);
                return fault;
            }
        }

        log?.Passed(TestStageName.Connect,
            $"connected from {socket.LocalEndPoint} to {socket.RemoteEndPoint}{(proxy is null ? "" : $", the proxy, and through it to {Endpoint}")}");
        return socket;
    }
}

/// <summary>Carries a fault through an HTTP client.</summary>
/// <param name="fault">Why the connection failed.</param>
public sealed class ConnectFailedException(Fault fault) : Exception(fault.What)
{
    public Fault Fault => fault;
}
