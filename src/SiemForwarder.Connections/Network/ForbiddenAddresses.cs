using System.Net;
using System.Net.Sockets;

namespace SiemForwarder.Connections.Network;

/// <summary>Addresses that no destination and no source may reach: link-local and the metadata services of clouds, in every disguise.</summary>
/// <remarks>
/// Whoever may write an integration or a source must not get at the credentials of the machine it runs on. Private and loopback ranges stay
/// allowed, since SIEMs live there. Checked after resolution, on the very address that is connected to.
/// </remarks>
public static class ForbiddenAddresses
{
    private static readonly IPNetwork[] Networks =
    [
        IPNetwork.Parse("169.254.0.0/16"),    // link-local, RFC 3927; metadata of AWS, Azure, Google, Oracle and others
        IPNetwork.Parse("100.100.100.200/32"), // metadata of Alibaba Cloud
        IPNetwork.Parse("168.63.129.16/32"),  // Azure's host agent
        IPNetwork.Parse("192.0.0.192/32"),    // metadata of Oracle Cloud, older form
        IPNetwork.Parse("fe80::/10"),         // link-local, RFC 4291
        IPNetwork.Parse("fd00:ec2::/32"),     // metadata and credentials of AWS
        IPNetwork.Parse("fd20:ce::254/128"),  // metadata of Google Cloud
    ];

    private static readonly IPNetwork Compatible = IPNetwork.Parse("::/96");
    private static readonly IPNetwork Mapped = IPNetwork.Parse("::ffff:0:0/96");
    private static readonly IPNetwork Translated = IPNetwork.Parse("::ffff:0:0:0/96");
    private static readonly IPNetwork WellKnownNat64 = IPNetwork.Parse("64:ff9b::/96");
    private static readonly IPNetwork LocalNat64 = IPNetwork.Parse("64:ff9b:1::/48");
    private static readonly IPNetwork SixToFour = IPNetwork.Parse("2002::/16");
    private static readonly IPNetwork Teredo = IPNetwork.Parse("2001::/32");

    /// <summary>Whether a host is one of them as far as its writing tells; names are judged again when they are resolved.</summary>
    public static bool IsNamedBy(string host)
    {
        ArgumentNullException.ThrowIfNull(host);
        return IPAddress.TryParse(host, out var address)
            ? Contains(address)
            : host.TrimEnd('.').EndsWith("metadata.google.internal", StringComparison.OrdinalIgnoreCase);
    }

    public static bool Contains(IPAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        if (IsListed(address))
        {
            return true;
        }

        return address.AddressFamily == AddressFamily.InterNetworkV6 && EmbeddedIPv4(address).Any(IsListed);
    }

    private static bool IsListed(IPAddress address) => Networks.Any(network => network.Contains(address));

    private static IEnumerable<IPAddress> EmbeddedIPv4(IPAddress address)
    {
        var bytes = address.GetAddressBytes();
        if (Compatible.Contains(address) || Mapped.Contains(address) || Translated.Contains(address)
            || WellKnownNat64.Contains(address) || IsIsatap(bytes))
        {
            yield return new IPAddress(bytes.AsSpan(12, 4));
        }

        if (SixToFour.Contains(address))
        {
            yield return new IPAddress(bytes.AsSpan(2, 4));
        }

        if (Teredo.Contains(address))
        {
            // RFC 4380 section 4: the client's address is stored inverted.
            yield return new IPAddress([(byte)~bytes[12], (byte)~bytes[13], (byte)~bytes[14], (byte)~bytes[15]]);
        }

        if (LocalNat64.Contains(address))
        {
            // RFC 6052 section 2.2: where the address sits depends on the length of the operator's prefix; byte 8 is always zero.
            yield return new IPAddress([bytes[6], bytes[7], bytes[9], bytes[10]]);
            yield return new IPAddress([bytes[7], bytes[9], bytes[10], bytes[11]]);
            yield return new IPAddress(bytes.AsSpan(9, 4));
            yield return new IPAddress(bytes.AsSpan(12, 4));
        }
    }

    private static bool IsIsatap(byte[] bytes) => bytes[8] is 0 or 2 && bytes[9] == 0 && bytes[10] == 0x5E && bytes[11] == 0xFE;
}
