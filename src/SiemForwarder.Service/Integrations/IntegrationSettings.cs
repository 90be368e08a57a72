using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using SiemForwarder.Events.Formats;
using SiemForwarder.Events.Privacy;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Integrations;

/// <summary>The validated settings of an integration, with all defaults filled in and secrets only as whether they are set, as stored and
/// shown.</summary>
public record IntegrationSettings
{
    private static readonly IntegrationSettings Blank = new()
    {
        Protocol = "tcp", Port = 0, OutputType = "Syslog", Schema = "native", Syslog = new("rfc5424", "lf", 10, "siemforwarder", null, 8192, 32473, "escape"),
        Http = new HttpContract("single", false, 30), Batch = new BatchContract(), Authentication = new AuthenticationResponse("none", null),
        Tls = new TlsResponse(), Sources = [], Filter = new FilterContract(),
    };

    public required string Protocol { get; init; }

    public required int Port { get; init; }

    public required string OutputType { get; init; }

    public required string Schema { get; init; }

    public bool IncludeRepresentation { get; init; }

    public required SyslogContract Syslog { get; init; }

    public required HttpContract Http { get; init; }

    public required BatchContract Batch { get; init; }

    public required AuthenticationResponse Authentication { get; init; }

    public required TlsResponse Tls { get; init; }

    public required IReadOnlyList<int> Sources { get; init; }

    public required FilterContract Filter { get; init; }

    public IReadOnlyList<PrivacyRuleContract> Privacy { get; init; } = [];

    public string? PrivacyKeyId { get; init; }

    /// <summary>Settings that only this kind of destination has.</summary>
    public JsonElement? Settings { get; init; }

    /// <summary>Where externally stored secrets are, by name. Absent if there are none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, string>? SecretReferences { get; init; }

    internal string ToJson() => JsonSerializer.Serialize(this, IntegrationJson.Options);

    /// <summary>The settings as stored; null with an explanation if this version does not know all of them.</summary>
    internal static IntegrationSettings? Read(string json, out string? fault)
    {
        var read = StoredDefinition.Read<IntegrationSettings>(FormerSettings.Nest(json), IntegrationJson.Options, out fault);
        fault ??= read!.FindUnknown() is { } unknown ? StoredDefinition.SavedByNewer(unknown) : null;
        return fault is null ? read : null;
    }

    /// <summary>The part of the settings that this version knows, for display.</summary>
    internal static IntegrationSettings ReadKnown(string json) => StoredDefinition.ReadKnown(FormerSettings.Nest(json), IntegrationJson.Options, Blank);

    /// <summary>A copy that shows which secrets are currently set.</summary>
    internal IntegrationSettings WithSecrets(IReadOnlyCollection<string> names) => this with
    {
        Authentication = Authentication with
        {
            PasswordSet = names.Contains(SecretName.Password), HeaderSet = names.Contains(SecretName.Header), TokenSet = names.Contains(SecretName.Token),
        },
        Tls = Tls with { ClientKeySet = names.Contains(SecretName.ClientKey) },
    };

    private string? FindUnknown()
    {
        string? unknown = null;
        Check("outputType", ApiEnumNames.OutputTypes.ContainsKey(OutputType));
        Check("syslog.format", ApiEnumNames.SyslogFormats.ContainsKey(Syslog.Format ?? ""));
        Check("syslog.framing", ApiEnumNames.Framings.ContainsKey(Syslog.Framing ?? ""));
        Check("syslog", Syslog is { Facility: not null, AppName: not null, MaxMessageBytes: not null, EnterpriseNumber: not null });
        Check("syslog.invisibleCharacters", ApiEnumNames.InvisibleCharacters.ContainsKey(Syslog.InvisibleCharacters ?? ""));
        Check("http.body", ApiEnumNames.Bodies.ContainsKey(Http.Body ?? ""));
        Check("http", Http is { Gzip: not null, TimeoutSeconds: not null });
        Check("authentication.type", ApiEnumNames.AuthenticationTypes.ContainsKey(Authentication.Type));
        Check("privacy", Privacy.All(rule => rule.Field is not null && PrivacySettings.Actions.ContainsKey(rule.Action ?? "")));
        return unknown
            ?? (!EventFormatCatalog.Schemas.Contains(Schema) ? $"the schema '{Schema}'"
            : Privacy.FirstOrDefault(rule => !PrivacyFields.IsKnown(rule.Field!)) is { } rule ? $"the field '{rule.Field}' of a privacy rule"
            : null);

        void Check(string member, bool isKnown) => unknown ??= isKnown ? null : $"the value of '{member}'";
    }
}

