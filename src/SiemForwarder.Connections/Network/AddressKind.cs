using System.Net;
using System.Net.Sockets;

namespace SiemForwarder.Connections.Network;

/// <summary>The category of an address, as far as it affects who may connect to it.</summary>
public enum AddressKind
{
    Public,

    /// <summary>RFC 1918, RFC 6598, RFC 4193 and the former site-local addresses of IPv6.</summary>
    Private,

    Loopback,

    /// <summary>Unspecified, multicast, broadcast or reserved: not a single host.</summary>
    NotAHost,

    /// <summary>Link-local addresses, and the metadata services of clouds.</summary>
    Metadata,
}

/// <summary>Determines the category of an address in any disguise: IPv4 embedded in IPv6 counts as the address it leads to.</summary>
/// <remarks>
/// Someone who may edit an integration or a source must not gain access to the credentials of the machine it runs on. Evaluated after resolution, on
/// the very address that is connected to.
/// </remarks>
public static class AddressKinds
{
    private static readonly IPNetwork[] Metadata =
    [
        IPNetwork.Parse("169.254.0.0/16"),    // link-local, RFC 3927; metadata of AWS, Azure, Google, Oracle and others
        IPNetwork.Parse("100.100.100.200/32"), // metadata of Alibaba Cloud
        IPNetwork.Parse("168.63.129.16/32"),  // Azure's host agent
        IPNetwork.Parse("192.0.0.192/32"),    // metadata of Oracle Cloud, older form
        IPNetwork.Parse("fe80::/10"),         // link-local, RFC 4291
        IPNetwork.Parse("fd00:ec2::/32"),     // metadata and credentials of AWS
        IPNetwork.Parse("fd20:ce::254/128"),  // metadata of Google Cloud
    ];

    private static readonly (IPNetwork Network, AddressKind Kind)[] Others =
    [
        (IPNetwork.Parse("127.0.0.0/8"), AddressKind.Loopback),
        (IPNetwork.Parse("::1/128"), AddressKind.Loopback),
        (IPNetwork.Parse("0.0.0.0/8"), AddressKind.NotAHost),   // this network, RFC 1122; systems treat 0.0.0.0 as loopback
        (IPNetwork.Parse("224.0.0.0/3"), AddressKind.NotAHost), // multicast, reserved, broadcast
        (IPNetwork.Parse("::/128"), AddressKind.NotAHost),
        (IPNetwork.Parse("ff00::/8"), AddressKind.NotAHost),    // multicast, RFC 4291
        (IPNetwork.Parse("10.0.0.0/8"), AddressKind.Private),
        (IPNetwork.Parse("172.16.0.0/12"), AddressKind.Private),
        (IPNetwork.Parse("192.168.0.0/16"), AddressKind.Private),
        (IPNetwork.Parse("100.64.0.0/10"), AddressKind.Private),
        (IPNetwork.Parse("fc00::/7"), AddressKind.Private),
        (IPNetwork.Parse("fec0::/10"), AddressKind.Private),
    ];

    private static readonly IPNetwork Compatible = IPNetwork.Parse("::/96");
    private static readonly IPNetwork Mapped = IPNetwork.Parse("::ffff:0:0/96");
    private static readonly IPNetwork Translated = IPNetwork.Parse("::ffff:0:0:0/96");
    private static readonly IPNetwork WellKnownNat64 = IPNetwork.Parse("64:ff9b::/96");
    private static readonly IPNetwork LocalNat64 = IPNetwork.Parse("64:ff9b:1::/48");
    private static readonly IPNetwork SixToFour = IPNetwork.Parse("2002::/16");
    private static readonly IPNetwork Teredo = IPNetwork.Parse("2001::/32");

