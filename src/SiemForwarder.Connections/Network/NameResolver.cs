using System.Net;
using System.Net.Sockets;

namespace SiemForwarder.Connections.Network;

/// <summary>Turns the host of an endpoint into the addresses that may be connected to.</summary>
public static class NameResolver
{
    /// <summary>At least one address, forbidden ones left out; a fault where there is none.</summary>
    public static Task<Result<IPAddress[]>> ResolveAsync(
        Endpoint endpoint, TimeSpan timeout, TimeProvider timeProvider, CancellationToken cancellationToken) =>
        ResolveAsync(endpoint, NameLookup.OfSystem, isGuarded: true, timeout, timeProvider, cancellationToken);

    /// <summary>The same with a look-up of its own, and for the one who may reach every address.</summary>
    /// <param name="endpoint">Whose host.</param>
    /// <param name="names">Looks the name up.</param>
    /// <param name="isGuarded">Whether addresses are forbidden at all.</param>
    /// <param name="timeout">Longest wait.</param>
    /// <param name="timeProvider">Times the wait.</param>
    /// <param name="cancellationToken">The only thing that throws.</param>
    internal static async Task<Result<IPAddress[]>> ResolveAsync(
        Endpoint endpoint, NameLookup names, bool isGuarded, TimeSpan timeout, TimeProvider timeProvider, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        ArgumentNullException.ThrowIfNull(names);
        var answer = await names.FindAsync(endpoint.Host, timeout, timeProvider, cancellationToken);
        var addresses = answer.Addresses;
        if (addresses.Length == 0)
        {
            return SocketFaults.Resolving(endpoint, answer.Error ?? SocketError.NoData, timeout);
        }

        var allowed = isGuarded ? Array.FindAll(addresses, address => !ForbiddenAddresses.Contains(address)) : addresses;
        if (allowed.Length > 0)
        {
            return allowed;
        }

        return Forbidden(endpoint.Host, addresses[0].ToString());
    }

    /// <summary>Says that a host leads where nothing may go.</summary>
    public static Fault Forbidden(string host, string address) => new(
        ErrorCategory.Configuration,
        $"{host} leads to {address}, a link-local or cloud metadata address, which is never asked.",
        "Set the URL to the address of the server itself.", NeedsChange: true);
}
