using System.Net;
using System.Net.Sockets;
using RabbitMQ.Client;
using SiemForwarder.Connections.Network;

namespace SiemForwarder.Destinations.Amqp;

/// <summary>Gives the AMQP library a connection that was resolved, checked, opened and secured as all others are.</summary>
internal sealed class ConnectedTcpClient(Connection connection) : ITcpClient
{
    private int closed;

    public bool Connected => connection.Socket.Connected;

    public TimeSpan ReceiveTimeout { get; set; }

    public Socket Client => connection.Socket;

    public Task ConnectAsync(IPAddress host, int port, CancellationToken cancellationToken) => Task.CompletedTask;

    public NetworkStream GetStream() => connection.Stream as NetworkStream ?? new SecuredStream(connection);

    /// <summary>Closes at once; what was not sent by then is not sent.</summary>
    public void Close()
    {
        if (Interlocked.Exchange(ref closed, 1) == 0)
        {
            connection.Abort();
        }
    }

    public void Dispose() => Close();

    /// <summary>The library asks for a stream of a socket; this one lets everything through TLS first.</summary>
    private sealed class SecuredStream(Connection connection) : NetworkStream(connection.Socket, ownsSocket: false)
    {
        public override int Read(byte[] buffer, int offset, int count) => connection.Stream.Read(buffer, offset, count);

        public override int Read(Span<byte> buffer) => connection.Stream.Read(buffer);

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            connection.Stream.ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            connection.Stream.ReadAsync(buffer, cancellationToken);

        public override void Write(byte[] buffer, int offset, int count) => connection.Stream.Write(buffer, offset, count);

        public override void Write(ReadOnlySpan<byte> buffer) => connection.Stream.Write(buffer);

        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            connection.Stream.WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
            connection.Stream.WriteAsync(buffer, cancellationToken);

        public override void Flush() => connection.Stream.Flush();

        public override Task FlushAsync(CancellationToken cancellationToken) => connection.Stream.FlushAsync(cancellationToken);
    }
}
