using System.Net;
using System.Net.Sockets;

namespace SiemForwarder.Connections.Network;

/// <summary>Resolves the host of an endpoint to the addresses that may be connected to.</summary>
public static class NameResolver
{
    /// <summary>How long to look up a name when the proxy or a later attempt decides anyway.</summary>
    public static readonly TimeSpan ShortLook = TimeSpan.FromSeconds(1);

    /// <summary>At least one address, without refused ones; a fault if there is none.</summary>
    /// <param name="endpoint">The endpoint whose host is resolved.</param>
    /// <param name="egress">Which connections are allowed.</param>
    /// <param name="timeout">Longest wait.</param>
    /// <param name="time">Times the wait.</param>
    /// <param name="cancellationToken">The only thing that throws.</param>
    public static Task<Result<IPAddress[]>> ResolveAsync(
        Endpoint endpoint, EgressPolicy egress, TimeSpan timeout, TimeProvider time, CancellationToken cancellationToken) =>
        ResolveAsync(endpoint, NameLookup.OfSystem, egress, timeout, time, cancellationToken);

    /// <summary>Why connecting to an endpoint is not allowed; null if it is, or if its name cannot be resolved here.</summary>
    /// <param name="endpoint">The endpoint to connect to.</param>
    /// <param name="names">Resolves the name.</param>
    /// <param name="egress">Which connections are allowed.</param>
    /// <param name="byProxy">Whether a proxy resolves the name and may use any of its addresses, so that all of them must be allowed.</param>
    /// <param name="time">Times the wait.</param>
    /// <param name="cancellationToken">The only thing that throws.</param>
    public static async Task<Fault?> JudgeAsync(
        Endpoint endpoint, NameLookup names, EgressPolicy egress, bool byProxy, TimeProvider time, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        ArgumentNullException.ThrowIfNull(names);
        ArgumentNullException.ThrowIfNull(egress);
        if (egress.Judge(endpoint) is { } refused)
        {
            return refused;
        }

        var faults = (await names.FindAsync(endpoint.Host, ShortLook, time, cancellationToken)).Addresses
            .Select(address => egress.Judge(endpoint.Host, address)).ToList();
        return byProxy || faults.TrueForAll(fault => fault is not null) ? faults.Find(fault => fault is not null) : null;
    }

    /// <summary>The same with a given name lookup, and for callers that may reach every address.</summary>
    internal static async Task<Result<IPAddress[]>> ResolveAsync(
        Endpoint endpoint, NameLookup names, EgressPolicy? egress, TimeSpan timeout, TimeProvider time, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        ArgumentNullException.ThrowIfNull(names);
        if (egress?.Judge(endpoint) is { } refused)
        {
            return refused;
        }

        var answer = await names.FindAsync(endpoint.Host, timeout, time, cancellationToken);
        var addresses = answer.Addresses;
        if (addresses.Length == 0)
        {
            return SocketFaults.Resolving(endpoint, answer.Error ?? SocketError.NoData, timeout);
        }

        var allowed = egress is null ? addresses : Array.FindAll(addresses, address => egress.Judge(endpoint.Host, address) is null);
        return allowed.Length > 0 ? allowed : egress!.Judge(endpoint.Host, addresses[0])!;
    }
}
