using System.Text.Json;
using System.Text.Json.Serialization;
using SiemForwarder.Destinations;
using SiemForwarder.Events;
using SiemForwarder.Events.Formats;
using SiemForwarder.Events.Privacy;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Integrations;

/// <summary>The validated settings of an integration, every default filled in, without secrets; stored as JSON.</summary>
internal sealed record IntegrationDefinition
{
    public required string Protocol { get; init; }

    public required int Port { get; init; }

    public required OutputType OutputType { get; init; }

    public required string Schema { get; init; }

    public bool IncludeRepresentation { get; init; }

    public required SyslogFormat SyslogFormat { get; init; }

    public required SyslogFraming Framing { get; init; }

    public required int Facility { get; init; }

    public required string AppName { get; init; }

    public string? Hostname { get; init; }

    /// <summary>Integrations that were stored before it could be set have the default.</summary>
    public int EnterpriseNumber { get; init; } = SyslogHeaderSettings.DocumentationNumber;

    /// <summary>Integrations that were stored before it could be set escape them.</summary>
    public InvisibleCharacters InvisibleCharacters { get; init; }

    public required int MaxMessageBytes { get; init; }

    public required HttpBody Body { get; init; }

    public required bool Gzip { get; init; }

    public required int TimeoutSeconds { get; init; }

    public string? Proxy { get; init; }

    public int? BatchMaxEvents { get; init; }

    public int? BatchMaxBytes { get; init; }

    public required AuthenticationType Authentication { get; init; }

    public string? Username { get; init; }

    public string? CaCertificate { get; init; }

    public string? ClientCertificate { get; init; }

    public string? ServerName { get; init; }

    public string? Fingerprint { get; init; }

    public required IReadOnlyList<int> Sources { get; init; }

    public required EventFilter Filter { get; init; }

    public IReadOnlyList<PrivacyRule> Privacy { get; init; } = [];

    public string? PrivacyKeyId { get; init; }

    public JsonElement? Settings { get; init; }

    /// <summary>Where secrets are that are kept outside, by their names; null where none are.</summary>
    public IReadOnlyDictionary<string, string>? SecretReferences { get; init; }

    private static readonly IntegrationDefinition Blank = new()
    {
        Protocol = "tcp", Port = 0, OutputType = OutputType.Syslog, Schema = "native", SyslogFormat = SyslogFormat.Rfc5424, Framing = SyslogFraming.LineFeed,
        Facility = 10, AppName = "siemforwarder", MaxMessageBytes = 8192, Body = HttpBody.Single, Gzip = false, TimeoutSeconds = 30,
        Authentication = AuthenticationType.None, Sources = [], Filter = EventFilter.Everything,
    };

    [JsonIgnore]
    public bool IsHttp => Protocol is "http" or "https";

    public string ToJson() => JsonSerializer.Serialize(this, IntegrationJson.Options);

    /// <summary>The settings as stored; null with a sentence where this version does not know all that they say.</summary>
    public static IntegrationDefinition? Read(string json, out string? fault)
    {
        var read = StoredDefinition.Read<IntegrationDefinition>(json, IntegrationJson.Options, out fault);
        fault ??= !EventFormatCatalog.Schemas.Contains(read!.Schema) ? StoredDefinition.SavedByNewer($"the schema '{read.Schema}'")
            : read.Privacy.FirstOrDefault(rule => !PrivacyFields.IsKnown(rule.Field)) is { } rule
                ? StoredDefinition.SavedByNewer($"the field '{rule.Field}' of a privacy rule")
            : null;
        return fault is null ? read : null;
    }

    /// <summary>As much of the settings as this version knows, to be shown.</summary>
    public static IntegrationDefinition ReadKnown(string json) => StoredDefinition.ReadKnown(json, IntegrationJson.Options, Blank);

    public static IntegrationDefinition FromJson(string json) => JsonSerializer.Deserialize<IntegrationDefinition>(json, IntegrationJson.Options)
        ?? throw new InvalidDataException("A stored integration has an empty definition.");
}

/// <summary>How definitions are written to the database: names as in the API, enumerations as text.</summary>
internal static class IntegrationJson
{
    public static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web) { Converters = { new JsonStringEnumConverter() } };
}

/// <summary>The names under which an integration's secrets are kept.</summary>
internal static class SecretName
{
    public const string Password = "authentication.password";
    public const string Header = "authentication.header";
    public const string Token = "authentication.token";
    public const string ClientKey = "tls.clientKey";
    public const string PrivacyKey = "privacyKey";
}
