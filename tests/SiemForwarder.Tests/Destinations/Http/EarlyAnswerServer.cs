using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace SiemForwarder.Tests.Destinations.Http;

/// <summary>An HTTP server that answers when it has seen the beginning of a request, and takes no more of it.</summary>
internal sealed class EarlyAnswerServer : IAsyncDisposable
{
    private const int ReadBytes = 32 * 1024;

    private readonly CancellationTokenSource stop = new();
    private readonly Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly int status;
    private readonly bool closes;
    private readonly X509Certificate2? certificate;
    private readonly Task accepting;
    private int connections;

    /// <param name="status">What it answers.</param>
    /// <param name="closes">Whether it closes with the rest unread, which its system tells by a reset; else it keeps silent.</param>
    /// <param name="certificate">For TLS; null for plain HTTP.</param>
    public EarlyAnswerServer(int status, bool closes, X509Certificate2? certificate = null)
    {
        (this.status, this.closes, this.certificate) = (status, closes, certificate);
        listener.ReceiveBufferSize = ReadBytes;
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)listener.LocalEndPoint!).Port;

    public int Connections => Volatile.Read(ref connections);

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
                var socket = await listener.AcceptAsync(stop.Token);
                Interlocked.Increment(ref connections);
                serving.Add(ServeAsync(socket));
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or ObjectDisposedException or SocketException)
        {
            await Task.WhenAll(serving);
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        try
        {
            Stream stream = new NetworkStream(socket, ownsSocket: true);
            if (certificate is not null)
            {
                var secured = new SslStream(stream);
                await secured.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = certificate }, stop.Token);
                stream = secured;
            }

            // Without a farewell of TLS: what counts is how the socket ends.
            await stream.ReadExactlyAsync(new byte[ReadBytes], stop.Token);
            await stream.WriteAsync(
                Encoding.ASCII.GetBytes($"HTTP/1.1 {status} Early\r\nContent-Length: 5\r\n{(closes ? "Connection: close\r\n" : "")}\r\nearly"), stop.Token);
            if (closes)
            {
                socket.Close();
                return;
            }

            await Task.Delay(Timeout.InfiniteTimeSpan, stop.Token);
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException or SocketException or ObjectDisposedException)
        {
            socket.Dispose();
        }
    }
}
