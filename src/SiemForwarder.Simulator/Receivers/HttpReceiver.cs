using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;

namespace SiemForwarder.Simulator.Receivers;

/// <summary>An HTTP receiver on a free loopback port, on bare sockets, that records exact requests and answers or misbehaves as configured.</summary>
public sealed class HttpReceiver : IAsyncDisposable
{
    private readonly Func<ReceivedRequest, HttpReply> answer;
    private readonly SslServerAuthenticationOptions? tls;
    private readonly CancellationTokenSource stop = new();
    private readonly Pulse pulse = new();
    private readonly Lock guard = new();
    private readonly List<ReceivedRequest> requests = [];
    private readonly Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly Task accepting;

    private HttpReceiver(Func<ReceivedRequest, HttpReply> answer, SslServerAuthenticationOptions? tls, int port)
    {
        this.answer = answer;
        this.tls = tls;
        listener.Bind(new IPEndPoint(IPAddress.Loopback, port));
        listener.Listen();
        accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)listener.LocalEndPoint!).Port;

    /// <summary>Resets every connection as soon as the headers of a request have been read, while its body is still arriving.</summary>
    public bool ResetsBeforeBody { get; set; }

    /// <summary>All completely received requests, in order.</summary>
    public IReadOnlyList<ReceivedRequest> Requests
    {
        get
        {
            lock (guard)
            {
                return [.. requests];
            }
        }
    }

    /// <param name="answer">Determines the reply to a request.</param>
    /// <param name="tls">TLS options; null for plain HTTP.</param>
    /// <param name="port">Port to listen on; 0 for a free one.</param>
    public static HttpReceiver Start(Func<ReceivedRequest, HttpReply> answer, SslServerAuthenticationOptions? tls = null, int port = 0) =>
        new(answer, tls, port);

    /// <summary>Gives the same reply to every request.</summary>
    public static HttpReceiver Start(HttpReply reply, SslServerAuthenticationOptions? tls = null) => new(_ => reply, tls, 0);

    public Task WaitForRequestsAsync(int count, CancellationToken cancellationToken) =>
        pulse.WaitUntilAsync(() => Requests.Count >= count, cancellationToken);

    /// <summary>Stops listening and closes every connection; may be called repeatedly.</summary>
    public async ValueTask DisposeAsync()
    {
        if (stop.IsCancellationRequested)
        {
            return;
        }

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
                serving.Add(ServeAsync(socket, serving.Count + 1));
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or ObjectDisposedException or SocketException)
        {
            await Task.WhenAll(serving);
        }
    }

    private async Task ServeAsync(Socket socket, int number)
    {
        try
        {
            Stream stream = new NetworkStream(socket, ownsSocket: true);
            if (tls is not null)
            {
                var secured = new SslStream(stream);
                await secured.AuthenticateAsServerAsync(tls, stop.Token);
                stream = secured;
            }

            await using (stream)
            {
                while (await ServeOneAsync(stream, socket, number))
                {
                    pulse.Beat();
                }
            }
        }
        catch (Exception exception)
            when (exception is IOException or SocketException or AuthenticationException or OperationCanceledException or ObjectDisposedException)
        {
            // The sender disconnected or was refused; complete requests are recorded.
            socket.Dispose();
        }
    }

    private async Task<bool> ServeOneAsync(Stream stream, Socket socket, int number)
    {
        var head = await ReadHeadAsync(stream);
        if (head.Length == 0)
        {
            return false;
        }

        var request = new ReceivedRequest(number, Encoding.UTF8.GetString(head), []);
        if (ResetsBeforeBody)
        {
            Reset(socket);
            return false;
        }

        var body = new byte[request.ContentLength];
        await stream.ReadExactlyAsync(body, stop.Token);
        request = request with { Body = body };
        lock (guard)
        {
            requests.Add(request);
        }

        pulse.Beat();
        return await ReplyAsync(stream, socket, answer(request));
    }

    private async Task<bool> ReplyAsync(Stream stream, Socket socket, HttpReply reply)
    {
        if (reply.Delay > TimeSpan.Zero)
        {
            await Task.Delay(reply.Delay, TimeProvider.System, stop.Token);
        }

        switch (reply.Conduct)
        {
            case HttpReplyConduct.Silence:
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, stop.Token);
                return false;
            case HttpReplyConduct.Reset:
                Reset(socket);
                return false;
            default:
                await stream.WriteAsync(reply.ToBytes(), stop.Token);
                return reply.Conduct == HttpReplyConduct.Complete;
        }
    }

    private static void Reset(Socket socket)
    {
        socket.LingerState = new LingerOption(true, 0);
        socket.Dispose();
    }

    private async Task<byte[]> ReadHeadAsync(Stream stream)
    {
        var head = new MemoryStream();
        var one = new byte[1];
        while (await stream.ReadAsync(one, stop.Token) > 0)
        {
            head.Write(one);
            if (head.GetBuffer().AsSpan(0, (int)head.Length).EndsWith("\r\n\r\n"u8))
            {
                return head.ToArray();
            }
        }

        return [];
    }
}
