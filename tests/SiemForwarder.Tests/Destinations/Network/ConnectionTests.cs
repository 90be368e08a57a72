using System.Net;
using System.Net.Sockets;
using SiemForwarder.Destinations.Network;

namespace SiemForwarder.Tests.Destinations.Network;

/// <summary>Ending a connection never fails.</summary>
public sealed class ConnectionTests
{
    [Fact]
    public async Task AConnectionThatSomebodyElseClosedCanStillBeAborted()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(listener.LocalEndPoint!, TestContext.Current.CancellationToken);
        var connection = new Connection(new Endpoint("127.0.0.1", ((IPEndPoint)listener.LocalEndPoint!).Port), socket, new NetworkStream(socket, ownsSocket: true), null, false);
        socket.Dispose();

        connection.Abort();

        Assert.False(connection.Socket.Connected);
    }
}