/// <summary>Reads settings stored before they had the structure of the API: one flat object, with enumeration values as named in code.</summary>
internal static class FormerSettings
{
    private static readonly (string Former, string Now)[] Places =
    [
        ("syslogFormat", "syslog.format"), ("framing", "syslog.framing"), ("facility", "syslog.facility"), ("appName", "syslog.appName"),
        ("hostname", "syslog.hostname"), ("maxMessageBytes", "syslog.maxMessageBytes"), ("enterpriseNumber", "syslog.enterpriseNumber"),
        ("body", "http.body"), ("gzip", "http.gzip"), ("timeoutSeconds", "http.timeoutSeconds"), ("proxy", "http.proxy"),
        ("batchMaxEvents", "batch.maxEvents"), ("batchMaxBytes", "batch.maxBytes"), ("authentication", "authentication.type"),
        ("username", "authentication.username"), ("caCertificate", "tls.caCertificate"), ("clientCertificate", "tls.clientCertificate"),
        ("serverName", "tls.serverName"), ("fingerprint", "tls.fingerprint"),
    ];

    private static readonly Dictionary<string, string> Names = new()
    {
        ["Json"] = "JSON", ["Cef"] = "CEF", ["Leef"] = "LEEF", ["Rfc5424"] = "rfc5424", ["Rfc3164"] = "rfc3164", ["OctetCounting"] = "octet-counting",
        ["LineFeed"] = "lf", ["Single"] = "single", ["Array"] = "array", ["Ndjson"] = "ndjson", ["None"] = "none", ["Basic"] = "basic",
        ["Header"] = "header", ["Bearer"] = "bearer", ["Drop"] = "drop", ["Mask"] = "mask", ["TruncateIp"] = "truncate-ip", ["Hash"] = "hash",
    };

    /// <summary>Converts settings to the current structure; returns them unchanged if they already have it.</summary>
    public static string Nest(string json)
    {
        // Settings are read often, and current ones need not be parsed twice.
        if (!json.Contains("\"syslogFormat\"", StringComparison.Ordinal)
            || JsonNode.Parse(json) is not JsonObject stored || !stored.ContainsKey("syslogFormat"))
        {
            return json;
        }

        var nested = new JsonObject();
        foreach (var group in Places.Select(place => place.Now.Split('.')[0]).Distinct())
        {
            nested[group] = new JsonObject();
        }

        nested["syslog"]!["enterpriseNumber"] = SyslogHeaderSettings.DocumentationNumber;
        nested["syslog"]!["invisibleCharacters"] = "escape";
        foreach (var (name, value) in stored)
        {
            if (Places.FirstOrDefault(place => place.Former == name).Now?.Split('.') is [var group, var member])
            {
                nested[group]![member] = Rename(value);
            }
            else
            {
                nested[name] = name == "outputType" ? Rename(value) : value?.DeepClone();
            }
        }

        foreach (var rule in (nested["privacy"] as JsonArray)?.OfType<JsonObject>() ?? [])
        {
            rule["action"] = Rename(rule["action"]);
        }

        return nested.ToJsonString();
    }

    private static JsonNode? Rename(JsonNode? value) =>
        value?.GetValueKind() == JsonValueKind.String && Names.TryGetValue(value.GetValue<string>(), out var name) ? name : value?.DeepClone();
}

/// <summary>Writes settings to the database in the format of the API.</summary>
internal static class IntegrationJson
{
    public static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web) { Converters = { new JsonStringEnumConverter() } };
}

/// <summary>The names under which an integration's secrets are stored.</summary>
internal static class SecretName
{
    public const string Password = "authentication.password";
    public const string Header = "authentication.header";
    public const string Token = "authentication.token";
    public const string ClientKey = "tls.clientKey";
    public const string PrivacyKey = "privacyKey";
}
