using System.Net;
using System.Net.Sockets;

namespace SiemForwarder.Connections.Network;

/// <summary>Turns the host of an endpoint into the addresses that may be connected to.</summary>
public static class NameResolver
{
    /// <summary>At least one address, forbidden ones left out; a fault where there is none.</summary>
    public static async Task<Result<IPAddress[]>> ResolveAsync(
        Endpoint endpoint, TimeSpan timeout, TimeProvider timeProvider, CancellationToken cancellationToken)
    {
        var answer = await NameLookup.OfSystem.FindAsync(endpoint.Host, timeout, timeProvider, cancellationToken);
        var addresses = answer.Addresses;
        if (addresses.Length == 0)
        {
            return SocketFaults.Resolving(endpoint, answer.Error ?? SocketError.NoData, timeout);
        }

        var allowed = addresses.Where(address => !ForbiddenAddresses.Contains(address)).ToArray();
        if (allowed.Length > 0)
        {
            return allowed;
        }

        return Forbidden(endpoint.Host, addresses[0].ToString());
    }

    /// <summary>Says that a host leads where no destination may go.</summary>
    public static Fault Forbidden(string host, string address) => new(
        ErrorCategory.Configuration,
        $"{host} leads to {address}, a link-local or cloud metadata address, which destinations may never reach.",
        "Set the server URL to the address of the receiver itself.", NeedsChange: true);
}
