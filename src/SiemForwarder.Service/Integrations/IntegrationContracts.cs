using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization;
using SiemForwarder.Events;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Integrations;

/// <summary>A request to create or change an integration; omitted settings take their defaults, omitted secrets are kept.</summary>
public record IntegrationRequest
{
    /// <summary>Unique name, 1 to 100 characters.</summary>
    [Length(1, 100)]
    public string? Name { get; init; }

    public string? Description { get; init; }

    /// <summary>Whether events are forwarded; false by default.</summary>
    public bool? Enabled { get; init; }

    /// <summary>Engine pool that can reach the destination; <c>default</c> by default.</summary>
    public string? EnginePool { get; init; }

    /// <summary>Id of a preset (<c>GET /api/v1/presets</c>) that fills in omitted settings; given settings take precedence.</summary>
    public string? Preset { get; init; }

    /// <summary>Kind id of the destination catalogue; derived from the scheme of the URL if absent.</summary>
    public string? Destination { get; init; }

    /// <summary>Where to send: <c>udp://</c>, <c>tcp://</c>, <c>tls://</c>, <c>http://</c>, <c>https://</c> and the schemes of particular
    /// destinations; with a preset the host is enough.</summary>
    public string? ServerUrl { get; init; }

    /// <summary>Protocol; the scheme of the URL by default.</summary>
    public string? Protocol { get; init; }

    /// <summary>Port; the URL's, or the default of the protocol.</summary>
    [Range(1, 65535)]
    public int? Port { get; init; }

    /// <summary><c>Syslog</c>, <c>JSON</c>, <c>CEF</c> or <c>LEEF</c>; Syslog by default, JSON if the URL is http or https.</summary>
    [AllowedValues("Syslog", "JSON", "CEF", "LEEF")]
    public string? OutputType { get; init; }

    /// <summary>Schema of JSON: <c>native</c> by default; see docs/schemas.md for the others.</summary>
    public string? Schema { get; init; }

    /// <summary>Whether admin events include what was sent to Keycloak (their <c>representation</c>, secrets masked); false by default because
    /// it contains personal data and is long.</summary>
    public bool? IncludeRepresentation { get; init; }

    public SyslogContract? Syslog { get; init; }

    public HttpContract? Http { get; init; }

    public BatchContract? Batch { get; init; }

    public AuthenticationRequest? Authentication { get; init; }

    public TlsRequest? Tls { get; init; }

    /// <summary>Ids of the sources to forward; empty means all.</summary>
    public IReadOnlyList<int>? Sources { get; init; }

    public FilterContract? Filter { get; init; }

    /// <summary>Privacy rules, applied to fields before they leave, in every format; none by default. See docs/privacy.md.</summary>
    public IReadOnlyList<PrivacyRuleContract>? Privacy { get; init; }

    /// <summary>Key for hashed fields, 16 to 500 characters; write-only, kept if omitted.</summary>
    [Length(16, 500)]
    public string? PrivacyKey { get; init; }

    /// <summary>Key id written into every hash, 1 to 32 letters, digits, dots, dashes or underscores; change it with the key.</summary>
    [RegularExpression("^[A-Za-z0-9._-]{1,32}$")]
    public string? PrivacyKeyId { get; init; }

    /// <summary>Where a new integration starts: <c>now</c> (default), <c>everything</c> stored, or an instant; history is sent beside live
    /// events. Only on creation.</summary>
    public string? Start { get; init; }

    /// <summary>Where sources added by a change start: <c>now</c> (default), with events stored from then on; or <c>everything</c> stored,
    /// resuming where the integration stopped if it read the source before. Only on a change.</summary>
    public string? StartOfNewSources { get; init; }

    /// <summary>Settings that only this kind of destination has.</summary>
    public JsonElement? Settings { get; init; }

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
    public DateTimeOffset? PausedSince { get; init; }

