using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization;
using SiemForwarder.Events;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Integrations;

/// <summary>An integration as somebody asks for it; what is left out takes its default, secrets left out stay as they are.</summary>
public record IntegrationRequest
{
    /// <summary>Unique name, 1 to 100 characters.</summary>
    [Length(1, 100)]
    public string? Name { get; init; }

    public string? Description { get; init; }

    /// <summary>Whether events are forwarded; false unless said otherwise.</summary>
    public bool? Enabled { get; init; }

    /// <summary>Engine pool that may reach the destination; <c>default</c>.</summary>
    public string? EnginePool { get; init; }

    /// <summary>Id of a preset (<c>GET /api/v1/presets</c>) that fills what is left out; what is given wins.</summary>
    public string? Preset { get; init; }

    /// <summary>Kind id of the destination catalogue; derived from the scheme of the URL when absent.</summary>
    public string? Destination { get; init; }

    /// <summary>Where to send: <c>udp://</c>, <c>tcp://</c>, <c>tls://</c>, <c>http://</c>, <c>https://</c> and what the destinations take
    /// beside; with a preset the host is enough.</summary>
    public string? ServerUrl { get; init; }

    /// <summary>Protocol; the scheme of the URL unless said otherwise.</summary>
    public string? Protocol { get; init; }

    /// <summary>Port; the URL's, or the default of the protocol.</summary>
    [Range(1, 65535)]
    public int? Port { get; init; }

    /// <summary><c>Syslog</c>, <c>JSON</c>, <c>CEF</c> or <c>LEEF</c>; Syslog by default, JSON where the URL is http or https.</summary>
    [AllowedValues("Syslog", "JSON", "CEF", "LEEF")]
    public string? OutputType { get; init; }

    /// <summary>Schema of JSON: <c>native</c> by default; see docs/schemas.md for the others.</summary>
    public string? Schema { get; init; }

    /// <summary>Whether admin events carry what was sent to Keycloak (its <c>representation</c>, secrets masked); false by default, since
    /// it holds personal data and is long.</summary>
    public bool? IncludeRepresentation { get; init; }

    public SyslogContract? Syslog { get; init; }

    public HttpContract? Http { get; init; }

    public BatchContract? Batch { get; init; }

    public AuthenticationRequest? Authentication { get; init; }

    public TlsRequest? Tls { get; init; }

    /// <summary>Ids of the sources to forward; empty means all.</summary>
    public IReadOnlyList<int>? Sources { get; init; }

    public FilterContract? Filter { get; init; }

    /// <summary>What happens to fields before they leave, in every format; left out of a request means none. See docs/privacy.md.</summary>
    public IReadOnlyList<PrivacyRuleContract>? Privacy { get; init; }

    /// <summary>Key of hashed fields, 16 to 500 characters; write-only, left out it stays as it is.</summary>
    [Length(16, 500)]
    public string? PrivacyKey { get; init; }

    /// <summary>Id that stands in every hash, 1 to 32 letters, digits, dots, dashes or underscores; change it with the key.</summary>
    [RegularExpression("^[A-Za-z0-9._-]{1,32}$")]
    public string? PrivacyKeyId { get; init; }

    /// <summary>Where a new integration begins: <c>now</c> (default), <c>everything</c> stored, or an instant; history runs beside live
    /// events. Only when it is created.</summary>
    public string? Start { get; init; }

    /// <summary>Where sources begin that a change adds: <c>now</c> (default), with what is stored from then on; or <c>everything</c> stored,
    /// going on where the integration stopped if it read the source before. Only when it is changed.</summary>
    public string? StartOfNewSources { get; init; }

