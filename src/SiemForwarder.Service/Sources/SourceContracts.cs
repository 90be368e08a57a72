using System.ComponentModel;
using System.Text.Json.Serialization;

namespace SiemForwarder.Service.Sources;

/// <summary>A source as somebody asks for it; a secret left out stays as it is.</summary>
public sealed record SourceRequest
{
    /// <summary>Unique name, 1 to 100 characters.</summary>
    public string? Name { get; init; }

    /// <summary><c>keycloak</c> (default), a realm that is pulled and may be pushed as well; or <c>http</c>, to which events are pushed alone.</summary>
    public string? Kind { get; init; }

    /// <summary>Whether it is pulled and takes pushes; true unless said otherwise.</summary>
    public bool? Enabled { get; init; }

    /// <summary>The realm to pull; only of kind <c>keycloak</c>.</summary>
    public KeycloakRequest? Keycloak { get; init; }

    /// <summary>How senders prove that they may push; a source of kind <c>keycloak</c> takes pushes only where it is given.</summary>
    public InboxRequest? Inbox { get; init; }

    /// <summary>Shown and ignored, like all that follow: so what was read can be sent back.</summary>
    [ReadOnly(true)]
    public int? Id { get; init; }

    [ReadOnly(true)]
    public int? Version { get; init; }

    [ReadOnly(true)]
    public DateTimeOffset? CreatedAt { get; init; }

    [ReadOnly(true)]
    public DateTimeOffset? UpdatedAt { get; init; }

    [ReadOnly(true)]
    public IReadOnlyList<string>? Warnings { get; init; }
}

/// <summary>How the senders of pushed events prove who they are. Two keys are valid at a time, so that one can replace the other.</summary>
/// <param name="Authentication"><c>key</c> (default): the key in a header; <c>standard-webhooks</c>: HMAC of id, time and body;
/// <c>hmac</c>: HMAC of the body in hexadecimal, as Phase Two's plug-in signs.</param>
/// <param name="Key">Write-only. At least 16 characters; for standard-webhooks <c>whsec_</c> and the Base64 of 24 to 64 bytes. Left out:
/// stays as it is.</param>
/// <param name="SecondKey">Write-only. Valid beside the first while one replaces the other; an empty text removes it.</param>
/// <param name="Header">Header with the key (default X-API-Key; Authorization with Bearer or Basic always counts) or with the signature
/// (default X-Keycloak-Signature).</param>
/// <param name="ToleranceSeconds">standard-webhooks: how far the signed time may be from ours, 1 to 3600; 300 by default.</param>
/// <param name="AllowSha1">hmac: whether HMAC-SHA-1 counts too; false by default.</param>
public sealed record InboxRequest(
    string? Authentication = null,
    string? Key = null,
    string? SecondKey = null,
    string? Header = null,
    int? ToleranceSeconds = null,
    bool? AllowSha1 = null)
{
    /// <summary>Shown and ignored, like the next.</summary>
    [ReadOnly(true)]
    public bool? KeySet { get; init; }

    [ReadOnly(true)]
    public bool? SecondKeySet { get; init; }

    /// <summary>Hides the secrets, should somebody write a request to a log.</summary>
    public override string ToString() => "InboxRequest { *** }";
}

/// <summary>A Keycloak realm to pull from.</summary>
/// <param name="BaseUrl">URL of the server, with or without <c>/auth</c>.</param>
/// <param name="Realm">Name of the realm.</param>
/// <param name="ClientId">Client with a service account that has the role view-events.</param>
/// <param name="ClientSecret">Its secret; write-only.</param>
/// <param name="Streams"><c>user</c>, <c>admin</c> or both (default).</param>
/// <param name="PollIntervalSeconds">1 to 3600; 5 by default. While nothing happens the pause grows to 30.</param>
/// <param name="Start">Where the first poll begins: <c>now</c> (default), <c>everything</c>, or an instant such as 2026-01-31T00:00:00Z.</param>
/// <param name="CaCertificate">PEM of the authorities to trust instead of the system's.</param>
/// <param name="AllowDuplicate">Whether it is meant that another source reads the same realm; false by default, since every event is then
/// forwarded twice.</param>
/// <param name="Proxy">HTTP proxy that requests go through, such as http://proxy.example.com:3128, without user name and password; those of the
/// environment are never used.</param>
/// <param name="Fingerprint">Fingerprint of the server's certificate, SHA-256:AB:CD:…, to trust it by instead of by its authority and name; several
/// with a comma between while it is renewed.</param>
public sealed record KeycloakRequest(
    string? BaseUrl = null,
    string? Realm = null,
    string? ClientId = null,
    string? ClientSecret = null,
    IReadOnlyList<string>? Streams = null,
    int? PollIntervalSeconds = null,
    string? Start = null,
    string? CaCertificate = null,
    bool? AllowDuplicate = null,
    string? Proxy = null,
    string? Fingerprint = null)
{
    /// <summary>Shown and ignored.</summary>
    [ReadOnly(true)]
    public bool? ClientSecretSet { get; init; }

    /// <summary>Hides the secrets, should somebody write a request to a log.</summary>
    public override string ToString() => "KeycloakRequest { *** }";
}

/// <summary>A source as it is in force.</summary>
/// <param name="Warnings">What this version cannot read of it, since a newer one saved it. Absent where there is nothing.</param>
public sealed record SourceResponse(
    int Id,
    string Name,
    string Kind,
    bool Enabled,
    KeycloakResponse? Keycloak,
    InboxResponse? Inbox,
    int Version,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<string>? Warnings = null);

/// <summary>A Keycloak realm as shown.</summary>
public sealed record KeycloakResponse(
    string BaseUrl,
    string Realm,
    string ClientId,
    bool ClientSecretSet,
    IReadOnlyList<string> Streams,
    int PollIntervalSeconds,
    string Start,
    string? CaCertificate,
    bool AllowDuplicate,
    string? Proxy,
    string? Fingerprint);

/// <summary>An inbox as shown.</summary>
public sealed record InboxResponse(string Authentication, bool KeySet, bool SecondKeySet, string Header, int ToleranceSeconds, bool AllowSha1);

/// <summary>A page of a list.</summary>
public sealed record SourceList(IReadOnlyList<SourceResponse> Items, int Total, int Page, int PageSize);