    /// <summary>Name of the configuration file that manages it; set by the query parameter <c>managedBy</c> alone.</summary>
    [ReadOnly(true)]
    public string? ManagedBy { get; init; }

    [ReadOnly(true)]
    public IntegrationSummary? Status { get; init; }

    [ReadOnly(true)]
    public bool? PrivacyKeySet { get; init; }

    [ReadOnly(true)]
    public IReadOnlyList<string>? Warnings { get; init; }

    [ReadOnly(true)]
    public IReadOnlyDictionary<string, string>? SecretReferences { get; init; }

    /// <summary>Hides the secrets, should somebody write a request to a log.</summary>
    public override string ToString() => $"IntegrationRequest {{ {Name} }}";
}

/// <summary>A privacy rule: what happens to one field before an event leaves.</summary>
/// <param name="Field">Name in the native schema (<c>subject</c>, <c>ip_address</c> …), <c>email</c>, <c>context.NAME</c> or <c>context.*</c>.</param>
/// <param name="Action"><c>drop</c>, <c>mask</c>, <c>truncate-ip</c> or <c>hash</c>.</param>
public sealed record PrivacyRuleContract(
    string? Field = null, [property: AllowedValues("drop", "mask", "truncate-ip", "hash")] string? Action = null);

/// <summary>The syslog header and framing.</summary>
/// <param name="Format"><c>rfc5424</c> (default) or <c>rfc3164</c> (default for LEEF).</param>
/// <param name="Framing"><c>octet-counting</c> or <c>lf</c>; octet counting by default for TLS, LF for TCP.</param>
/// <param name="Facility">0 to 23; 10 (authpriv) by default.</param>
/// <param name="AppName">APP-NAME, 1 to 48 printable ASCII characters; <c>CEF</c> for CEF, otherwise <c>siemforwarder</c>.</param>
/// <param name="Hostname">HOSTNAME; the Keycloak host by default.</param>
/// <param name="MaxMessageBytes">Maximum message size in bytes, 480 to 1048576; 8192 for TCP and TLS, 1472 for UDP by default.</param>
/// <param name="EnterpriseNumber">Your IANA private enterprise number in the SD-ID <c>keycloak@number</c>; 32473 by default, which is reserved
/// for documentation.</param>
/// <param name="InvisibleCharacters"><c>escape</c> (default) writes <c>\u202E</c> in CEF, LEEF and structured data for an invisible character;
/// <c>keep</c> leaves it as it is.</param>
public sealed record SyslogContract(
    [property: AllowedValues("rfc5424", "rfc3164")] string? Format = null,
    [property: AllowedValues("octet-counting", "lf")] string? Framing = null,
    [property: Range(0, 23)] int? Facility = null,
    [property: RegularExpression("^[!-~]{1,48}$")] string? AppName = null,
    string? Hostname = null,
    [property: Range(480, 1_048_576)] int? MaxMessageBytes = null,
    [property: Range(1, int.MaxValue)] int? EnterpriseNumber = null,
    [property: AllowedValues("escape", "keep")] string? InvisibleCharacters = null);

/// <summary>HTTP request settings.</summary>
/// <param name="Body"><c>single</c> (default), <c>array</c> or <c>ndjson</c>.</param>
/// <param name="Gzip">Whether bodies are compressed; false by default.</param>
/// <param name="TimeoutSeconds">1 to 300; 30 by default.</param>
/// <param name="Proxy">HTTP proxy for the requests, <c>http://host:port</c>, without a password; none by default. Proxy variables of the
/// environment are ignored.</param>
public sealed record HttpContract(
    [property: AllowedValues("single", "array", "ndjson")] string? Body = null,
    bool? Gzip = null,
    [property: Range(1, 300)] int? TimeoutSeconds = null,
    string? Proxy = null);

