using System.ComponentModel.DataAnnotations;
using System.Net;
using SiemForwarder.Connections.Network;
using SiemForwarder.Service.Settings;
using Endpoint = SiemForwarder.Connections.Endpoint;

namespace SiemForwarder.Service.Api;

/// <summary>Where sources and integrations may connect to from this engine; section <c>Forwarder:Egress</c>.</summary>
internal sealed class EgressOptions
{
    public const string Section = "Forwarder:Egress";

    /// <summary>Whether loopback is allowed.</summary>
    [DefaultInWords("`true` where the service listens on loopback alone")]
    public bool? Loopback { get; set; }

    /// <summary>Whether private networks are allowed (RFC 1918, RFC 6598, RFC 4193).</summary>
    public bool Private { get; set; } = true;

    /// <summary>Networks that are allowed even if loopback or private networks as a whole are not: <c>10.20.0.0/16</c>, <c>127.0.0.1/32</c>.</summary>
    [EachNetwork]
    public IList<string> Networks { get; set; } = [];

    /// <summary>Ports that are allowed: <c>443</c>, <c>6000-6999</c>; if empty, all.</summary>
    [EachPort]
    public IList<string> Ports { get; set; } = [];

    /// <summary>The policy that follows.</summary>
    /// <param name="isForThisMachine">Whether the service listens on loopback alone.</param>
    public EgressPolicy ToPolicy(bool isForThisMachine) => new()
    {
        Loopback = Loopback ?? isForThisMachine,
        Private = Private,
        Networks = [.. Networks.Select(IPNetwork.Parse)],
        Ports = [.. Ports.Select(text => PortRange.TryParse(text, out var range) ? range : default)],
    };
}

/// <summary>Judges where a source or an integration leads when it is saved; every connection is judged again by the address that it is made to.</summary>
internal static class EgressRules
{
    /// <summary>Notes a fault where an endpoint may not be connected to from here.</summary>
    /// <param name="egress">Where connections may lead.</param>
    /// <param name="field">Field of the request that names the endpoint.</param>
    /// <param name="endpoint">Where it leads.</param>
    /// <param name="errors">Takes the fault.</param>
    /// <param name="cancellationToken">Ends the look-up.</param>
    /// <remarks>A name that nobody here knows is let pass: the engine that connects may know it.</remarks>
    public static async Task CheckAsync(EgressPolicy egress, string field, Endpoint endpoint, FieldErrors errors, CancellationToken cancellationToken)
    {
        if (await NameResolver.JudgeAsync(endpoint, NameLookup.OfSystem, egress, byProxy: false, TimeProvider.System, cancellationToken) is { } fault)
        {
            errors.Add(field, $"{char.ToUpperInvariant(fault.What[0])}{fault.What[1..]} {fault.Advice}");
        }
    }

    /// <summary>The same for a URL; none is nothing to judge.</summary>
    public static Task CheckAsync(EgressPolicy egress, string field, string? url, FieldErrors errors, CancellationToken cancellationToken) =>
        Uri.TryCreate(url, UriKind.Absolute, out var parsed) && parsed.Host.Length > 0
            ? CheckAsync(egress, field, new Endpoint(parsed.IdnHost, parsed.Port), errors, cancellationToken)
            : Task.CompletedTask;
}

/// <summary>Every entry of a list is a network in CIDR notation.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class EachNetworkAttribute : ValidationAttribute
{
    public override bool IsValid(object? value) => value is not IEnumerable<string> list || list.All(one => IPNetwork.TryParse(one, out _));

    public override string FormatErrorMessage(string name) => "must hold networks such as 10.20.0.0/16, without bits behind the prefix.";
}

/// <summary>Every entry of a list is a port or a range of ports.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class EachPortAttribute : ValidationAttribute
{
    public override bool IsValid(object? value) => value is not IEnumerable<string> list || list.All(one => PortRange.TryParse(one, out _));

    public override string FormatErrorMessage(string name) => "must hold ports from 1 to 65535 such as 443 or 6000-6999.";
}
