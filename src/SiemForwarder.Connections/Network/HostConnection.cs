using System.Net.Sockets;

namespace SiemForwarder.Connections.Network;

/// <summary>Connects an HTTP client without its own name resolution: names are resolved, and addresses refused, as for every other connection.</summary>
public static class HostConnection
{
    private static readonly TimeSpan MaxStep = TimeSpan.FromSeconds(15);

    /// <summary>For <see cref="SocketsHttpHandler.ConnectCallback"/>; throws <see cref="ConnectFailedException"/> if the connection fails.</summary>
    /// <param name="egress">Which connections are allowed; null for a client that must query the machine's own metadata service.</param>
    public static Func<SocketsHttpConnectionContext, CancellationToken, ValueTask<Stream>> Within(EgressPolicy? egress) =>
        (context, cancellationToken) => ConnectAsync(context, NameLookup.OfSystem, egress, cancellationToken);

    /// <summary>The same with a given name lookup.</summary>
    internal static async ValueTask<Stream> ConnectAsync(
        SocketsHttpConnectionContext context, NameLookup names, EgressPolicy? egress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        var endpoint = new Endpoint(context.DnsEndPoint.Host, context.DnsEndPoint.Port);
        var resolved = await NameResolver.ResolveAsync(endpoint, names, egress, MaxStep, TimeProvider.System, cancellationToken);
        if (!resolved.TryGet(out var addresses, out var fault))
        {
            throw new ConnectFailedException(fault);
        }

        var connected = await TcpDialer.ConnectAsync(endpoint, addresses, MaxStep, TimeProvider.System, cancellationToken);
        return connected.TryGet(out var socket, out fault) ? new NetworkStream(socket, ownsSocket: true) : throw new ConnectFailedException(fault);
    }
}