    /// <summary>What only this destination has.</summary>
    public JsonElement? Settings { get; init; }

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

/// <summary>What happens to one field before an event leaves.</summary>
/// <param name="Field">Name in the native schema (<c>subject</c>, <c>ip_address</c> …), <c>email</c>, <c>context.NAME</c> or <c>context.*</c>.</param>
/// <param name="Action"><c>drop</c>, <c>mask</c>, <c>truncate-ip</c> or <c>hash</c>.</param>
public sealed record PrivacyRuleContract(
    string? Field = null, [property: AllowedValues("drop", "mask", "truncate-ip", "hash")] string? Action = null);

/// <summary>The syslog header and framing.</summary>
/// <param name="Format"><c>rfc5424</c> (default) or <c>rfc3164</c> (default for LEEF).</param>
/// <param name="Framing"><c>octet-counting</c> or <c>lf</c>; TLS takes octet counting by default, TCP LF.</param>
/// <param name="Facility">0 to 23; 10 (authpriv) by default.</param>
/// <param name="AppName">APP-NAME, 1 to 48 printable ASCII characters; <c>CEF</c> for CEF, else <c>siemforwarder</c>.</param>
/// <param name="Hostname">HOSTNAME; the Keycloak host by default.</param>
/// <param name="MaxMessageBytes">Longest message in octets, 480 to 1048576; 8192 for TCP and TLS, 1472 for UDP by default.</param>
/// <param name="EnterpriseNumber">Your IANA private enterprise number in the SD-ID <c>keycloak@number</c>; 32473 by default, which is reserved
/// for documentation.</param>
/// <param name="InvisibleCharacters"><c>escape</c> (default) writes <c>\u202E</c> in CEF, LEEF and structured data for a character that nobody sees;
/// <c>keep</c> leaves it.</param>
public sealed record SyslogContract(
    [property: AllowedValues("rfc5424", "rfc3164")] string? Format = null,
    [property: AllowedValues("octet-counting", "lf")] string? Framing = null,
    [property: Range(0, 23)] int? Facility = null,
    [property: RegularExpression("^[!-~]{1,48}$")] string? AppName = null,
    string? Hostname = null,
    [property: Range(480, 1_048_576)] int? MaxMessageBytes = null,
    [property: Range(1, int.MaxValue)] int? EnterpriseNumber = null,
    [property: AllowedValues("escape", "keep")] string? InvisibleCharacters = null);

/// <summary>How requests are made.</summary>
/// <param name="Body"><c>single</c> (default), <c>array</c> or <c>ndjson</c>.</param>
/// <param name="Gzip">Whether bodies are compressed; false by default.</param>
/// <param name="TimeoutSeconds">1 to 300; 30 by default.</param>
/// <param name="Proxy">HTTP proxy that requests go through, <c>http://host:port</c>, reached without a password; none by default, whatever
/// the environment says.</param>
public sealed record HttpContract(
    [property: AllowedValues("single", "array", "ndjson")] string? Body = null,
    bool? Gzip = null,
    [property: Range(1, 300)] int? TimeoutSeconds = null,
    string? Proxy = null);

/// <summary>How much one batch may hold; never more than the destination itself allows.</summary>
/// <param name="MaxEvents">1 to 10000 events; the destination's limit by default.</param>
/// <param name="MaxBytes">1000 to 16777216 bytes of formatted events; a single larger event goes alone.</param>
public sealed record BatchContract(
    [property: Range(1, 10_000)] int? MaxEvents = null, [property: Range(1000, 16_777_216)] int? MaxBytes = null);

/// <summary>Credentials; a secret that is left out keeps its stored value.</summary>
/// <param name="Type"><c>none</c>, <c>basic</c>, <c>header</c> or <c>bearer</c>.</param>
/// <param name="Username">For basic.</param>
/// <param name="Password">For basic; write-only.</param>
/// <param name="Header">For header: the full line, <c>Name: value</c>; write-only.</param>
/// <param name="Token">For bearer; write-only.</param>
public sealed record AuthenticationRequest(
    [property: AllowedValues("none", "basic", "header", "bearer")] string? Type = null,
    string? Username = null, string? Password = null, string? Header = null, string? Token = null)
{
    /// <summary>Shown and ignored, like those that follow.</summary>
    [ReadOnly(true)]
    public bool? PasswordSet { get; init; }

    [ReadOnly(true)]
    public bool? HeaderSet { get; init; }

    [ReadOnly(true)]
    public bool? TokenSet { get; init; }

    /// <summary>Hides the secrets, should somebody write a request to a log.</summary>
    public override string ToString() => "AuthenticationRequest { *** }";
}

/// <summary>Credentials as stored and shown: secrets only by whether they are set.</summary>
public sealed record AuthenticationResponse(string Type, string? Username, bool PasswordSet = false, bool HeaderSet = false, bool TokenSet = false);

/// <summary>TLS; a key that is left out keeps its stored value.</summary>
/// <param name="CaCertificate">PEM of the authorities to trust instead of the system's.</param>
/// <param name="ClientCertificate">PEM of the client certificate, its chain behind it.</param>
/// <param name="ClientKey">PEM of its private key; write-only.</param>
/// <param name="ServerName">Name to ask for and to check instead of the URL's host.</param>
/// <param name="Fingerprint">SHA-256 fingerprints that the receiver's certificate is trusted by, instead of its chain and its name:
/// <c>SHA-256:AB:CD:…</c>.</param>
public sealed record TlsRequest(
    string? CaCertificate = null, string? ClientCertificate = null, string? ClientKey = null, string? ServerName = null, string? Fingerprint = null)
{
    /// <summary>Shown and ignored.</summary>
    [ReadOnly(true)]
    public bool? ClientKeySet { get; init; }

    /// <summary>Hides the secrets, should somebody write a request to a log.</summary>
    public override string ToString() => "TlsRequest { *** }";
}

/// <summary>TLS as stored and shown.</summary>
public sealed record TlsResponse(
    string? CaCertificate = null, string? ClientCertificate = null, bool ClientKeySet = false, string? ServerName = null, string? Fingerprint = null);

/// <summary>Which events are wanted: those that match include (or all) and do not match exclude.</summary>
public sealed record FilterContract(MatchContract? Include = null, MatchContract? Exclude = null)
{
    /// <summary>The filter that it describes.</summary>
    internal EventFilter ToFilter() => new(Include?.ToMatch(), Exclude?.ToMatch());
}

/// <summary>One side of a filter; a list that is empty or absent matches everything.</summary>
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
    /// <summary>The same with every list there.</summary>
    internal MatchContract Filled() => new(Types ?? [], Categories ?? [], Outcomes ?? [], MinimumSeverity, Clients ?? [], Users ?? []);

