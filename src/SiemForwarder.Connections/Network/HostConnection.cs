using System.Net.Sockets;

namespace SiemForwarder.Connections.Network;

/// <summary>Connects an HTTP client that resolves nothing by itself: names are looked up, and addresses refused, as for every connection.</summary>
public static class HostConnection
{
    private static readonly TimeSpan MaxStep = TimeSpan.FromSeconds(15);

    /// <summary>For <see cref="SocketsHttpHandler.ConnectCallback"/>; it throws <see cref="ConnectFailedException"/> where there is no connection.</summary>
    /// <param name="egress">Where connections may lead; null for the one who has to ask the machine's own metadata service.</param>
    public static Func<SocketsHttpConnectionContext, CancellationToken, ValueTask<Stream>> Within(EgressPolicy? egress) =>
        (context, cancellationToken) => ConnectAsync(context, NameLookup.OfSystem, egress, cancellationToken);

    /// <summary>The same with a look-up of its own.</summary>
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
