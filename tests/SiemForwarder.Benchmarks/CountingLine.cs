using System.Net;
using System.Net.Sockets;

namespace SiemForwarder.Benchmarks;

/// <summary>A line on loopback to another port that counts what goes over it, both ways.</summary>
/// <param name="target">Port on loopback that the line leads to.</param>
internal sealed class CountingLine(int target) : SocketReceiver
{
    private long bytes;

    public long Bytes => Interlocked.Read(ref bytes);

    public Uri Address => new($"http://127.0.0.1:{Port}/");

    protected override async Task ReadAsync(Socket connection)
    {
        using var onward = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        connection.NoDelay = true;
        await onward.ConnectAsync(IPAddress.Loopback, target);
        await Task.WhenAny(CopyAsync(connection, onward), CopyAsync(onward, connection));
    }

    private async Task CopyAsync(Socket from, Socket to)
    {
        var buffer = new byte[64 * 1024];
        try
        {
            while (await from.ReceiveAsync(buffer) is > 0 and var read)
            {
                Interlocked.Add(ref bytes, read);
                await to.SendAsync(buffer.AsMemory(0, read));
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // The browser or the service has closed it.
            return;
        }
    }
}
