using System.Net.Security;
using System.Net.Sockets;

namespace SiemForwarder.Connections.Network;

/// <summary>An open connection to a receiver, secured if the destination requires it.</summary>
/// <param name="Endpoint">The remote endpoint.</param>
/// <param name="Socket">The socket, for information that only the kernel has.</param>
/// <param name="Stream">The stream to read from and write to.</param>
/// <param name="Inbound">The stream under TLS; null on a plain connection.</param>
/// <param name="HasClientCertificate">Whether a client certificate was offered.</param>
public sealed record Connection(Endpoint Endpoint, Socket Socket, Stream Stream, InboundSignal? Inbound, bool HasClientCertificate) : IAsyncDisposable
{
    public SslStream? Tls => Stream as SslStream;

    /// <summary>Closes without sending anything still queued in the kernel: a half-written message must not arrive as a complete one.</summary>
    public void Abort()
    {
        // With zero linger time the socket is reset; one that was already closed, for example by the AMQP library, stays as it is.
        Socket.Close(timeout: 0);
        Stream.Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        await Stream.DisposeAsync();
        Socket.Dispose();
    }
}
