using System.Text.Json;
using System.Text.Json.Serialization;
using SiemForwarder.Destinations;
using SiemForwarder.Events;
using SiemForwarder.Events.Formats;
using SiemForwarder.Events.Privacy;

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

    [JsonIgnore]
    public bool IsHttp => Protocol is "http" or "https";

    public string ToJson() => JsonSerializer.Serialize(this, IntegrationJson.Options);

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
