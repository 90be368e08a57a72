using System.Net;
using System.Net.Sockets;
using SiemForwarder.Events.Addresses;

namespace SiemForwarder.Events.Privacy;

/// <summary>Shortens an address to its network.</summary>
internal static class AddressCut
{
    private const int Ipv4Octets = 3;
    private const int Ipv6Octets = 6;

    /// <summary>The first address of the /24 (IPv4) or /48 (IPv6); null if the text is not an address.</summary>
    public static string? Cut(string text)
    {
        if (IpLiteral.Find(text) is not { } address)
        {
            return null;
        }

        var octets = address.GetAddressBytes();
        octets.AsSpan(address.AddressFamily == AddressFamily.InterNetwork ? Ipv4Octets : Ipv6Octets).Clear();
        return new IPAddress(octets).ToString();
    }
}
