using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;

namespace SiemForwarder.Service.Sources;

/// <summary>A request to create or change a source; omitted secrets are kept.</summary>
public sealed record SourceRequest
{
    /// <summary>Unique name, 1 to 100 characters.</summary>
    [Length(1, 100)]
    public string? Name { get; init; }

    /// <summary><c>keycloak</c> (default), a realm that is polled and may also accept pushed events; or <c>http</c>, which only accepts those.</summary>
    [AllowedValues("keycloak", "http")]
    public string? Kind { get; init; }

    /// <summary>Whether it is polled and accepts pushed events; true by default.</summary>
    public bool? Enabled { get; init; }

    /// <summary>The realm to poll; only for kind <c>keycloak</c>.</summary>
    public KeycloakRequest? Keycloak { get; init; }

    /// <summary>How senders authenticate; a source of kind <c>keycloak</c> accepts pushed events only if this is given.</summary>
    public InboxRequest? Inbox { get; init; }

    /// <summary>Read-only and ignored, like all members below, so that the body of a GET can be sent back.</summary>
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

/// <summary>How senders of pushed events authenticate. Two keys can be valid at the same time, so that one can replace the other.</summary>
/// <param name="Authentication"><c>key</c> (default): the key in a header; <c>standard-webhooks</c>: HMAC of id, timestamp and body;
/// <c>hmac</c>: HMAC of the body in hexadecimal, as Phase Two's plug-in signs.</param>
/// <param name="Key">Write-only. At least 16 characters; for standard-webhooks <c>whsec_</c> and the Base64 of 24 to 64 bytes. Kept if
/// omitted.</param>
/// <param name="SecondKey">Write-only. Valid in addition to the first during a rotation; an empty string removes it.</param>
/// <param name="Header">Header with the key (default X-API-Key; Authorization with Bearer or Basic is always accepted) or with the signature
/// (default X-Keycloak-Signature).</param>
/// <param name="ToleranceSeconds">standard-webhooks: how far the signed timestamp may differ from our clock, 1 to 3600; 300 by default.</param>
/// <param name="AllowSha1">hmac: whether HMAC-SHA-1 is accepted too; false by default.</param>
public sealed record InboxRequest(
    [property: AllowedValues("key", "standard-webhooks", "hmac")] string? Authentication = null,
    string? Key = null,
    string? SecondKey = null,
    string? Header = null,
    [property: Range(1, 3600)] int? ToleranceSeconds = null,
    bool? AllowSha1 = null)
{
    /// <summary>Read-only and ignored, like the next member.</summary>
    [ReadOnly(true)]
    public bool? KeySet { get; init; }

    [ReadOnly(true)]
    public bool? SecondKeySet { get; init; }

    /// <summary>Hides the secrets, should somebody write a request to a log.</summary>
    public override string ToString() => "InboxRequest { *** }";
}

/// <summary>A Keycloak realm to poll.</summary>
/// <param name="BaseUrl">URL of the server, with or without <c>/auth</c>.</param>
/// <param name="Realm">Name of the realm.</param>
/// <param name="ClientId">Client with a service account that has the role view-events.</param>
/// <param name="ClientSecret">Its secret; write-only.</param>
/// <param name="Streams"><c>user</c>, <c>admin</c> or both (default).</param>
/// <param name="PollIntervalSeconds">1 to 3600; 5 by default. Grows to 30 while there are no events.</param>
/// <param name="Start">Where the first poll starts: <c>now</c> (default), <c>everything</c>, or an instant such as 2026-01-31T00:00:00Z.</param>
/// <param name="CaCertificate">PEM of the authorities to trust instead of the system's.</param>
/// <param name="AllowDuplicate">Whether another source may read the same realm; false by default because every event would then be
/// forwarded twice.</param>
/// <param name="Proxy">HTTP proxy for the requests, such as http://proxy.example.com:3128, without user name and password; proxy variables
/// of the environment are ignored.</param>
/// <param name="Fingerprint">Fingerprint of the server's certificate, SHA-256:AB:CD:…, by which it is trusted instead of by its authority and name;
/// several, separated by commas, while it is renewed.</param>
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
    /// <summary>How the client authenticates: <c>client-secret</c> (default), <c>private-key-jwt</c> (an assertion signed with its own key),
    /// <c>token-file</c> (a token signed by another issuer, such as that of a Kubernetes service account) or <c>mutual-tls</c>.</summary>
    [AllowedValues("client-secret", "private-key-jwt", "token-file", "mutual-tls")]
    public string? Authentication { get; init; }

    /// <summary>private-key-jwt: the client's private key in PEM format, RSA (RS256) or EC (ES256, ES384, ES512); write-only.</summary>
    public string? PrivateKey { get; init; }

    /// <summary>private-key-jwt: id of the key in the client's key set, if it has several.</summary>
    public string? KeyId { get; init; }

    /// <summary>token-file: the file that holds the token, such as <c>file:/run/secrets/keycloak-token</c>; reread when it changes.</summary>
    public string? ClientAssertion { get; init; }

    /// <summary>mutual-tls: PEM of the client certificate, followed by its chain.</summary>
    public string? ClientCertificate { get; init; }

    /// <summary>mutual-tls: PEM of its private key; write-only.</summary>
    public string? ClientKey { get; init; }

    /// <summary>Read-only and ignored, like the next two members.</summary>
    [ReadOnly(true)]
    public bool? ClientSecretSet { get; init; }

    [ReadOnly(true)]
    public bool? PrivateKeySet { get; init; }

    [ReadOnly(true)]
    public bool? ClientKeySet { get; init; }

    /// <summary>Hides the secrets, should somebody write a request to a log.</summary>
    public override string ToString() => "KeycloakRequest { *** }";
}

/// <summary>A source with its current settings.</summary>
/// <param name="Warnings">Settings that this version cannot read because a newer one saved them. Absent if there are none.</param>
/// <param name="SecretReferences">Where externally stored secrets are, by name. Absent if there are none.</param>
/// <param name="Status">Its short status.</param>
/// <param name="ManagedBy">Name of the configuration file that manages it. Absent if none does.</param>
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

/// <summary>A short status of a source, for lists.</summary>
/// <param name="Status"><c>Success</c> (read to the end once, or pushed to), <c>Error</c>, <c>Not yet invoked</c> or <c>Disabled</c>.</param>
/// <param name="Since">Since when polling has been failing.</param>
/// <param name="Message">Why polling fails.</param>
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

/// <summary>A page of sources.</summary>
public sealed record SourceList(IReadOnlyList<SourceResponse> Items, int Total, int Page, int PageSize);
