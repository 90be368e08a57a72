using System.Net;
using System.Net.Sockets;
using System.Text;

namespace SiemForwarder.Tests.Connections.Network;

/// <summary>An HTTP proxy on a free loopback port that leads every tunnel to one port, or answers as told.</summary>
internal sealed class ConnectProxy : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stop = new();
    private readonly List<string> heads = [];
    private readonly Task accepting;
    private readonly int target;
    private readonly string answer;

    /// <param name="target">Port on loopback that a tunnel leads to; 0 for none.</param>
    /// <param name="answer">What to answer to CONNECT; empty for nothing at all.</param>
    public ConnectProxy(int target, string answer = "HTTP/1.1 200 Connection established\r\n\r\n")
    {
        (this.target, this.answer) = (target, answer);
        listener.Start();
        accepting = AcceptAsync();
    }

    public Uri Url => new($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}");

    /// <summary>The heads of the requests that came.</summary>
    public IReadOnlyList<string> Heads
    {
        get
        {
            lock (heads)
            {
                return [.. heads];
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await accepting;
        listener.Stop();
        stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        var serving = new List<Task>();
        try
        {
            while (true)
            {
                serving.Add(ServeAsync(await listener.AcceptTcpClientAsync(stop.Token)));
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException)
        {
            await Task.WhenAll(serving);
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        try
        {
            using (client)
            {
                var stream = client.GetStream();
                var head = new StringBuilder();
                var one = new byte[1];
                while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal) && await stream.ReadAsync(one, stop.Token) > 0)
                {
                    head.Append((char)one[0]);
                }

                lock (heads)
                {
                    heads.Add(head.ToString());
                }

                if (answer.Length == 0)
                {
                    await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, stop.Token);
                }

                await stream.WriteAsync(Encoding.ASCII.GetBytes(answer), stop.Token);
                if (target > 0)
                {
                    using var onward = new TcpClient();
                    await onward.ConnectAsync(IPAddress.Loopback, target, stop.Token);
                    await Task.WhenAny(stream.CopyToAsync(onward.GetStream(), stop.Token), onward.GetStream().CopyToAsync(stream, stop.Token));
                }
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException or SocketException)
        {
            // The sender left, or the test is over.
            client.Dispose();
        }
    }
}
