using System.Net;
using System.Net.Sockets;

namespace SiemForwarder.Benchmarks;

/// <summary>Takes lines over TCP and only counts them, so that the receiver costs next to nothing.</summary>
internal sealed class CountingReceiver : IDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private long lines;
    private long bytes;

    public CountingReceiver()
    {
        listener.Start();
        _ = AcceptAsync();
    }

    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    public long Lines => Interlocked.Read(ref lines);

    public long Bytes => Interlocked.Read(ref bytes);

    public void Dispose() => listener.Stop();

    private async Task AcceptAsync()
    {
        while (true)
        {
            try
            {
                _ = ReadAsync(await listener.AcceptSocketAsync());
            }
            catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private async Task ReadAsync(Socket socket)
    {
        using var connection = socket;
        var buffer = new byte[256 * 1024];
        while (await connection.ReceiveAsync(buffer) is > 0 and var read)
        {
            Interlocked.Add(ref lines, buffer.AsSpan(0, read).Count((byte)'\n'));
            Interlocked.Add(ref bytes, read);
        }
    }
}
