using System.Net.Security;
using System.Net.Sockets;

namespace SiemForwarder.Connections.Network;

/// <summary>An open connection to a receiver, secured where the destination asks for it.</summary>
/// <param name="Endpoint">Where it leads.</param>
/// <param name="Socket">The socket, for what only the kernel knows.</param>
/// <param name="Stream">What to read from and to write to.</param>
/// <param name="Inbound">The stream under TLS; null on a plain connection.</param>
/// <param name="HasClientCertificate">Whether a client certificate was offered.</param>
public sealed record Connection(Endpoint Endpoint, Socket Socket, Stream Stream, InboundSignal? Inbound, bool HasClientCertificate) : IAsyncDisposable
{
    public SslStream? Tls => Stream as SslStream;

    /// <summary>Closes so that nothing which still waits in the kernel is sent: a half-written message must not arrive as one.</summary>
    public void Abort()
    {
        // With no time to linger, the socket is reset; one that somebody closed already, such as the AMQP library, stays as it is.
        Socket.Close(timeout: 0);
        Stream.Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        await Stream.DisposeAsync();
        Socket.Dispose();
    }
}
