using System.Net.Sockets;

namespace SiemForwarder.Connections.Network;

/// <summary>Converts everything a socket can throw into a fault.</summary>
public static class SocketFaults
{
    public static Fault Resolving(Endpoint endpoint, SocketError error, TimeSpan limit) => error switch
    {
        SocketError.HostNotFound or SocketError.NoData => new Fault(
            ErrorCategory.NameResolution, $"the name {endpoint.Host} does not exist.",
            "Check the spelling of the host in the server URL, and that this engine's DNS can resolve it."),
        SocketError.InvalidArgument => new Fault(
            ErrorCategory.Configuration, $"'{OneLine.Of(endpoint.Host, 100)}' is not a host name.", "Correct the server URL.", NeedsChange: true),
        SocketError.TimedOut => new Fault(
            ErrorCategory.NameResolution, $"the name {endpoint.Host} was not resolved within {limit.TotalSeconds:0.##} s.",
            "Check that this engine can reach its DNS server."),
        _ => new Fault(
            ErrorCategory.NameResolution, $"the name {endpoint.Host} could not be resolved ({error}).",
            "Check that this engine can reach its DNS server."),
    };

    public static Fault Connecting(Endpoint endpoint, SocketException exception) => exception.SocketErrorCode switch
    {
        SocketError.ConnectionRefused => new Fault(
            ErrorCategory.Connection, $"{endpoint} refused the connection.",
            "Check that the receiver is running and listening on this port, and that the port is correct."),
        SocketError.HostUnreachable or SocketError.NetworkUnreachable => new Fault(
            ErrorCategory.Connection, $"there is no route to {endpoint}.",
            "Check the network of this engine, or run the integration in the engine pool of the receiver's network."),
        SocketError.TimedOut => ConnectTimeout(endpoint, null),
        SocketError.AccessDenied => new Fault(
            ErrorCategory.Connection, $"this machine does not permit connections to {endpoint}.",
            "Check the local firewall and the permissions of the process."),
        _ => new Fault(
            ErrorCategory.Connection, $"the connection to {endpoint} failed ({exception.SocketErrorCode}).",
            "Check that the receiver is running and that nothing in between closes the connection."),
    };

    public static Fault ConnectTimeout(Endpoint endpoint, TimeSpan? limit) => new(
        ErrorCategory.Timeout,
        limit is null ? $"{endpoint} did not answer in time." : $"{endpoint} did not answer within {limit.Value.TotalSeconds:0.##} s.",
        "A firewall may drop the packets: open the port from this engine, or run the integration in the engine pool of the receiver's network.");

    public static Fault Broken(Endpoint endpoint, Exception exception)
    {
        var code = (exception as SocketException ?? exception.InnerException as SocketException)?.SocketErrorCode;
        return code switch
        {
            SocketError.ConnectionReset or SocketError.ConnectionAborted or SocketError.Shutdown => Reset(endpoint),
            SocketError.TimedOut => new Fault(
                ErrorCategory.Timeout, $"{endpoint} no longer acknowledges sent data.",
                "The receiver or the network in between is down; the batch is sent again."),
            _ => new Fault(
                ErrorCategory.Connection, $"the connection to {endpoint} was lost{(code is null ? "" : $" ({code})")}.",
                "The batch is sent again on a new connection; check the receiver's log if this keeps happening."),
        };
    }

    public static Fault Reset(Endpoint endpoint) => new(
        ErrorCategory.Connection, $"{endpoint} closed the connection before it had received everything.",
        "The batch is sent again; check the receiver's log if this keeps happening: it may reject this sender, framing or size.");
}