    internal EventMatch ToMatch() => new()
    {
        Types = Types ?? [], Categories = Categories ?? [], Outcomes = Outcomes ?? [], MinimumSeverity = MinimumSeverity, Clients = Clients ?? [],
        Users = Users ?? [],
    };
}

/// <summary>An integration as it is in force.</summary>
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
    /// <param name="status">How it is doing.</param>
    /// <param name="warnings">What may not be meant as it is written.</param>
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

    /// <summary>Name of the configuration file that manages it. Absent where none does.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? ManagedBy { get; init; }

    /// <summary>What may not be meant as it is written, such as a filter for a type that nothing is called; or what this version cannot read of it.
    /// Absent where there is nothing.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Warnings { get; init; }
}

/// <summary>The headline of an integration's status, for lists.</summary>
/// <param name="Status"><c>Success</c>, <c>Error</c>, <c>Not yet invoked</c> or <c>Disabled</c>.</param>
/// <param name="Since">Since when.</param>
/// <param name="Message">What went wrong last, where the status is Error.</param>
public sealed record IntegrationSummary(string Status, DateTimeOffset? Since, string? Message);

/// <summary>A page of a list.</summary>
public sealed record IntegrationList(IReadOnlyList<IntegrationResponse> Items, int Total, int Page, int PageSize);