/// <summary>Limits of a batch; never more than the destination itself allows.</summary>
/// <param name="MaxEvents">1 to 10000 events; the destination's limit by default.</param>
/// <param name="MaxBytes">1000 to 16777216 bytes of formatted events; a single larger event is sent alone.</param>
public sealed record BatchContract(
    [property: Range(1, 10_000)] int? MaxEvents = null, [property: Range(1000, 16_777_216)] int? MaxBytes = null);

/// <summary>Credentials; omitted secrets are kept.</summary>
/// <param name="Type"><c>none</c>, <c>basic</c>, <c>header</c> or <c>bearer</c>.</param>
/// <param name="Username">For basic.</param>
/// <param name="Password">For basic; write-only.</param>
/// <param name="Header">For header: the full line, <c>Name: value</c>; write-only.</param>
/// <param name="Token">For bearer; write-only.</param>
public sealed record AuthenticationRequest(
    [property: AllowedValues("none", "basic", "header", "bearer")] string? Type = null,
    string? Username = null, string? Password = null, string? Header = null, string? Token = null)
{
    /// <summary>Read-only and ignored, like the members below.</summary>
    [ReadOnly(true)]
    public bool? PasswordSet { get; init; }

    [ReadOnly(true)]
    public bool? HeaderSet { get; init; }

    [ReadOnly(true)]
    public bool? TokenSet { get; init; }

    /// <summary>Hides the secrets, should somebody write a request to a log.</summary>
    public override string ToString() => "AuthenticationRequest { *** }";
}

/// <summary>Credentials as shown; secrets appear only as whether they are set.</summary>
public sealed record AuthenticationResponse(string Type, string? Username, bool PasswordSet = false, bool HeaderSet = false, bool TokenSet = false);

/// <summary>TLS settings; an omitted key is kept.</summary>
/// <param name="CaCertificate">PEM of the authorities to trust instead of the system's.</param>
/// <param name="ClientCertificate">PEM of the client certificate, followed by its chain.</param>
/// <param name="ClientKey">PEM of its private key; write-only.</param>
/// <param name="ServerName">Name to send (SNI) and verify instead of the URL's host.</param>
/// <param name="Fingerprint">SHA-256 fingerprints by which the receiver's certificate is trusted, instead of by its chain and name:
/// <c>SHA-256:AB:CD:…</c>.</param>
public sealed record TlsRequest(
    string? CaCertificate = null, string? ClientCertificate = null, string? ClientKey = null, string? ServerName = null, string? Fingerprint = null)
{
    /// <summary>Read-only and ignored.</summary>
    [ReadOnly(true)]
    public bool? ClientKeySet { get; init; }

    /// <summary>Hides the secrets, should somebody write a request to a log.</summary>
    public override string ToString() => "TlsRequest { *** }";
}

/// <summary>TLS settings as shown.</summary>
public sealed record TlsResponse(
    string? CaCertificate = null, string? ClientCertificate = null, bool ClientKeySet = false, string? ServerName = null, string? Fingerprint = null);

/// <summary>Which events are forwarded: those that match include (or all) and do not match exclude.</summary>
public sealed record FilterContract(MatchContract? Include = null, MatchContract? Exclude = null)
{
    /// <summary>The filter described by the contract.</summary>
    internal EventFilter ToFilter() => new(Include?.ToMatch(), Exclude?.ToMatch());
}

