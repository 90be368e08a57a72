using System.Net;
using System.Net.Sockets;

namespace SiemForwarder.Simulator.Receivers;

/// <summary>A syslog receiver on a free loopback UDP port that records every datagram.</summary>
public sealed class UdpSyslogReceiver : IAsyncDisposable
{
    private readonly CancellationTokenSource stop = new();
    private readonly Pulse pulse = new();
    private readonly Lock guard = new();
    private readonly List<byte[]> datagrams = [];
    private readonly Socket socket;
    private readonly Task receiving;

    private UdpSyslogReceiver()
    {
        socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveBufferSize = 4 * 1024 * 1024 };
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        receiving = ReceiveAsync();
    }

    public int Port => ((IPEndPoint)socket.LocalEndPoint!).Port;

    public IReadOnlyList<byte[]> Datagrams
    {
        get
        {
            lock (guard)
            {
                return [.. datagrams];
            }
        }
    }

    public static UdpSyslogReceiver Start() => new();

    public Task WaitForDatagramsAsync(int count, CancellationToken cancellationToken) =>
        pulse.WaitUntilAsync(() => Datagrams.Count >= count, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await receiving;
        socket.Dispose();
        stop.Dispose();
    }

    private async Task ReceiveAsync()
    {
        var buffer = new byte[65_536];
        try
        {
            while (true)
            {
                var count = await socket.ReceiveAsync(buffer, stop.Token);
                lock (guard)
                {
                    datagrams.Add(buffer[..count]);
                }

                pulse.Beat();
            }
        }
        catch (OperationCanceledException)
        {
            // Stopped.
            return;
        }
    }
}
