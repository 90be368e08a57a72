using SiemForwarder.Connections;
using SiemForwarder.Connections.Network;
using SiemForwarder.Events;

namespace SiemForwarder.Service.Keycloak.Client;

/// <summary>A Keycloak realm to poll, as configured by the administrator.</summary>
public sealed record KeycloakSource
{
    public required int Id { get; init; }

    public required string Name { get; init; }

    /// <summary>URL of the server, with or without <c>/auth</c>, without a trailing slash.</summary>
    public required Uri BaseUrl { get; init; }

    /// <summary>Name of the realm, not its id.</summary>
    public required string Realm { get; init; }

    public required string ClientId { get; init; }

    /// <summary>How the client authenticates.</summary>
    public required KeycloakCredential Credential { get; init; }

    /// <summary>The streams to poll: <see cref="EventStream.User"/>, <see cref="EventStream.Admin"/> or both.</summary>
    public IReadOnlyList<EventStream> Streams { get; init; } = [EventStream.User, EventStream.Admin];

    /// <summary>Pause between polls while events arrive.</summary>
    public TimeSpan PollInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Where the first poll starts: now, everything stored, or an instant.</summary>
    public PollStart Start { get; init; } = PollStart.Now;

    /// <summary>PEM of the authorities to trust instead of the system's.</summary>
    public string? CaCertificate { get; init; }

    /// <summary>Fingerprints by which the server's certificate is trusted, instead of by its chain and name; null for none.</summary>
    public string? Fingerprint { get; init; }

    /// <summary>When the source was last saved, by this host's clock: a source with start now starts at that time, by the server's clock; null to start a
    /// horizon before the first poll.</summary>
    public DateTimeOffset? SavedAt { get; init; }

    /// <summary>HTTP proxy for the requests; null for none.</summary>
    public Uri? Proxy { get; init; }

    /// <summary>Where connections from this engine are allowed.</summary>
    public EgressPolicy Egress { get; init; } = EgressPolicy.Usual;

    /// <summary>Receives the expiry of certificates; null if not needed.</summary>
    public ExpiryNotes? Expiries { get; init; }

    /// <summary>Counts connections (<see cref="ConnectionSettings.Opened"/>); null where nobody does.</summary>
    public Action<ErrorCategory?>? Opened { get; init; }

    internal ConnectionSettings ToConnection(TimeSpan timeout) => new(new Connections.Endpoint(BaseUrl.IdnHost, BaseUrl.Port))
    {
        Tls = (Credential is KeycloakCredential.Certificate own
            ? new TlsSettings(CaCertificate, own.Pem, own.Key)
            : new TlsSettings(CaCertificate)) with { Fingerprint = Fingerprint, Setting = "keycloak" },
        Egress = Egress,
        Expiries = Expiries,
        Opened = Opened,
        Proxy = Proxy,
        ProxySetting = "keycloak.proxy",
        Timeout = timeout,
    };
}

/// <summary>Where the first poll of a source starts.</summary>
/// <param name="Everything">From the oldest stored event.</param>
/// <param name="Since">From this instant; null with <paramref name="Everything"/> false means now.</param>
public sealed record PollStart(bool Everything, DateTimeOffset? Since)
{
    public static readonly PollStart Now = new(false, null);

    public static readonly PollStart All = new(true, null);
}
