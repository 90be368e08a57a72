using System.Text.Json.Nodes;
using SiemForwarder.WebConsole.Api;

namespace SiemForwarder.WebConsole.Parts;

/// <summary>The settings of an integration, by section of its page.</summary>
internal static class IntegrationFields
{
    private const string WriteOnly = "Secrets are write-only: they are replaced, never shown.";

    private static readonly (string Title, string? Hint, SettingField[] Fields)[] Sections =
    [
        ("General", null,
        [
            new("name", "Name"), new("description", "Description"), new("enginePool", "Engine pool", Hint: "The engines that can reach the SIEM."),
        ]),
        ("Connection", null,
        [
            new("serverUrl", "Server URL", Hint: "A new URL brings its own protocol and port."),
            new("protocol", "Protocol"), new("port", "Port", SettingKind.Number),
            new("http.timeoutSeconds", "Timeout (s)", SettingKind.Number), new("http.proxy", "HTTP proxy", Hint: "http://host:port"),
        ]),
        ("Output", null,
        [
            new("outputType", "Output type", Choices: ["Syslog", "JSON", "CEF", "LEEF"]),
            new("schema", "Schema", Hint: "native, raw, ecs, ocsf, cim, asim or udm; for JSON and Syslog."),
            new("syslog.format", "Syslog format", Choices: ["", "rfc5424", "rfc3164"]), new("syslog.framing", "Framing", Choices: ["", "octet-counting", "lf"]),
            new("syslog.facility", "Facility", SettingKind.Number, "0 to 23"), new("syslog.appName", "App name"), new("syslog.hostname", "Host name"),
            new("syslog.maxMessageBytes", "Message limit (bytes)", SettingKind.Number),
            new("syslog.enterpriseNumber", "Enterprise number", SettingKind.Number, "Your organization's, registered with IANA."),
            new("includeRepresentation", "What admins sent", SettingKind.Flag, "Includes the representation of admin events; long, and personal."),
        ]),
        ("Authentication", WriteOnly,
        [
            new("authentication.type", "Type", Choices: ["none", "basic", "header", "bearer"]), new("authentication.username", "User name", Hint: "For basic."),
            new("authentication.password", "Password", SettingKind.Secret), new("authentication.header", "Header", SettingKind.Secret, "Name: value"),
            new("authentication.token", "Token", SettingKind.Secret),
        ]),
        ("TLS", null,
        [
            new("tls.serverName", "Server name", Hint: "To verify instead of the URL's host."), new("tls.fingerprint", "Fingerprint", Hint: "SHA-256:AB:CD:…"),
            new("tls.caCertificate", "Authorities (PEM)", SettingKind.Area), new("tls.clientCertificate", "Client certificate (PEM)", SettingKind.Area),
            new("tls.clientKey", "Client key", SettingKind.Secret),
        ]),
        ("Sources and filter", "Without a filter everything is sent. Several clients or users are separated by commas; a type may end in *.",
        [
            new("sources", "Sources", SettingKind.Numbers, "Ids; empty for all."), new("filter.include.types", "Only types", SettingKind.List),
            new("filter.include.categories", "Only categories", SettingKind.List),
            new("filter.include.outcomes", "Only outcomes", SettingKind.List, "success, failure, unknown"),
            new("filter.include.minimumSeverity", "Least severity", SettingKind.Number, "0 to 10"),
            new("filter.include.clients", "Only clients", SettingKind.List),
            new("filter.include.users", "Only users", SettingKind.List), new("filter.exclude.types", "Never types", SettingKind.List),
            new("filter.exclude.categories", "Never categories", SettingKind.List), new("filter.exclude.clients", "Never clients", SettingKind.List),
            new("filter.exclude.users", "Never users", SettingKind.List),
        ]),
        ("Privacy", "One rule per line: a field and drop, mask, truncate-ip or hash.",
        [
            new("privacy", "Rules", SettingKind.Rules, "subject hash"),
            new("privacyKey", "Key for hashes", SettingKind.Secret), new("privacyKeyId", "Id of the key"),
        ]),
        ("Batching", null,
        [
            new("batch.maxEvents", "Events per batch", SettingKind.Number), new("batch.maxBytes", "Bytes per batch", SettingKind.Number),
            new("http.body", "HTTP body", Choices: ["", "single", "array", "ndjson"]), new("http.gzip", "Compressed", SettingKind.Flag),
        ]),
    ];

    /// <summary>The sections of an integration: those of all, and that of the settings which only its kind of destination has.</summary>
    /// <param name="kind">The kind as the API describes it; null while it is not known.</param>
    public static IEnumerable<(string Title, string? Hint, SettingField[] Fields)> SectionsOf(JsonNode? kind) =>
        OwnOf(kind) is { Length: > 0 } own ? [.. Sections[..2], ($"Settings of {kind.Text("name")}", WriteOnly, own), .. Sections[2..]] : Sections;

    /// <summary>The settings that only a kind of destination has.</summary>
    public static SettingField[] OwnOf(JsonNode? kind) =>
        [.. kind.Items("fields").Where(field => field.Text("name")?.StartsWith("settings.", StringComparison.Ordinal) == true).Select(Own)];

    private static SettingField Own(JsonNode field)
    {
        var (name, usual) = (field.Text("name")!, field.Text("default"));
        var kind = field.Flag("secret") ? SettingKind.Secret : field.Text("type") switch
        {
            "number" => SettingKind.Number, "flag" => SettingKind.Flag, "multilinetext" => SettingKind.Area, _ => SettingKind.Text,
        };
        string[] none = field.Flag("required") ? [] : [""];
        string[]? choices = field.Text("type") == "choice" ? [.. none, .. field.Items("choices").Select(one => one.ToString())] : null;
        return new SettingField(name, Words(name["settings.".Length..]), kind, field.Text("description"), choices, usual, field.Flag("required"));
    }

    // sourceType becomes "Source type".
    private static string Words(string name) => string.Concat(name.Select((one, i) =>
        i == 0 ? $"{char.ToUpperInvariant(one)}" : char.IsUpper(one) ? $" {char.ToLowerInvariant(one)}" : $"{one}"));
}
