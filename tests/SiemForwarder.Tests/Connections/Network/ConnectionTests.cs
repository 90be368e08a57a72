using System.Net;
using System.Net.Sockets;
using SiemForwarder.Connections;
using SiemForwarder.Connections.Network;

namespace SiemForwarder.Tests.Connections.Network;

/// <summary>Ending a connection never fails, and what was not sent by then never arrives.</summary>
public sealed class ConnectionTests
{
    [Fact]
    public async Task AConnectionThatSomebodyElseClosedCanStillBeAborted()
    {
        var (connection, peer) = await ConnectAsync();
        using var other = peer;
        connection.Socket.Dispose();

        connection.Abort();

        Assert.False(connection.Socket.Connected);
    }

    [Fact]
    public async Task ThePeerOfAnAbortedConnectionSeesItBreakAndNothingOfWhatStillWaitedToBeSent()
    {
        var (connection, peer) = await ConnectAsync();
        using var other = peer;
        var soon = TestContext.Current.CancellationToken;
        connection.Socket.Blocking = false;
        // Until the buffers of both ends are full.
        while (connection.Socket.Send(new byte[65_536], SocketFlags.None, out var error) > 0 && error == SocketError.Success)
        {
        }

        connection.Abort();

        var broken = await Assert.ThrowsAsync<SocketException>(async () =>
        {
            var buffer = new byte[65_536];
            while (await other.ReceiveAsync(buffer, soon) > 0)
            {
            }
        });
        Assert.Equal(SocketError.ConnectionReset, broken.SocketErrorCode);
    }

    private static async Task<(Connection Connection, Socket Peer)> ConnectAsync()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(listener.LocalEndPoint!, TestContext.Current.CancellationToken);
        var connection = new Connection(new Endpoint("127.0.0.1", ((IPEndPoint)listener.LocalEndPoint!).Port), socket, new NetworkStream(socket, ownsSocket: true), null, false);
        return (connection, await listener.AcceptAsync(TestContext.Current.CancellationToken));
    }
}
