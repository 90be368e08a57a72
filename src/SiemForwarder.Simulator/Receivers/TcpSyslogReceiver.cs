using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;

namespace SiemForwarder.Simulator.Receivers;

/// <summary>A syslog receiver on a free loopback port, over TCP or TLS, that records the exact bytes of every connection.</summary>
public sealed class TcpSyslogReceiver : IAsyncDisposable
{
    private readonly TcpReceiverOptions options;
    private readonly CancellationTokenSource stop = new();
    private readonly Pulse pulse = new();
    private readonly Lock guard = new();
    private readonly List<ReceivedConnection> connections = [];
    private readonly Socket listener;
    private readonly Task accepting;

    private TcpSyslogReceiver(TcpReceiverOptions options, int port)
    {
        this.options = options;
        listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        if (options.ReceiveBufferBytes is { } size)
        {
            listener.ReceiveBufferSize = size;
        }

        listener.Bind(new IPEndPoint(IPAddress.Loopback, port));
        listener.Listen();
        accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)listener.LocalEndPoint!).Port;

    /// <summary>All connections so far, in the order they were accepted.</summary>
    public IReadOnlyList<ReceivedConnection> Connections
    {
        get
        {
            lock (guard)
            {
                return [.. connections];
            }
        }
    }

    /// <summary>The complete messages of all connections, without framing.</summary>
    public IReadOnlyList<byte[]> Messages => [.. Connections.SelectMany(connection => SyslogStream.Split(connection.Bytes).Messages)];

    /// <param name="options">How to behave; by default everything is read.</param>
    /// <param name="port">Port to listen on; 0 for a free one.</param>
    public static TcpSyslogReceiver Start(TcpReceiverOptions? options = null, int port = 0) => new(options ?? new TcpReceiverOptions(), port);

    /// <summary>Waits until a condition on this receiver is met.</summary>
    public Task WaitUntilAsync(Func<TcpSyslogReceiver, bool> isSo, CancellationToken cancellationToken) =>
        pulse.WaitUntilAsync(() => isSo(this), cancellationToken);

    /// <summary>Becomes a black hole: new connections get no response at all, and existing ones become half-open.</summary>
    public void GoDark()
    {
        SocketFilter.Drop(listener);
        foreach (var connection in Connections)
        {
            connection.GoDark();
        }
    }

    /// <summary>Accepts connections again; half-open ones stay that way.</summary>
    public void ComeBack() => SocketFilter.Restore(listener);

    public Task WaitForMessagesAsync(int count, CancellationToken cancellationToken) =>
        WaitUntilAsync(receiver => receiver.Messages.Count >= count, cancellationToken);

    /// <summary>Stops listening and closes every connection; may be called repeatedly.</summary>
    public async ValueTask DisposeAsync()
    {
        if (stop.IsCancellationRequested)
        {
            return;
        }

        await stop.CancelAsync();
        listener.Dispose();
        foreach (var connection in Connections)
        {
            connection.Close();
        }

        await accepting;
        stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        var serving = new List<Task>();
        try
        {
            while (true)
            {
                var socket = await listener.AcceptAsync(stop.Token);
                socket.NoDelay = true;
                var connection = new ReceivedConnection(socket);
                lock (guard)
                {
                    connections.Add(connection);
                }

                pulse.Beat();
                serving.Add(ServeAsync(socket, connection));
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or ObjectDisposedException or SocketException)
        {
            await Task.WhenAll(serving);
        }
    }

    private async Task ServeAsync(Socket socket, ReceivedConnection connection)
    {
        try
        {
            if (options.Conduct == TcpReceiverConduct.CloseAtOnce)
            {
                connection.Close();
                return;
            }

            Stream stream = new NetworkStream(socket, ownsSocket: true);
            if (options.Tls is not null)
            {
                var secured = new SslStream(stream);
                await secured.AuthenticateAsServerAsync(options.Tls, stop.Token);
                stream = secured;
            }

            await using (stream)
            {
                await stream.WriteAsync(options.Greeting, stop.Token);
                if (options.Conduct == TcpReceiverConduct.ResetAtFirstBytes)
                {
                    await socket.ReceiveAsync(Memory<byte>.Empty, stop.Token);
                    connection.Reset();
                    return;
                }

                await ReadAsync(stream, connection);
            }
        }
        catch (Exception exception)
            when (exception is IOException or SocketException or AuthenticationException or OperationCanceledException or ObjectDisposedException)
        {
            // The sender disconnected or was refused; everything received so far is recorded.
            socket.Dispose();
        }
        finally
        {
            pulse.Beat();
        }
    }

    private async Task ReadAsync(Stream stream, ReceivedConnection connection)
    {
        if (options.Conduct == TcpReceiverConduct.ReadNothing)
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, stop.Token);
        }

        var buffer = new byte[options.Conduct == TcpReceiverConduct.CloseAfterEachMessage ? 1 : 64 * 1024];
        int count;
        while ((count = await stream.ReadAsync(buffer, stop.Token)) > 0)
        {
            connection.Append(buffer.AsSpan(0, count));
            options.Received?.Invoke(connection, buffer.AsMemory(0, count));
            pulse.Beat();
            if (options.Conduct == TcpReceiverConduct.CloseAfterEachMessage && SyslogStream.Split(connection.Bytes).Messages.Count == 1)
            {
                return;
            }

            if (options.Conduct == TcpReceiverConduct.ResetMidway && connection.Length >= options.MidwayBytes)
            {
                connection.Reset();
                return;
            }
        }

        connection.EndedInOrder = true;
    }
}
