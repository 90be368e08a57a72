using System.Net;
using System.Net.Sockets;

namespace SiemForwarder.Reliability.Faults;

/// <summary>A DNS server on port 53 of a loopback address, for a process whose <c>/etc/resolv.conf</c> names it; it is silent until told to answer.</summary>
/// <remarks>The process gets a mount namespace of its own (unshare(1)), so that the file of the machine stays as it is.</remarks>
internal sealed class LoopbackDns : IAsyncDisposable
{
    private const int Port = 53;
    private const int HeaderBytes = 12;
    private const byte TypeA = 1;

    private readonly CancellationTokenSource stop = new();
    private readonly Socket socket;
    private readonly string file;
    private readonly Task serving;
    private volatile bool answers;
    private int unanswered;

    private LoopbackDns(Socket socket, string file)
    {
        (this.socket, this.file) = (socket, file);
        serving = ServeAsync();
    }

    /// <summary>Questions that got no answer.</summary>
    public int Unanswered => Volatile.Read(ref unanswered);

    /// <summary>What runs a program that asks this server; its path is appended.</summary>
    public IReadOnlyList<string> Command =>
        ["unshare", "-m", "sh", "-c", $"mount --bind '{file}' /etc/resolv.conf && exec dotnet \"$0\""];

    public static string? Obstacle() => OperatingSystem.IsLinux() && Environment.UserName == "root" && File.Exists("/usr/bin/unshare")
        ? null : "only root may listen on port 53 and give a process a resolv.conf of its own";

    public static LoopbackDns Start(string folder)
    {
        // Scenarios that run at a time have one each.
        for (byte last = 153; ; last++)
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            try
            {
                var address = new IPAddress([127, 0, 0, last]);
                socket.Bind(new IPEndPoint(address, Port));
                var file = Path.Combine(folder, "resolv.conf");
                File.WriteAllText(file, $"nameserver {address}\n");
                return new LoopbackDns(socket, file);
            }
            catch (SocketException exception) when (exception.SocketErrorCode == SocketError.AddressAlreadyInUse && last < 200)
            {
                socket.Dispose();
            }
        }
    }

    /// <summary>From now on every name leads to 127.0.0.1.</summary>
    public void Answer() => answers = true;

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await serving;
        socket.Dispose();
        stop.Dispose();
    }

    private async Task ServeAsync()
    {
        var buffer = new byte[1500];
        try
        {
            while (true)
            {
                var asked = await socket.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0), stop.Token);
                if (answers && Reply(buffer.AsSpan(0, asked.ReceivedBytes)) is { } reply)
                {
                    await socket.SendToAsync(reply, asked.RemoteEndPoint, stop.Token);
                }
                else
                {
                    Interlocked.Increment(ref unanswered);
                }
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return;
        }
    }

    // RFC 1035 section 4: the header and the question come back, with one address where one was asked for and nothing for other types.
    private static byte[]? Reply(ReadOnlySpan<byte> query)
    {
        var end = HeaderBytes;
        while (end < query.Length && query[end] != 0)
        {
            end += query[end] + 1;
        }

        end += 5;
        if (end > query.Length)
        {
            return null;
        }

        var isAddress = query[end - 3] == TypeA;
        byte[] answer = isAddress ? [0xC0, HeaderBytes, 0, TypeA, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1] : [];
        return [query[0], query[1], 0x81, 0x80, 0, 1, 0, (byte)(isAddress ? 1 : 0), 0, 0, 0, 0, .. query[HeaderBytes..end], .. answer];
    }
}
