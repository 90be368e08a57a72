using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace SiemForwarder.Connections.Network;

/// <summary>Requests a tunnel to an endpoint from an HTTP proxy (RFC 9110 section 9.3.6, CONNECT); the connection then belongs to the endpoint.</summary>
public static class ProxyTunnel
{
    private const int MaxHeadLength = 8192;

    /// <summary>Opens the tunnel; null on success.</summary>
    /// <param name="stream">A connection to the proxy.</param>
    /// <param name="proxy">For messages.</param>
    /// <param name="endpoint">The endpoint to reach; its name is resolved by the proxy.</param>
    /// <param name="setting">Name of the proxy setting in the API.</param>
    /// <param name="timeout">Limit for the response.</param>
    /// <param name="time">Times the limit.</param>
    /// <param name="cancellationToken">The only thing that throws.</param>
    public static async Task<Fault?> OpenAsync(
        Stream stream, Endpoint proxy, Endpoint endpoint, string setting, TimeSpan timeout, TimeProvider time, CancellationToken cancellationToken)
    {
        using var bound = new TimeBound(timeout, time, cancellationToken);
        try
        {
            await stream.WriteAsync(Encoding.ASCII.GetBytes($"CONNECT {endpoint} HTTP/1.1\r\nHost: {endpoint}\r\n\r\n"), bound.Token);
            return Judge(await ReadHeadAsync(stream, bound.Token), proxy, endpoint, setting);
        }
        catch (OperationCanceledException) when (bound.IsOver)
        {
            return new Fault(
                ErrorCategory.Timeout, $"the proxy {proxy} did not open a connection to {endpoint} within {timeout.TotalSeconds:0.##} s.",
                "Check that the proxy can reach the receiver.");
        }
        catch (Exception exception) when (exception is IOException or SocketException)
        {
            return SocketFaults.Broken(proxy, exception);
        }
    }

    // Byte by byte: whatever follows the head belongs to the endpoint.
    private static async Task<string> ReadHeadAsync(Stream stream, CancellationToken cancellationToken)
    {
        var head = new StringBuilder();
        var one = new byte[1];
        while (head.Length < MaxHeadLength && await stream.ReadAsync(one, cancellationToken) > 0)
        {
            head.Append((char)one[0]);
            if (one[0] == (byte)'\n' && head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
            {
                break;
            }
        }

        return head.ToString();
    }

    private static Fault? Judge(string head, Endpoint proxy, Endpoint endpoint, string setting)
    {
        var line = head.Split("\r\n")[0];
        if (line.Length == 0)
        {
            return SocketFaults.Reset(proxy);
        }

        var parts = line.Split(' ', 3);
        if (parts.Length < 2 || !parts[0].StartsWith("HTTP/1.", StringComparison.Ordinal)
            || !int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var status))
        {
            return new Fault(ErrorCategory.Configuration, $"{proxy} did not answer as an HTTP proxy does.", $"Check {setting}.", NeedsChange: true);
        }

        var what = $"the proxy {proxy} answered {OneLine.Of(line, 100)} when asked for a connection to {endpoint}.";
        return status switch
        {
            >= 200 and <= 299 => null,
            407 => new Fault(ErrorCategory.Authentication, what,
                "Allow this engine through the proxy by its address: proxies that require a password are not supported.", NeedsChange: true),
            408 or 429 or 502 or 503 or 504 or 500 => new Fault(ErrorCategory.Connection, what, "Check that the proxy can reach the receiver."),
            _ => new Fault(ErrorCategory.Configuration, what, $"Check {setting}, and that the proxy permits connections to this host and port.",
                NeedsChange: true),
        };
    }
}
