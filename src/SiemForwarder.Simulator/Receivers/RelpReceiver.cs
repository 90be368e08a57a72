using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace SiemForwarder.Simulator.Receivers;

/// <summary>A RELP receiver on a free loopback port that records messages and answers each as configured.</summary>
public sealed class RelpReceiver : IAsyncDisposable
{
    private readonly Func<int, string?> answer;
    private readonly Action<string>? received;
    private readonly CancellationTokenSource stop = new();
    private readonly Lock guard = new();
    private readonly List<string> messages = [];
    private readonly MemoryStream bytes = new();
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly Task accepting;

    private RelpReceiver(Func<int, string?> answer, Action<string>? received)
    {
        this.answer = answer;
        this.received = received;
        listener.Start();
        accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    public int Connections { get; private set; }

    /// <summary>The received messages, in order, whatever was answered.</summary>
    public IReadOnlyList<string> Messages
    {
        get
        {
            lock (guard)
            {
                return [.. messages];
            }
        }
    }

    /// <summary>Everything read so far, over all connections.</summary>
    public byte[] Bytes
    {
        get
        {
            lock (guard)
            {
                return bytes.ToArray();
            }
        }
    }

    /// <param name="answer">Maps the number of messages so far to the data of the answer, <c>serverclose</c>, or null to close without answering.</param>
    /// <param name="received">Called with every message before it is answered; may be null.</param>
    public static RelpReceiver Start(Func<int, string?> answer, Action<string>? received = null) => new(answer, received);

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        listener.Stop();
        await accepting;
        stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                using var client = await listener.AcceptTcpClientAsync(stop.Token);
                Connections++;
                await ServeAsync(client.GetStream());
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException or IOException or InvalidOperationException)
        {
            // The sender disconnected or the test is over; received messages are recorded.
            listener.Stop();
        }
    }

    private async Task ServeAsync(NetworkStream stream)
    {
        while (await ReadWordAsync(stream) is { Length: > 0 } number)
        {
            var command = await ReadWordAsync(stream);
            var data = new byte[int.Parse(await ReadWordAsync(stream), CultureInfo.InvariantCulture)];
            if (data.Length > 0)
            {
                var end = new byte[1];
                await stream.ReadExactlyAsync(data, stop.Token);
                await stream.ReadExactlyAsync(end, stop.Token);
                Record(data, end);
            }

            var reply = command == "syslog" ? answer(Add(Encoding.UTF8.GetString(data))) : "200 OK relp_version=0\ncommands=syslog";
            if (command == "close" || reply is null)
            {
                return;
            }

            await stream.WriteAsync(
                Encoding.UTF8.GetBytes(reply == "serverclose" ? "0 serverclose 0\n" : $"{number} rsp {reply.Length} {reply}\n"), stop.Token);
        }
    }

    private void Record(byte[] read, byte[] behind)
    {
        lock (guard)
        {
            bytes.Write(read);
            bytes.Write(behind);
        }
    }

    private int Add(string message)
    {
        received?.Invoke(message);
        lock (guard)
        {
            messages.Add(message);
            return messages.Count;
        }
    }

    private async Task<string> ReadWordAsync(NetworkStream stream)
    {
        var word = new StringBuilder();
        var one = new byte[1];
        while (await stream.ReadAsync(one, stop.Token) > 0)
        {
            Record(one, []);
            if (one[0] is (byte)' ' or (byte)'\n')
            {
                break;
            }

            word.Append((char)one[0]);
        }

        return word.ToString();
    }
}