/// <summary>One side of a filter; an empty or absent list matches everything.</summary>
/// <param name="Types">Event types; a trailing <c>*</c> matches any ending.</param>
/// <param name="Categories">Categories of the catalogue.</param>
/// <param name="Outcomes"><c>success</c>, <c>failure</c>, <c>unknown</c>.</param>
/// <param name="MinimumSeverity">0 to 10.</param>
/// <param name="Clients">Client ids.</param>
/// <param name="Users">User names or ids.</param>
public sealed record MatchContract(
    IReadOnlyList<string>? Types = null,
    IReadOnlyList<string>? Categories = null,
    [property: AllowedValues("success", "failure", "unknown")] IReadOnlyList<string>? Outcomes = null,
    [property: Range(0, 10)] int? MinimumSeverity = null,
    IReadOnlyList<string>? Clients = null,
    IReadOnlyList<string>? Users = null)
{
    /// <summary>A copy in which absent lists are empty.</summary>
    internal MatchContract Filled() => new(Types ?? [], Categories ?? [], Outcomes ?? [], MinimumSeverity, Clients ?? [], Users ?? []);

    internal EventMatch ToMatch() => new()
    {
        Types = Types ?? [], Categories = Categories ?? [], Outcomes = Outcomes ?? [], MinimumSeverity = MinimumSeverity, Clients = Clients ?? [],
        Users = Users ?? [],
    };
}

/// <summary>An integration with its current settings.</summary>
public sealed record IntegrationResponse : IntegrationSettings
{
    [SetsRequiredMembers]
    private IntegrationResponse(Integration stored, IntegrationSettings settings, IntegrationSummary status)
        : base(settings)
    {
        (Id, Name, Description, Enabled, EnginePool) = (stored.Id, stored.Name, stored.Description, stored.Enabled, stored.EnginePool);
        (Preset, Destination, ServerUrl, PausedSince) = (stored.Preset, stored.Destination, stored.ServerUrl, stored.PausedAt);
        (Version, CreatedAt, UpdatedAt, Status, ManagedBy) = (stored.Version, stored.CreatedAt, stored.UpdatedAt, status, stored.ManagedBy);
    }

    /// <summary>A stored integration as the API shows it.</summary>
    /// <param name="stored">The integration.</param>
    /// <param name="secretNames">Names of the secrets that are set.</param>
    /// <param name="status">Its current status.</param>
    /// <param name="warnings">Settings that look like mistakes.</param>
    internal static IntegrationResponse Of(
        Integration stored, IReadOnlyCollection<string> secretNames, IntegrationSummary status, IReadOnlyList<string>? warnings = null)
    {
        var settings = IntegrationSettings.Read(stored.Definition, out var fault) ?? IntegrationSettings.ReadKnown(stored.Definition);
        IReadOnlyList<string> all = [.. fault is null ? [] : new[] { fault }, .. warnings ?? []];
        return new IntegrationResponse(stored, settings.WithSecrets(secretNames), status)
        {
            Settings = DestinationOwnSettings.Show(settings.Settings, stored.Destination, secretNames),
            PrivacyKeySet = secretNames.Contains(SecretName.PrivacyKey),
            Warnings = all.Count == 0 ? null : all,
        };
    }

    public required int Id { get; init; }

    public required string Name { get; init; }

    public required string Description { get; init; }

    public required bool Enabled { get; init; }

    public required string EnginePool { get; init; }

    public required string? Preset { get; init; }

    public required string Destination { get; init; }

    public required string ServerUrl { get; init; }

    public required int Version { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset UpdatedAt { get; init; }

    public required DateTimeOffset? PausedSince { get; init; }

    public required IntegrationSummary Status { get; init; }

    public required bool PrivacyKeySet { get; init; }

    /// <summary>Name of the configuration file that manages it. Absent if none does.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? ManagedBy { get; init; }

    /// <summary>Settings that look like mistakes, such as a filter for a nonexistent event type, or that this version cannot read.
    /// Absent if there are none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Warnings { get; init; }
}

/// <summary>A short status of an integration, for lists.</summary>
/// <param name="Status"><c>Success</c>, <c>Error</c>, <c>Not yet invoked</c> or <c>Disabled</c>.</param>
/// <param name="Since">Since when.</param>
/// <param name="Message">The last error, if the status is Error.</param>
public sealed record IntegrationSummary(string Status, DateTimeOffset? Since, string? Message);

/// <summary>A page of integrations.</summary>
public sealed record IntegrationList(IReadOnlyList<IntegrationResponse> Items, int Total, int Page, int PageSize);
