namespace SiemForwarder.WebConsole.Parts;

/// <summary>The settings of an integration, by section of its page.</summary>
internal static class IntegrationFields
{
    public static readonly (string Title, string? Hint, SettingField[] Fields)[] Sections =
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
        ("Authentication", "Secrets are write-only: they are replaced, never shown.",
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
        ("Sources and filter", "Without a filter everything is sent. Several values are separated by commas; a type may end in *.",
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
}
