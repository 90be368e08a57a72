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

    /// <summary>The resulting policy.</summary>
    /// <param name="isForThisMachine">Whether the service listens on loopback only.</param>
    public EgressPolicy ToPolicy(bool isForThisMachine) => new()
    {
        Loopback = Loopback ?? isForThisMachine,
        Private = Private,
        Networks = [.. Networks.Select(IPNetwork.Parse)],
        Ports = [.. Ports.Select(text => PortRange.TryParse(text, out var range) ? range : default)],
    };
}

/// <summary>Checks the endpoint of a source or integration when it is saved; every connection is checked again by its actual address.</summary>
internal static class EgressRules
{
    /// <summary>Adds an error if connections to the endpoint are not allowed from here.</summary>
    /// <param name="egress">Where connections are allowed.</param>
    /// <param name="field">Request field that names the endpoint.</param>
    /// <param name="endpoint">The endpoint.</param>
    /// <param name="errors">Receives the error.</param>
    /// <param name="cancellationToken">Cancels the lookup.</param>
    /// <remarks>A name that cannot be resolved here is accepted: the engine that connects may be able to resolve it.</remarks>
    public static async Task CheckAsync(EgressPolicy egress, string field, Endpoint endpoint, FieldErrors errors, CancellationToken cancellationToken)
    {
        if (await NameResolver.JudgeAsync(endpoint, NameLookup.OfSystem, egress, byProxy: false, TimeProvider.System, cancellationToken) is { } fault)
        {
            errors.Add(field, $"{char.ToUpperInvariant(fault.What[0])}{fault.What[1..]} {fault.Advice}");
        }
    }

    /// <summary>The same check for a URL; null passes.</summary>
    public static Task CheckAsync(EgressPolicy egress, string field, string? url, FieldErrors errors, CancellationToken cancellationToken) =>
        Uri.TryCreate(url, UriKind.Absolute, out var parsed) && parsed.Host.Length > 0
            ? CheckAsync(egress, field, new Endpoint(parsed.IdnHost, parsed.Port), errors, cancellationToken)
            : Task.CompletedTask;
}

/// <summary>Requires every entry of a list to be a network in CIDR notation.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class EachNetworkAttribute : ValidationAttribute
{
    public override bool IsValid(object? value) => value is not IEnumerable<string> list || list.All(one => IPNetwork.TryParse(one, out _));

    public override string FormatErrorMessage(string name) => "must contain networks such as 10.20.0.0/16, without bits set beyond the prefix.";
}

/// <summary>Requires every entry of a list to be a port or a port range.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class EachPortAttribute : ValidationAttribute
{
    public override bool IsValid(object? value) => value is not IEnumerable<string> list || list.All(one => PortRange.TryParse(one, out _));

    public override string FormatErrorMessage(string name) => "must contain ports from 1 to 65535 such as 443 or 6000-6999.";
}
