using System.Net;
using System.Net.Sockets;

namespace SiemForwarder.Destinations.Network;

/// <summary>Connects an HTTP client that resolves nothing by itself: names are looked up as for every destination.</summary>
public static class HostConnection
{
    private static readonly TimeSpan LongestLookup = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan LongestAddress = TimeSpan.FromSeconds(5);

    /// <summary>For <see cref="SocketsHttpHandler.ConnectCallback"/>.</summary>
    /// <exception cref="SocketException">As the client's own connecting throws it.</exception>
    public static async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        var answer = await NameLookup.OfSystem.FindAsync(context.DnsEndPoint.Host, LongestLookup, TimeProvider.System, cancellationToken);
        if (answer.Addresses.Length == 0)
        {
            // The client knows the first of these as a fault of name resolution, and no other.
            throw new SocketException((int)SocketError.HostNotFound, answer.Error is SocketError.HostNotFound or SocketError.NoData
                ? $"the name {context.DnsEndPoint.Host} does not exist"
                : $"the name {context.DnsEndPoint.Host} could not be resolved ({answer.Error})");
        }

        for (var index = 0; ; index++)
        {
            var isLast = index == answer.Addresses.Length - 1;
            using var bound = new TimeBound(isLast ? Timeout.InfiniteTimeSpan : LongestAddress, TimeProvider.System, cancellationToken);
            var socket = new Socket(answer.Addresses[index].AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            var isConnected = false;
            try
            {
                await socket.ConnectAsync(new IPEndPoint(answer.Addresses[index], context.DnsEndPoint.Port), bound.Token);
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
