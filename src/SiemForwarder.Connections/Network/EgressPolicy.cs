using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;

namespace SiemForwarder.Connections.Network;

/// <summary>Which connections are allowed: loopback, private networks and ports as configured by the operator; metadata services and addresses that
/// are not a host are never allowed.</summary>
public sealed record EgressPolicy
{
    private const string Never = "Set the URL to the address of the server itself.";

    /// <summary>The default policy, for a service that is reachable only from its own machine.</summary>
    public static EgressPolicy Usual { get; } = new();

    /// <summary>Whether loopback is allowed.</summary>
    public bool Loopback { get; init; } = true;

    /// <summary>Whether private networks are allowed.</summary>
    public bool Private { get; init; } = true;

    /// <summary>Networks within loopback and private ranges that are allowed even if those ranges are not.</summary>
    public IReadOnlyList<IPNetwork> Networks { get; init; } = [];

    /// <summary>Allowed ports; empty for all.</summary>
    public IReadOnlyList<PortRange> Ports { get; init; } = [];

    /// <summary>The policy for addresses that the operator names in a process setting, and thereby allows.</summary>
    public static EgressPolicy OfOperator { get; } = Usual;

    /// <summary>Why connecting to an address is not allowed; null if it is.</summary>
    /// <param name="host">The host that resolved to it, for the message.</param>
    /// <param name="address">The address.</param>
    public Fault? Judge(string host, IPAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        var kind = AddressKinds.Of(address);
        return IsAllowed(kind) || IsListed(kind, address) ? null : Refusal(host, address.ToString(), kind);
    }

    /// <summary>Why connecting to an endpoint is not allowed, judging by its text alone: its port, and an address instead of a name; null if it is.</summary>
    public Fault? Judge(Endpoint endpoint)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        if (Ports.Count > 0 && !Ports.Any(range => range.Contains(endpoint.Port)))
        {
            return new Fault(
                ErrorCategory.Configuration, $"connections to port {endpoint.Port} are not allowed from this engine.",
                $"Use one of the allowed ports ({string.Join(", ", Ports)}), or ask the operator to add it to Forwarder__Egress__Ports.", NeedsChange: true);
        }

        if (IPAddress.TryParse(endpoint.Host, out var address))
        {
            return Judge(endpoint.Host, address);
        }

        // A name for loopback may lead to a listed part of it, which only its resolution shows.
        var kind = AddressKinds.OfWriting(endpoint.Host);
        return IsAllowed(kind) || (kind == AddressKind.Loopback && Networks.Count > 0) ? null : Refusal(endpoint.Host, null, kind);
    }

    private bool IsAllowed(AddressKind kind) => kind switch
    {
        AddressKind.Public => true,
        AddressKind.Private => Private,
        AddressKind.Loopback => Loopback,
        _ => false,
    };

    private bool IsListed(AddressKind kind, IPAddress address) => kind is AddressKind.Private or AddressKind.Loopback
        && AddressKinds.Disguised(address).Any(one => Networks.Any(network => AddressKinds.Covers(network, one)));

    private static Fault Refusal(string host, string? address, AddressKind kind)
    {
        var (what, advice) = kind switch
        {
            AddressKind.Metadata => ("a link-local or cloud metadata address, which is never allowed", Never),
            AddressKind.NotAHost => ("an unspecified, multicast or broadcast address, which is never allowed", Never),
            AddressKind.Loopback => (
                "this machine itself, which is not allowed when the service is reachable from other machines",
                "Use the address of the server, or ask the operator to allow it with Forwarder__Egress__Loopback=true or Forwarder__Egress__Networks."),
            _ => (
                "a private network that is not allowed",
                "Ask the operator to allow it with Forwarder__Egress__Networks, or run this in an engine pool that may reach it."),
        };
        return new Fault(
            ErrorCategory.Configuration, address is null ? $"{host} is {what}." : $"{host} leads to {address}, {what}.", advice, NeedsChange: true);
    }
}

/// <summary>An inclusive range of ports.</summary>
public readonly record struct PortRange(int First, int Last)
{
    public bool Contains(int port) => port >= First && port <= Last;

    /// <summary>Parses <c>443</c> or <c>6000-6999</c>; false for anything else.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out PortRange range)
    {
        var parts = (text ?? "").Split('-', StringSplitOptions.TrimEntries);
        range = default;
        if (parts.Length > 2 || !Port(parts[0], out var first) || !Port(parts[^1], out var last) || first > last)
        {
            return false;
        }

        range = new PortRange(first, last);
        return true;
    }

    public override string ToString() => First == Last ? $"{First}" : $"{First}-{Last}";

    private static bool Port(string text, out int port) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port) && port is >= 1 and <= 65535;
}
