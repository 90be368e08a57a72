using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using SiemForwarder.Events.Bytes;

namespace SiemForwarder.Benchmarks;

/// <summary>Posts arrays of login events over plain sockets, so that the sender costs little; each event has its number in its id.</summary>
/// <param name="port">Port of the service.</param>
/// <param name="paths">Inboxes; request after request goes to the next one.</param>
/// <param name="key">Key of all of them.</param>
internal sealed class InboxSender(int port, string[] paths, string key)
{
    private const string LengthName = "Content-Length: ";

    /// <summary>Events a second; null for as fast as they are answered.</summary>
    public int? PerSecond { get; init; }

    /// <summary>When each event was sent, as a timestamp; null unless somebody wants to know.</summary>
    public long[]? SentAt { get; init; }

    /// <summary>Sends the events whose numbers are at least <paramref name="from"/> and below <paramref name="count"/>.</summary>
    public Task SendAsync(int count, int eventsPerRequest, int connections, CancellationToken cancellationToken, int from = 0)
    {
        var (next, clock) = (from, Stopwatch.StartNew());
        return Task.WhenAll(Enumerable.Range(0, connections).Select(_ => Task.Run(async () =>
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await socket.ConnectAsync(IPAddress.Loopback, port, cancellationToken);
            using var body = new PooledBuffer();
            var answer = new byte[4096];
            while (Interlocked.Add(ref next, eventsPerRequest) - eventsPerRequest is var first && first < count)
            {
                if (PerSecond is { } rate && TimeSpan.FromSeconds((first - from) / (double)rate) - clock.Elapsed is var early && early > TimeSpan.Zero)
                {
                    await Task.Delay(early, cancellationToken);
                }

                body.Clear();
                Write(body, first, Math.Min(eventsPerRequest, count - first));
                var path = paths[first / eventsPerRequest % paths.Length];
                SentAt?.AsSpan(first, Math.Min(eventsPerRequest, count - first)).Fill(Stopwatch.GetTimestamp());
                var head = $"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nX-API-Key: {key}\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\n\r\n";
                await socket.SendAsync(Encoding.ASCII.GetBytes(head), cancellationToken);
                await socket.SendAsync(body.Memory, cancellationToken);
                await ReadAnswerAsync(socket, answer, cancellationToken);
            }
        }, cancellationToken)));
    }

    private static void Write(PooledBuffer body, int first, int count)
    {
        body.Append("["u8);
        WriteEvents(body, first, count, ","u8);
        body.Append("]"u8);
    }

    /// <summary>Writes numbered events with something between them.</summary>
    internal static void WriteEvents(PooledBuffer body, int first, int count, ReadOnlySpan<byte> between)
    {
        var now = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        for (var number = first; number < first + count; number++)
        {
            var person = number * 7919 % 1000;
            body.Append(number == first ? default : between);
            body.Append("{\"id\":\"c0ffee00-0000-4000-8000-"u8);
            AppendNumber(body, number, 12);
            body.Append("\",\"time\":"u8);
            AppendNumber(body, now, 13);
            body.Append(number % 10 == 0 ? ",\"type\":\"access.LOGIN_ERROR\",\"error\":\"invalid_user_credentials\""u8 : ",\"type\":\"access.LOGIN\""u8);
            body.Append(",\"realmId\":\"c7fc32ed-5c92-4cea-b8da-2008ce1d2e71\",\"realmName\":\"acme\",\"authDetails\":{\"realmId\":\"acme\",\"clientId\":\"web-app\",\"userId\":\"ca99d5df-9069-4c01-a339-"u8);
            AppendNumber(body, person, 12);
            body.Append("\",\"ipAddress\":\"192.0.2."u8);
            AppendNumber(body, 100 + (person % 100), 3);
            body.Append("\",\"sessionId\":\"756261b0-2a1a-4f9e-82ad-"u8);
            AppendNumber(body, number * 31L, 12);
            body.Append("\",\"username\":\"alice."u8);
            AppendNumber(body, person, 3);
            body.Append("\"},\"details\":{\"auth_method\":\"openid-connect\",\"auth_type\":\"code\",\"redirect_uri\":\"https://apps.example.com/callback\",\"code_id\":\"756261b0-2a1a-4f9e-82ad-"u8);
            AppendNumber(body, number * 31L, 12);
            body.Append("\",\"username\":\"alice."u8);
            AppendNumber(body, person, 3);
            body.Append("\"}}"u8);
        }
    }

    private static void AppendNumber(PooledBuffer body, long number, int digits)
    {
        var text = body.Take(digits);
        for (var i = digits - 1; i >= 0; i--)
        {
            text[i] = (byte)('0' + (number % 10));
            number /= 10;
        }
    }

    private static async Task ReadAnswerAsync(Socket socket, byte[] answer, CancellationToken cancellationToken)
    {
        var length = 0;
        while (true)
        {
            var read = await socket.ReceiveAsync(answer.AsMemory(length), cancellationToken);
            length += read;
            var text = Encoding.ASCII.GetString(answer, 0, length);
            if (read == 0 || !text.StartsWith("HTTP/1.1 202", StringComparison.Ordinal))
            {
                throw new InvalidOperationException($"The inbox answered: {text}");
            }

            // Of known length, or in chunks.
            var (end, known) = (text.IndexOf("\r\n\r\n", StringComparison.Ordinal), text.IndexOf(LengthName, StringComparison.Ordinal));
            if (end > 0 && known > 0
                ? length == end + 4 + int.Parse(text.AsSpan(known + LengthName.Length, text.IndexOf('\r', known) - known - LengthName.Length), CultureInfo.InvariantCulture)
                : text.EndsWith("0\r\n\r\n", StringComparison.Ordinal))
            {
                return;
            }
        }
    }
}
