using System.ComponentModel.DataAnnotations;

namespace SiemForwarder.Service.Access;

/// <summary>What the operator may set about who reaches the API; section <c>Forwarder:Access</c>.</summary>
internal sealed class AccessOptions
{
    public const string Section = "Forwarder:Access";

    /// <summary>Names under which the API is called, beside loopback and the hosts of the URLs it listens on; <c>*</c> for any.</summary>
    public IList<string> AllowedHosts { get; set; } = [];

    /// <summary>File whose content is a key of an administrator, 32 characters or more; it is read again when it changes.</summary>
    public string? AdminKeyFile { get; set; }

    /// <summary>Whether what listens beyond loopback without TLS does so for a proxy that ends TLS, or for this machine alone.</summary>
    public bool BehindTlsProxy { get; set; }

    /// <summary>Port, one of those the service listens on, where /health and /metrics are answered, and nothing else; everywhere where absent.</summary>
    [Range(1, 65_535)]
    public int? ProbePort { get; set; }

    /// <summary>Whether /metrics asks for a key of a role that may see states.</summary>
    public bool MetricsNeedKey { get; set; }

    /// <summary>Wrong keys that one address may send within a minute.</summary>
    [Range(1, 1000)]
    public int WrongKeysPerAddress { get; set; } = 10;

    /// <summary>Wrong secrets of one key within a minute, from all addresses together, before each address has but one attempt.</summary>
    [Range(1, 10_000)]
    public int WrongSecretsPerKey { get; set; } = 30;
}
