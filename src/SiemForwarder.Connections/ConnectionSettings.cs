using SiemForwarder.Connections.Network;

namespace SiemForwarder.Connections;

/// <summary>Connection settings for one endpoint.</summary>
/// <param name="Endpoint">The endpoint to connect to.</param>
public sealed record ConnectionSettings(Endpoint Endpoint)
{
    public TlsSettings Tls { get; init; } = new();

    /// <summary>Which connections are allowed.</summary>
    public EgressPolicy Egress { get; init; } = EgressPolicy.Usual;

    /// <summary>Receives expiry dates of certificates; null if they are not tracked.</summary>
    public ExpiryNotes? Expiries { get; init; }

    /// <summary>Called for every connection: with null when it is open, or with the sort of fault that prevented it; null where nobody counts.</summary>
    public Action<ErrorCategory?>? Opened { get; init; }

    /// <summary>HTTP proxy for the connection; null for none.</summary>
    public Uri? Proxy { get; init; }

    /// <summary>Name of the proxy setting in the API, for messages.</summary>
    public string ProxySetting { get; init; } = "http.proxy";

    /// <summary>Limit for each step of connecting.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);
}

/// <summary>TLS settings of one endpoint.</summary>
/// <param name="CaCertificate">PEM of the authorities to trust instead of the system's.</param>
/// <param name="ClientCertificate">PEM of the client certificate, followed by its chain.</param>
/// <param name="ClientKey">PEM of its private key.</param>
/// <param name="ServerName">Name to request and verify instead of the endpoint's host.</param>
public sealed record TlsSettings(string? CaCertificate = null, string? ClientCertificate = null, Secret? ClientKey = null, string? ServerName = null)
{
    /// <summary>Fingerprints by which the receiver's certificate is trusted instead of by its chain and name; null for none.</summary>
    public string? Fingerprint { get; init; }

    /// <summary>Name of the API object that contains these settings, for messages.</summary>
    public string Setting { get; init; } = "tls";
}

/// <summary>The destination of a connection, in readable form.</summary>
/// <param name="Host">Name or address, without brackets.</param>
/// <param name="Port">Effective port.</param>
public sealed record Endpoint(string Host, int Port)
{
    public override string ToString() => Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]:{Port}" : $"{Host}:{Port}";
}
