using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace SiemForwarder.Connections.Network;

/// <summary>Asks an HTTP proxy for a tunnel to an endpoint (RFC 9110 section 9.3.6, CONNECT); what follows on the connection is the endpoint's.</summary>
public static class ProxyTunnel
{
    private const int MaxHeadLength = 8192;

    /// <summary>Null where the tunnel stands.</summary>
    /// <param name="stream">Connected to the proxy.</param>
    /// <param name="proxy">For messages.</param>
    /// <param name="endpoint">Where the tunnel shall lead; its name is resolved by the proxy.</param>
    /// <param name="setting">What the proxy is called in the API.</param>
    /// <param name="timeout">Bound on the answer.</param>
    /// <param name="time">For the bound.</param>
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
                ErrorCategory.Timeout, $"the proxy {proxy} opened no connection to {endpoint} within {timeout.TotalSeconds:0.##} s.",
                "Check that the proxy can reach the receiver.");
        }
        catch (Exception exception) when (exception is IOException or SocketException)
        {
            return SocketFaults.Broken(proxy, exception);
        }
    }

    // Byte by byte: what stands behind the head belongs to the endpoint.
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
                "Let this engine through the proxy by its address: proxies that want a password are not supported.", NeedsChange: true),
            408 or 429 or 502 or 503 or 504 or 500 => new Fault(ErrorCategory.Connection, what, "Check that the proxy can reach the receiver."),
            _ => new Fault(ErrorCategory.Configuration, what, $"Check {setting}, and that the proxy permits connections to this host and port.",
                NeedsChange: true),
        };
    }
}
