using System.Net;
using System.Net.Sockets;

namespace SiemForwarder.Benchmarks;

/// <summary>Listens on loopback and reads each connection to its end.</summary>
internal abstract class SocketReceiver : IDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);

    protected SocketReceiver()
    {
        listener.Start();
        _ = AcceptAsync();
    }

    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    public void Dispose() => listener.Stop();

    protected abstract Task ReadAsync(Socket connection);

    private async Task AcceptAsync()
    {
        while (true)
        {
            try
            {
                _ = ReadToEndAsync(await listener.AcceptSocketAsync());
            }
            catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private async Task ReadToEndAsync(Socket socket)
    {
        using var connection = socket;
        await ReadAsync(connection);
    }
}

/// <summary>Takes lines over TCP and only counts them, so that the receiver costs next to nothing.</summary>
internal sealed class CountingReceiver : SocketReceiver
{
    private long lines;
    private long bytes;

    public long Lines => Interlocked.Read(ref lines);

    public long Bytes => Interlocked.Read(ref bytes);

    protected override async Task ReadAsync(Socket connection)
    {
        var buffer = new byte[256 * 1024];
        while (await connection.ReceiveAsync(buffer) is > 0 and var read)
        {
            Interlocked.Add(ref lines, buffer.AsSpan(0, read).Count((byte)'\n'));
            Interlocked.Add(ref bytes, read);
        }
    }
}
