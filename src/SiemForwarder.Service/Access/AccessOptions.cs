using System.ComponentModel.DataAnnotations;
using System.Net;

namespace SiemForwarder.Service.Access;

/// <summary>Who can reach the API; section <c>Forwarder:Access</c>.</summary>
internal sealed class AccessOptions
{
    public const string Section = "Forwarder:Access";

    /// <summary>Host names accepted by the API, besides loopback and the hosts of the URLs it listens on; <c>*</c> for any.</summary>
    public IList<string> AllowedHosts { get; set; } = [];

    /// <summary>File that holds an administrator key, one word of 32 to 1,024 characters; a change takes effect within a second.</summary>
    public string? AdminKeyFile { get; set; }

    /// <summary>Allows plain HTTP beyond loopback, because a proxy terminates TLS or only this machine can reach the port.</summary>
    public bool BehindTlsProxy { get; set; }

    /// <summary>Path below which a proxy serves the API, such as <c>/siem</c>; the proxy may keep or strip it.</summary>
    [PathBase]
    public string? PathBase { get; set; }

    /// <summary>Addresses and networks (<c>10.0.0.0/8</c>) of proxies whose <c>X-Forwarded-For</c>, <c>-Proto</c>, <c>-Host</c> and <c>-Prefix</c> are
    /// accepted.</summary>
    [Proxies]
    public IList<string> TrustedProxies { get; set; } = [];

    /// <summary>Port for /health and /metrics, which are then served on no other port; it serves nothing else, and must be one the service listens
    /// on.</summary>
    [Range(1, 65_535)]
    public int? ProbePort { get; set; }

    /// <summary>Whether /metrics requires a key whose role may see states.</summary>
    public bool MetricsNeedKey { get; set; }

    /// <summary>Whether disabling, deleting, narrowing or redirecting an enabled integration needs the approval of a second administrator.</summary>
    public bool TwoPersonRule { get; set; }

    /// <summary>Wrong keys from one address within a minute before it is locked out.</summary>
    [Range(1, 1000)]
    public int WrongKeysPerAddress { get; set; } = 10;

    /// <summary>Wrong secrets for one key within a minute, from all addresses together, before each address gets a single attempt.</summary>
    [Range(1, 10_000)]
    public int WrongSecretsPerKey { get; set; } = 30;
}

/// <summary>Requires a path that does not collide with the service's own paths.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class PathBaseAttribute : ValidationAttribute
{
    private static readonly string[] Own = ["api", "swagger", "openapi", "health", "metrics", "signin", "signout", "console"];

    public override bool IsValid(object? value)
    {
        if (value is not string { Length: > 0 } text)
        {
            return true;
        }

        var parts = text.Trim('/').Split('/');
        return text.StartsWith('/') && parts.All(part => part.Length > 0 && part == Uri.EscapeDataString(part))
            && !Own.Contains(parts[0], StringComparer.OrdinalIgnoreCase);
    }

    public override string FormatErrorMessage(string name) =>
        $"must be a path of letters, digits and hyphens such as /siem, and must not start with any of {string.Join(", ", Own)}.";
}

/// <summary>Requires every entry to be an address or a network.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class ProxiesAttribute : ValidationAttribute
{
    public override bool IsValid(object? value) => value is not IEnumerable<string> list || list.All(one => Parse(one) is not null);

    public override string FormatErrorMessage(string name) => "must contain only addresses and networks, such as 10.0.0.7 or 10.0.0.0/8.";

    /// <summary>Parses a network, or an address as a network of one; null if it is neither.</summary>
    public static IPNetwork? Parse(string text) => IPNetwork.TryParse(text, out var network) ? network
        : IPAddress.TryParse(text, out var address) ? new IPNetwork(address, address.GetAddressBytes().Length * 8)
        : null;
}
