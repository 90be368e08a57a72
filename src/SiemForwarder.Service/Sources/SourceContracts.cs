using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;

namespace SiemForwarder.Service.Sources;

/// <summary>A source as somebody asks for it; a secret left out stays as it is.</summary>
public sealed record SourceRequest
{
    /// <summary>Unique name, 1 to 100 characters.</summary>
    [Length(1, 100)]
    public string? Name { get; init; }

    /// <summary><c>keycloak</c> (default), a realm that is pulled and may be pushed as well; or <c>http</c>, to which events are pushed alone.</summary>
    [AllowedValues("keycloak", "http")]
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

    [ReadOnly(true)]
    public IReadOnlyDictionary<string, string>? SecretReferences { get; init; }

    /// <summary>Name of the configuration file that manages it; set by the query parameter <c>managedBy</c> alone.</summary>
    [ReadOnly(true)]
    public string? ManagedBy { get; init; }

    [ReadOnly(true)]
    public SourceSummary? Status { get; init; }
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
    [property: AllowedValues("key", "standard-webhooks", "hmac")] string? Authentication = null,
    string? Key = null,
    string? SecondKey = null,
    string? Header = null,
    [property: Range(1, 3600)] int? ToleranceSeconds = null,
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
    [property: AllowedValues("user", "admin")] IReadOnlyList<string>? Streams = null,
    [property: Range(1, 3600)] int? PollIntervalSeconds = null,
    string? Start = null,
    string? CaCertificate = null,
    bool? AllowDuplicate = null,
    string? Proxy = null,
    string? Fingerprint = null)
{
    /// <summary>How the client proves who it is: <c>client-secret</c> (default), <c>private-key-jwt</c> (an assertion signed with its own key),
    /// <c>token-file</c> (a token that somebody else signs, such as of a Kubernetes service account) or <c>mutual-tls</c>.</summary>
    [AllowedValues("client-secret", "private-key-jwt", "token-file", "mutual-tls")]
    public string? Authentication { get; init; }

    /// <summary>private-key-jwt: the client's private key in PEM form, RSA (RS256) or EC (ES256, ES384, ES512); write-only.</summary>
    public string? PrivateKey { get; init; }

    /// <summary>private-key-jwt: id of the key in the client's key set, where it has several.</summary>
    public string? KeyId { get; init; }

    /// <summary>token-file: the file that holds the token, such as <c>file:/run/secrets/keycloak-token</c>; it is read again when it changes.</summary>
    public string? ClientAssertion { get; init; }

    /// <summary>mutual-tls: PEM of the client certificate, its chain behind it.</summary>
    public string? ClientCertificate { get; init; }

    /// <summary>mutual-tls: PEM of its private key; write-only.</summary>
    public string? ClientKey { get; init; }

    /// <summary>Shown and ignored, like the next two.</summary>
    [ReadOnly(true)]
    public bool? ClientSecretSet { get; init; }

    [ReadOnly(true)]
    public bool? PrivateKeySet { get; init; }

    [ReadOnly(true)]
    public bool? ClientKeySet { get; init; }

    /// <summary>Hides the secrets, should somebody write a request to a log.</summary>
    public override string ToString() => "KeycloakRequest { *** }";
}

/// <summary>A source as it is in force.</summary>
/// <param name="Warnings">What this version cannot read of it, since a newer one saved it. Absent where there is nothing.</param>
/// <param name="SecretReferences">Where secrets are that are kept outside, by their names. Absent where none are.</param>
/// <param name="Status">The headline of its status.</param>
/// <param name="ManagedBy">Name of the configuration file that manages it. Absent where none does.</param>
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
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<string>? Warnings = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyDictionary<string, string>? SecretReferences = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] SourceSummary? Status = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? ManagedBy = null);

/// <summary>The headline of a source's status, for lists.</summary>
/// <param name="Status"><c>Success</c> (read through once, or pushed to), <c>Error</c>, <c>Not yet invoked</c> or <c>Disabled</c>.</param>
/// <param name="Since">Since when reading fails.</param>
/// <param name="Message">Why it fails.</param>
public sealed record SourceSummary(string Status, DateTimeOffset? Since, string? Message);

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
    string? Fingerprint,
    string Authentication,
    bool PrivateKeySet,
    string? KeyId,
    string? ClientCertificate,
    bool ClientKeySet);

/// <summary>An inbox as shown.</summary>
public sealed record InboxResponse(string Authentication, bool KeySet, bool SecondKeySet, string Header, int ToleranceSeconds, bool AllowSha1);

/// <summary>A page of a list.</summary>
public sealed record SourceList(IReadOnlyList<SourceResponse> Items, int Total, int Page, int PageSize);
