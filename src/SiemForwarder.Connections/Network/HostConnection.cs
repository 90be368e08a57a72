using System.Net;
using System.Net.Sockets;

namespace SiemForwarder.Connections.Network;

/// <summary>Connects an HTTP client that resolves nothing by itself: names are looked up, and addresses refused, as for every destination.</summary>
public static class HostConnection
{
    private static readonly TimeSpan MaxLookup = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan MaxAddressLength = TimeSpan.FromSeconds(5);

    /// <summary>For <see cref="SocketsHttpHandler.ConnectCallback"/>.</summary>
    /// <exception cref="SocketException">As the client's own connecting throws it.</exception>
    /// <exception cref="ForbiddenAddressException">The host leads to no other address than those that nothing may reach.</exception>
    public static ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken) =>
        ConnectAsync(context, NameLookup.OfSystem, isGuarded: true, cancellationToken);

    /// <summary>The same for the one who has to ask the machine's own metadata service.</summary>
    /// <exception cref="SocketException">As the client's own connecting throws it.</exception>
    public static ValueTask<Stream> ConnectAnywhereAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken) =>
        ConnectAsync(context, NameLookup.OfSystem, isGuarded: false, cancellationToken);

    /// <summary>The same with a look-up of its own.</summary>
    internal static async ValueTask<Stream> ConnectAsync(
        SocketsHttpConnectionContext context, NameLookup names, bool isGuarded, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        var answer = await names.FindAsync(context.DnsEndPoint.Host, MaxLookup, TimeProvider.System, cancellationToken);
        if (answer.Addresses.Length == 0)
        {
            // The client knows the first of these as a fault of name resolution, and no other.
            throw new SocketException((int)SocketError.HostNotFound, answer.Error is SocketError.HostNotFound or SocketError.NoData
                ? $"the name {context.DnsEndPoint.Host} does not exist"
                : $"the name {context.DnsEndPoint.Host} could not be resolved ({answer.Error})");
        }

        var addresses = isGuarded ? Array.FindAll(answer.Addresses, address => !ForbiddenAddresses.Contains(address)) : answer.Addresses;
        if (addresses.Length == 0)
        {
            throw new ForbiddenAddressException(context.DnsEndPoint.Host, answer.Addresses[0].ToString());
        }

        for (var index = 0; ; index++)
        {
            var isLast = index == addresses.Length - 1;
            using var bound = new TimeBound(isLast ? Timeout.InfiniteTimeSpan : MaxAddressLength, TimeProvider.System, cancellationToken);
            var socket = new Socket(addresses[index].AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            var isConnected = false;
            try
            {
                await socket.ConnectAsync(new IPEndPoint(addresses[index], context.DnsEndPoint.Port), bound.Token);
                isConnected = true;
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch (Exception exception) when (!isLast && (exception is SocketException || bound.IsOver))
            {
                // The next address may answer; what the last one says is thrown.
                continue;
            }
            finally
            {
                if (!isConnected)
                {
                    socket.Dispose();
                }
            }
        }
    }
}
