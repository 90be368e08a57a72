using System.Net;
using System.Net.Sockets;

namespace SiemForwarder.EndToEnd.Console;

/// <summary>A line on a free loopback port to another, which can be cut and mended, as a network between a browser and the service.</summary>
internal sealed class CutLine : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stop = new();
    private readonly Lock gate = new();
    private readonly List<TcpClient> open = [];
    private readonly List<Task> serving = [];
    private readonly int target;
    private readonly Task accepting;
    private bool isCut;

    /// <param name="target">Port on loopback that the line leads to.</param>
    public CutLine(int target)
    {
        this.target = target;
        listener.Start();
        accepting = AcceptAsync();
    }

    public Uri Address => new($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}/");

    /// <summary>Ends every connection; new ones end at once until the line is mended.</summary>
    public void Cut()
    {
        lock (gate)
        {
            isCut = true;
            open.ForEach(client => client.Dispose());
            open.Clear();
        }
    }

    public void Mend()
    {
        lock (gate)
        {
            isCut = false;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        Cut();
        listener.Stop();
        await accepting;
        await Task.WhenAll(serving);
        stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await listener.AcceptTcpClientAsync(stop.Token);
                lock (gate)
                {
                    if (isCut)
                    {
                        client.Dispose();
                        continue;
                    }

                    open.Add(client);
                    serving.Add(ServeAsync(client));
                }
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException)
        {
            // The test is over.
            listener.Stop();
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        try
        {
            using (client)
            {
                using var onward = new TcpClient();
                await onward.ConnectAsync(IPAddress.Loopback, target, stop.Token);
                await Task.WhenAny(client.GetStream().CopyToAsync(onward.GetStream(), stop.Token), onward.GetStream().CopyToAsync(client.GetStream(), stop.Token));
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException or SocketException or InvalidOperationException)
        {
            // Cut, or the test is over.
            client.Dispose();
        }
    }
}
