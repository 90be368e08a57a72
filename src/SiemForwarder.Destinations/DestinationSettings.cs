using System.Text.Json;
using SiemForwarder.Connections;
using SiemForwarder.Connections.Network;

namespace SiemForwarder.Destinations;

/// <summary>Everything a destination needs to know of its integration, defaults filled in, secrets decrypted.</summary>
public sealed record DestinationSettings
{
    /// <summary>Name of the integration, for messages.</summary>
    public required string IntegrationName { get; init; }

    /// <summary>URL as the administrator wrote it; its scheme chooses the transport.</summary>
    public required Uri ServerUrl { get; init; }

    /// <summary>Port in force; the URL's or the default of the scheme.</summary>
    public required int Port { get; init; }

    public SyslogFraming Framing { get; init; } = SyslogFraming.LineFeed;

    public HttpSettings Http { get; init; } = new();

    public AuthenticationSettings Authentication { get; init; } = new();

    public TlsSettings Tls { get; init; } = new();

    /// <summary>Where it connects to.</summary>
    public Endpoint Endpoint => new(ServerUrl.IdnHost, Port);

    /// <summary>How it connects there.</summary>
    public ConnectionSettings Connection => new(Endpoint)
    {
        Tls = Tls, Egress = Egress, Expiries = Expiries, Opened = Opened, Proxy = Proxy, Timeout = Timeout,
    };

    /// <summary>Where connections may lead from this engine.</summary>
    public EgressPolicy Egress { get; init; } = EgressPolicy.Usual;

    /// <summary>Takes when certificates end; null where nobody asks.</summary>
    public ExpiryNotes? Expiries { get; init; }

    /// <summary>Counts connections (<see cref="ConnectionSettings.Opened"/>); null where nobody does.</summary>
    public Action<ErrorCategory?>? Opened { get; init; }

    /// <summary>Whether the identity of this machine may be shown to loopback; only tests stand in for Azure there.</summary>
    internal bool ShowsIdentityToLoopback { get; init; }

    /// <summary>HTTP proxy that requests go through; null for none.</summary>
    public Uri? Proxy { get; init; }

    /// <summary>What only this destination has; secrets revealed.</summary>
    public JsonElement? Settings { get; init; }

    /// <summary>Folder that the engine's operator opened to destinations which write to its machine; null where there is none.</summary>
    public string? LocalFolder { get; init; }

    /// <summary>Bound on connecting, and on one write or one answer.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);
}

/// <summary>Where a message ends on a stream (RFC 6587 section 3.4).</summary>
public enum SyslogFraming
{
    /// <summary><c>LEN SP MSG</c>; the only framing that RFC 5425 (TLS) allows.</summary>
    OctetCounting,

    /// <summary>One message per line.</summary>
    LineFeed,
}

/// <summary>How events become the body of a request.</summary>
public enum HttpBody
{
    /// <summary>One event per request.</summary>
    Single,

    /// <summary>A JSON array.</summary>
    Array,

    /// <summary>One event per line, each line ended by LF.</summary>
    Ndjson,
}

/// <summary>How requests are made.</summary>
/// <param name="Body">How events become a body.</param>
/// <param name="Gzip">Whether bodies are compressed.</param>
/// <param name="ContentType">Media type of one event: application/json or text/plain.</param>
public sealed record HttpSettings(HttpBody Body = HttpBody.Single, bool Gzip = false, string ContentType = "application/json");

/// <summary>How the forwarder proves to an HTTP receiver who it is.</summary>
public enum AuthenticationType
{
    None,
    Basic,
    Header,
    Bearer,
}

/// <summary>Credentials for an HTTP receiver.</summary>
/// <param name="Type">Which of the others applies.</param>
/// <param name="Username">For basic (RFC 7617).</param>
/// <param name="Password">For basic.</param>
/// <param name="Header">For header: the full line, <c>Name: value</c>.</param>
/// <param name="Token">For bearer (RFC 6750).</param>
public sealed record AuthenticationSettings(
    AuthenticationType Type = AuthenticationType.None, string? Username = null, Secret? Password = null, Secret? Header = null, Secret? Token = null);
