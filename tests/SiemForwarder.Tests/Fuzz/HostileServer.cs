using System.Net;
using System.Net.Sockets;
using System.Text;

namespace SiemForwarder.Tests.Fuzz;

/// <summary>A server on loopback that answers every request with the bytes it is told to, whatever HTTP says, and closes.</summary>
internal sealed class HostileServer : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stop = new();
    private readonly Task accepting;

    public HostileServer()
    {
        listener.Start();
        Port = ((IPEndPoint)listener.LocalEndpoint).Port;
        accepting = AcceptAsync();
    }

    /// <summary>Where it listens.</summary>
    public int Port { get; }

    /// <summary>Whether a request has a head and a body as HTTP has them; else the first bytes are all of it.</summary>
    public bool IsHttp { get; init; } = true;

    /// <summary>Writes an answer; the connection is closed behind it.</summary>
    public Func<NetworkStream, CancellationToken, Task> Answer { get; set; } = (_, _) => Task.CompletedTask;

    /// <summary>Answers with these bytes as a body of JSON.</summary>
    public void AnswerJson(int status, byte[] body) => Answer = async (stream, cancellationToken) =>
    {
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n"), cancellationToken);
        await stream.WriteAsync(body, cancellationToken);
    };

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        listener.Dispose();
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
                serving.RemoveAll(task => task.IsCompleted);
                serving.Add(ServeAsync(await listener.AcceptTcpClientAsync(stop.Token)));
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException or InvalidOperationException)
        {
            await Task.WhenAll(serving);
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                var stream = client.GetStream();
                await ReadRequestAsync(stream);
                await Answer(stream, stop.Token);
                client.Client.Shutdown(SocketShutdown.Send);
            }
            catch (Exception exception) when (exception is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
            {
                // Whoever was attacked has hung up.
                client.Close();
            }
        }
    }

    private async Task ReadRequestAsync(NetworkStream stream)
    {
        var read = new MemoryStream();
        var buffer = new byte[4096];
        while (true)
        {
            var count = await stream.ReadAsync(buffer, stop.Token);
            read.Write(buffer, 0, count);
            if (!IsHttp)
            {
                return;
            }

            var text = Encoding.Latin1.GetString(read.GetBuffer(), 0, (int)read.Length);
            var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            var announced = text.Split("\r\n").FirstOrDefault(line => line.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase));
            if (count == 0 || (end >= 0 && read.Length >= end + 4 + (announced is null ? 0 : int.Parse(announced.Split(':')[1], System.Globalization.CultureInfo.InvariantCulture))))
            {
                return;
            }
        }
    }
}
