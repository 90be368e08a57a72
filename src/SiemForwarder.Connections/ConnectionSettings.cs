using SiemForwarder.Connections.Network;

namespace SiemForwarder.Connections;

/// <summary>How to connect to one endpoint.</summary>
/// <param name="Endpoint">Where the connection leads.</param>
public sealed record ConnectionSettings(Endpoint Endpoint)
{
    public TlsSettings Tls { get; init; } = new();

    /// <summary>Where connections may lead.</summary>
    public EgressPolicy Egress { get; init; } = EgressPolicy.Usual;

    /// <summary>Takes when certificates end; null where nobody asks.</summary>
    public ExpiryNotes? Expiries { get; init; }

    /// <summary>Called for every connection: with null when it is open, or with the sort of fault that prevented it; null where nobody counts.</summary>
    public Action<ErrorCategory?>? Opened { get; init; }

    /// <summary>HTTP proxy that the connection goes through; null for none.</summary>
    public Uri? Proxy { get; init; }

    /// <summary>What the proxy is called in the API, for messages.</summary>
    public string ProxySetting { get; init; } = "http.proxy";

    /// <summary>Bound on each step of connecting.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);
}

/// <summary>TLS of one endpoint.</summary>
/// <param name="CaCertificate">PEM of the authorities to trust instead of the system's.</param>
/// <param name="ClientCertificate">PEM of the client certificate, chain behind it.</param>
/// <param name="ClientKey">PEM of its private key.</param>
/// <param name="ServerName">Name to ask for and to check instead of the endpoint's host.</param>
public sealed record TlsSettings(string? CaCertificate = null, string? ClientCertificate = null, Secret? ClientKey = null, string? ServerName = null)
{
    /// <summary>Fingerprints that the receiver's certificate is trusted by, instead of its chain and its name; null for none.</summary>
    public string? Fingerprint { get; init; }

    /// <summary>What these stand below in the API, for messages.</summary>
    public string Setting { get; init; } = "tls";
}

/// <summary>Where a connection leads, as people name it.</summary>
/// <param name="Host">Name or address, without brackets.</param>
/// <param name="Port">Port in force.</param>
public sealed record Endpoint(string Host, int Port)
{
    public override string ToString() => Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]:{Port}" : $"{Host}:{Port}";
}
