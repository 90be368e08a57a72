using System.Net;
using System.Net.Sockets;

namespace SiemForwarder.Connections.Network;

/// <summary>Turns the host of an endpoint into the addresses that may be connected to.</summary>
public static class NameResolver
{
    /// <summary>How long a name is looked up of which the proxy, or a later attempt, decides anyway.</summary>
    public static readonly TimeSpan ShortLook = TimeSpan.FromSeconds(1);

    /// <summary>At least one address, refused ones left out; a fault where there is none.</summary>
    /// <param name="endpoint">Whose host.</param>
    /// <param name="egress">Where connections may lead.</param>
    /// <param name="timeout">Longest wait.</param>
    /// <param name="time">Times the wait.</param>
    /// <param name="cancellationToken">The only thing that throws.</param>
    public static Task<Result<IPAddress[]>> ResolveAsync(
        Endpoint endpoint, EgressPolicy egress, TimeSpan timeout, TimeProvider time, CancellationToken cancellationToken) =>
        ResolveAsync(endpoint, NameLookup.OfSystem, egress, timeout, time, cancellationToken);

    /// <summary>Why an endpoint may not be connected to; null where it may, or where nobody here knows its name.</summary>
    /// <param name="endpoint">Where to.</param>
    /// <param name="names">Looks the name up.</param>
    /// <param name="egress">Where connections may lead.</param>
    /// <param name="byProxy">Whether a proxy looks the name up and may take any of its addresses, so that none may be refused.</param>
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

    /// <summary>The same with a look-up of its own, and for the one who may reach every address.</summary>
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
