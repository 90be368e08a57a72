using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;

namespace SiemForwarder.Connections.Network;

/// <summary>Where connections may lead: loopback, private networks and ports as the operator allows them; metadata services and what is no host
/// never.</summary>
public sealed record EgressPolicy
{
    private const string Never = "Set the URL to the address of the server itself.";

    /// <summary>What holds where the operator says nothing and the service is reached from its own machine alone.</summary>
    public static EgressPolicy Usual { get; } = new();

    /// <summary>Whether loopback is allowed.</summary>
    public bool Loopback { get; init; } = true;

    /// <summary>Whether private networks are allowed.</summary>
    public bool Private { get; init; } = true;

    /// <summary>What is allowed of loopback and private networks where they are not as a whole.</summary>
    public IReadOnlyList<IPNetwork> Networks { get; init; } = [];

    /// <summary>Ports that are allowed; all where there are none.</summary>
    public IReadOnlyList<PortRange> Ports { get; init; } = [];

    /// <summary>The policy for what the operator names in a setting of the process, and allows by that.</summary>
    public static EgressPolicy OfOperator { get; } = Usual;

    /// <summary>Why an address may not be connected to; null where it may.</summary>
    /// <param name="host">What leads there, for the message.</param>
    /// <param name="address">The address.</param>
    public Fault? Judge(string host, IPAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        var kind = AddressKinds.Of(address);
        return IsAllowed(kind) || IsListed(kind, address) ? null : Refusal(host, address.ToString(), kind);
    }

    /// <summary>Why an endpoint may not be connected to, as far as its writing tells: its port, and an address in place of a name; null where it may.</summary>
    public Fault? Judge(Endpoint endpoint)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        if (Ports.Count > 0 && !Ports.Any(range => range.Contains(endpoint.Port)))
        {
            return new Fault(
                ErrorCategory.Configuration, $"connections to port {endpoint.Port} are not allowed from this engine.",
                $"Use one of the ports that are ({string.Join(", ", Ports)}), or let the operator add it to Forwarder__Egress__Ports.", NeedsChange: true);
        }

        if (IPAddress.TryParse(endpoint.Host, out var address))
        {
            return Judge(endpoint.Host, address);
        }

        // A name for loopback may lead to a part of it that is listed, which its resolution tells.
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
            AddressKind.Metadata => ("a link-local or cloud metadata address, which is never asked", Never),
            AddressKind.NotAHost => ("an unspecified, multicast or broadcast address, which is never asked", Never),
            AddressKind.Loopback => (
                "this machine itself, which is not allowed where the service is reached from others",
                "Use the address of the server, or let the operator allow it by Forwarder__Egress__Loopback=true or Forwarder__Egress__Networks."),
            _ => (
                "a private network that is not allowed",
                "Let the operator allow it by Forwarder__Egress__Networks, or run this in an engine pool that may reach it."),
        };
        return new Fault(
            ErrorCategory.Configuration, address is null ? $"{host} is {what}." : $"{host} leads to {address}, {what}.", advice, NeedsChange: true);
    }
}

/// <summary>Ports from one to another, both included.</summary>
public readonly record struct PortRange(int First, int Last)
{
    public bool Contains(int port) => port >= First && port <= Last;

    /// <summary>Reads <c>443</c> or <c>6000-6999</c>; false for anything else.</summary>
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
