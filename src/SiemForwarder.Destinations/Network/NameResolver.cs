using System.Net;
using System.Net.Sockets;

namespace SiemForwarder.Destinations.Network;

/// <summary>Turns the host of an endpoint into the addresses that may be connected to.</summary>
internal static class NameResolver
{
    /// <summary>At least one address, forbidden ones left out; a fault where there is none.</summary>
    public static async Task<Attempt<IPAddress[]>> ResolveAsync(
        Endpoint endpoint, TimeSpan timeout, TimeProvider timeProvider, CancellationToken cancellationToken)
    {
        IPAddress[] addresses;
        if (IPAddress.TryParse(endpoint.Host, out var literal))
        {
            addresses = [literal];
        }
        else
        {
            using var bound = new TimeBound(timeout, timeProvider, cancellationToken);
            try
            {
                addresses = await Dns.GetHostAddressesAsync(endpoint.Host, bound.Token);
            }
            catch (SocketException exception)
            {
                return SocketFaults.Resolving(endpoint, exception);
            }
            catch (ArgumentException)
            {
                return new Fault(
                    ErrorCategory.Configuration, $"'{OneLine.Of(endpoint.Host, 100)}' is not a host name.", "Correct the server URL.", NeedsChange: true);
            }
            catch (OperationCanceledException) when (bound.IsOver)
            {
                return new Fault(
                    ErrorCategory.NameResolution, $"the name {endpoint.Host} was not resolved within {timeout.TotalSeconds:0.##} s.",
                    "Check that this engine can reach its DNS server.");
            }
        }

        var allowed = addresses.Where(address => !ForbiddenAddresses.Contains(address)).ToArray();
        if (allowed.Length > 0)
        {
            return allowed;
        }

        return addresses.Length == 0
            ? SocketFaults.Resolving(endpoint, new SocketException((int)SocketError.NoData))
            : Forbidden(endpoint.Host, addresses[0].ToString());
    }

    /// <summary>Says that a host leads where no destination may go.</summary>
    public static Fault Forbidden(string host, string address) => new(
        ErrorCategory.Configuration,
        $"{host} leads to {address}, a link-local or cloud metadata address, which destinations may never reach.",
        "Set the server URL to the address of the receiver itself.", NeedsChange: true);
}