    /// <summary>The category of a host as far as its text reveals it; names are checked again when they are resolved.</summary>
    public static AddressKind OfWriting(string host)
    {
        ArgumentNullException.ThrowIfNull(host);
        if (IPAddress.TryParse(host, out var address))
        {
            return Of(address);
        }

        var name = host.TrimEnd('.');
        return name.EndsWith("metadata.google.internal", StringComparison.OrdinalIgnoreCase) ? AddressKind.Metadata
            // RFC 6761 section 6.3.
            : name.Equals("localhost", StringComparison.OrdinalIgnoreCase) || name.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase)
                ? AddressKind.Loopback
            : AddressKind.Public;
    }

    /// <summary>The category of an address; if it may lead to several, the worst of them.</summary>
    public static AddressKind Of(IPAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        var own = OfWritten(address);
        return own != AddressKind.Public || address.AddressFamily != AddressFamily.InterNetworkV6 ? own : OfEmbedded(address);
    }

    /// <summary>The address itself and every address that it may lead to.</summary>
    public static IEnumerable<IPAddress> Disguised(IPAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        return address.AddressFamily == AddressFamily.InterNetworkV6 ? EmbeddedIPv4(address).Prepend(address) : [address];
    }

    /// <summary>Whether a network contains an address.</summary>
    /// <remarks>The framework's own check considers ::ffff:0.0.0.0 part of every IPv6 network.</remarks>
    internal static bool Covers(IPNetwork network, IPAddress address)
    {
        if (network.BaseAddress.AddressFamily != address.AddressFamily)
        {
            return false;
        }

        var (given, own, whole) = (address.GetAddressBytes(), network.BaseAddress.GetAddressBytes(), network.PrefixLength / 8);
        return given.AsSpan(0, whole).SequenceEqual(own.AsSpan(0, whole))
            && (network.PrefixLength % 8 is var rest && (rest == 0 || (given[whole] ^ own[whole]) >> (8 - rest) == 0));
    }

    private static AddressKind OfWritten(IPAddress address) => Array.Exists(Metadata, network => Covers(network, address))
        ? AddressKind.Metadata
        : Others.FirstOrDefault(other => Covers(other.Network, address)).Kind;

    private static AddressKind OfEmbedded(IPAddress address)
    {
        var worst = EmbeddedIPv4(address).Select(OfWritten).DefaultIfEmpty(AddressKind.Public).Max();
        // With a prefix of unknown length, most readings are wrong: only metadata counts.
        return Covers(LocalNat64, address) && worst != AddressKind.Metadata ? AddressKind.Public : worst;
    }

    private static IEnumerable<IPAddress> EmbeddedIPv4(IPAddress address)
    {
        var bytes = address.GetAddressBytes();
        if (Covers(Compatible, address) || Covers(Mapped, address) || Covers(Translated, address)
            || Covers(WellKnownNat64, address) || IsIsatap(bytes))
        {
            yield return new IPAddress(bytes.AsSpan(12, 4));
        }

        if (Covers(SixToFour, address))
        {
            yield return new IPAddress(bytes.AsSpan(2, 4));
        }

        if (Covers(Teredo, address))
        {
            // RFC 4380 section 4: the client's address is stored inverted.
            yield return new IPAddress([(byte)~bytes[12], (byte)~bytes[13], (byte)~bytes[14], (byte)~bytes[15]]);
        }

        if (Covers(LocalNat64, address))
        {
            // RFC 6052 section 2.2: the position of the address depends on the length of the operator's prefix; byte 8 is always zero.
            yield return new IPAddress([bytes[6], bytes[7], bytes[9], bytes[10]]);
            yield return new IPAddress([bytes[7], bytes[9], bytes[10], bytes[11]]);
            yield return new IPAddress(bytes.AsSpan(9, 4));
            yield return new IPAddress(bytes.AsSpan(12, 4));
        }
    }

    private static bool IsIsatap(byte[] bytes) => bytes[8] is 0 or 2 && bytes[9] == 0 && bytes[10] == 0x5E && bytes[11] == 0xFE;
}
