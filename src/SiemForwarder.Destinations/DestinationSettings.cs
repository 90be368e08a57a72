using System.Text;
using System.Text.Json;
using SiemForwarder.Connections;
using SiemForwarder.Connections.Network;
using SiemForwarder.Destinations.Sockets;

namespace SiemForwarder.Destinations;

/// <summary>Everything a destination needs to know about its integration, with defaults applied and secrets decrypted.</summary>
public sealed record DestinationSettings
{
    private const int MaxQuote = 200;

    /// <summary>Name of the integration, for messages.</summary>
    public required string IntegrationName { get; init; }

    /// <summary>URL as entered by the administrator; its scheme selects the transport.</summary>
    public required Uri ServerUrl { get; init; }

    /// <summary>Effective port: from the URL, or the default of the scheme.</summary>
    public required int Port { get; init; }

    public SyslogFraming Framing { get; init; } = SyslogFraming.LineFeed;

    public HttpSettings Http { get; init; } = new();

    public AuthenticationSettings Authentication { get; init; } = new();

    public TlsSettings Tls { get; init; } = new();

    /// <summary>The endpoint to connect to.</summary>
    public Endpoint Endpoint => new(ServerUrl.IdnHost, Port);

    /// <summary>How to connect to it.</summary>
    public ConnectionSettings Connection => new(Endpoint)
    {
        Tls = Tls, Egress = Egress, Expiries = Expiries, Opened = Opened, Proxy = Proxy, Timeout = Timeout,
    };

    /// <summary>Which connections are allowed from this engine.</summary>
    public EgressPolicy Egress { get; init; } = EgressPolicy.Usual;

    /// <summary>Receives expiry dates of certificates; null if they are not tracked.</summary>
    public ExpiryNotes? Expiries { get; init; }

    /// <summary>Counts connections (<see cref="ConnectionSettings.Opened"/>); null where nobody does.</summary>
    public Action<ErrorCategory?>? Opened { get; init; }

    /// <summary>Whether this machine's identity may be sent to loopback; only tests impersonate Azure there.</summary>
    internal bool ShowsIdentityToLoopback { get; init; }

    /// <summary>HTTP proxy for requests; null for none.</summary>
    public Uri? Proxy { get; init; }

    /// <summary>Destination-specific settings, with secrets revealed.</summary>
    public JsonElement? Settings { get; init; }

    /// <summary>Folder that the engine's operator opened for destinations that write to its machine; null if none.</summary>
    public string? LocalFolder { get; init; }

    /// <summary>What windows of batches to be sent again may hold together with those of other integrations.</summary>
    public ResendBudget Resends { get; init; } = ResendBudget.Unlimited;

    /// <summary>Limit for connecting, and for each write or response.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>What the other side said, in one line of at most 200 characters, with the secrets that it may repeat masked and without a full stop.</summary>
    internal string Quote(string said) => OneLine.Of(new SecretMask(SpokenSecrets()).Mask(said), MaxQuote).TrimEnd('.');

    /// <summary>The secrets that the other side learns and may repeat, in the forms in which it gets them.</summary>
    internal IEnumerable<string?> SpokenSecrets()
    {
        yield return Authentication.Password?.Reveal();
        yield return Authentication.Token?.Reveal();
        yield return Tls.ClientKey?.Reveal();
        if (Authentication.Header?.Reveal() is { } line)
        {
            yield return line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim();
        }

        if (ServerUrl.UserInfo is { Length: > 0 } userInfo)
        {
            yield return userInfo;
            yield return Uri.UnescapeDataString(userInfo[(userInfo.IndexOf(':', StringComparison.Ordinal) + 1)..]);
        }

        if (Authentication is { Type: AuthenticationType.Basic, Password: { } password })
        {
            yield return Convert.ToBase64String(Encoding.UTF8.GetBytes($"{Authentication.Username}:{password.Reveal()}"));
        }
    }
}

/// <summary>How messages are delimited on a stream (RFC 6587 section 3.4).</summary>
public enum SyslogFraming
{
    /// <c>LEN SP MSG</c>; the only framing that RFC 5425 (TLS) allows.
    OctetCounting,

    /// <summary>One message per line.</summary>
    LineFeed,
}

/// <summary>How events are combined into a request body.</summary>
public enum HttpBody
{
    /// <summary>One event per request.</summary>
    Single,

    /// <summary>A JSON array.</summary>
    Array,

    /// <summary>One event per line, each line terminated by LF.</summary>
    Ndjson,
}

/// <summary>HTTP settings of requests.</summary>
/// <param name="Body">How events are combined into a body.</param>
/// <param name="Gzip">Whether bodies are compressed.</param>
/// <param name="ContentType">Media type of one event: application/json or text/plain.</param>
public sealed record HttpSettings(HttpBody Body = HttpBody.Single, bool Gzip = false, string ContentType = "application/json");

/// <summary>How the forwarder authenticates to an HTTP receiver.</summary>
public enum AuthenticationType
{
    None,
    Basic,
    Header,
    Bearer,
}

/// <summary>Credentials for an HTTP receiver.</summary>
/// <param name="Type">Which of the following applies.</param>
/// <param name="Username">For basic (RFC 7617).</param>
/// <param name="Password">For basic.</param>
/// <param name="Header">For header: the complete line, <c>Name: value</c>.</param>
/// <param name="Token">For bearer (RFC 6750).</param>
public sealed record AuthenticationSettings(
    AuthenticationType Type = AuthenticationType.None, string? Username = null, Secret? Password = null, Secret? Header = null, Secret? Token = null);
