using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using SiemForwarder.Connections;
using SiemForwarder.Connections.Tls;
using SiemForwarder.Destinations;
using SiemForwarder.Events;
using SiemForwarder.Events.Formats;
using SiemForwarder.Service.Api;
using SiemForwarder.Service.Integrations.Presets;
using SiemForwarder.Service.Storage;
using SiemForwarder.Service.Storage.Protection;

namespace SiemForwarder.Service.Integrations;

/// <summary>Checks a request and fills in its defaults; every fault is noted by its field.</summary>
internal static class IntegrationRules
{
    private const int MaxNameLength = 100;
    private const int MaxTextLength = 2000;

    /// <summary>The definition and the secrets that follow from a request; null where anything is wrong.</summary>
    /// <param name="request">What was asked for.</param>
    /// <param name="stored">Secrets in force; kept where the request leaves them out.</param>
    /// <param name="errors">Takes the faults.</param>
    /// <param name="localFolder">Folder below which destinations may write files; null where the operator opened none.</param>
    /// <param name="changed">The integration that is changed; null for a new one.</param>
    /// <param name="references">Reads secrets that are kept outside; null where none can be.</param>
    public static ValidIntegration? Validate(
        IntegrationRequest request, IReadOnlyDictionary<string, Secret> stored, FieldErrors errors, string? localFolder = null,
        Integration? changed = null, SecretReferences? references = null)
    {
        request = PresetFilling.Fill(request, errors);
        CheckTexts(request, errors);
        var url = IntegrationAddress.ParseUrl(request, errors);
        var protocol = errors.Choose("protocol", request.Protocol, url?.Scheme ?? "tcp", ApiEnumNames.DefaultPorts.Keys.ToDictionary(name => name));
        if (url is not null && protocol != url.Scheme && request.Protocol is not null)
        {
            errors.Add("protocol", $"Is {protocol}, but the serverUrl begins with {url.Scheme}://; make them agree or leave protocol out.");
        }

        var kind = IntegrationAddress.FindKind(request, protocol, errors);
        IntegrationAddress.Check(request, url, kind, localFolder, errors);
        var usualOutput = kind is { CarriesBareEvents: true } ? OutputType.Json : OutputType.Syslog;
        var outputType = errors.Choose("outputType", request.OutputType, usualOutput, ApiEnumNames.OutputTypes);
        var secrets = Secrets(request, stored, references, errors);
        var schema = errors.Choose("schema", request.Schema, "native", ApiEnumNames.Schemas);
        var shortest = Math.Max(EventFormatCatalog.LowestMaxMessageBytes, EventFormatCatalog.LowestMaxBytes(schema));
        var definition = new IntegrationDefinition
        {
            Protocol = protocol,
            Port = errors.Between("port", IntegrationAddress.PortGiven(request, url), 1, 65535, kind is not null
                && kind.DefaultPorts.TryGetValue(protocol, out var usual) ? usual : ApiEnumNames.DefaultPorts[protocol]),
            OutputType = outputType,
            Schema = schema,
            IncludeRepresentation = request.IncludeRepresentation ?? false,
            SyslogFormat = errors.Choose(
                "syslog.format", request.Syslog?.Format, EventFormatCatalog.DefaultSyslogFormat(outputType), ApiEnumNames.SyslogFormats),
            Framing = errors.Choose(
                "syslog.framing", request.Syslog?.Framing, protocol == "tls" ? SyslogFraming.OctetCounting : SyslogFraming.LineFeed, ApiEnumNames.Framings),
            Facility = errors.Between("syslog.facility", request.Syslog?.Facility, 0, 23, 10),
            AppName = AppName(request.Syslog?.AppName, outputType, errors),
            Hostname = PrintableAscii("syslog.hostname", request.Syslog?.Hostname, 255, errors),
            EnterpriseNumber = errors.Between(
                "syslog.enterpriseNumber", request.Syslog?.EnterpriseNumber, 1, int.MaxValue, SyslogHeaderSettings.DocumentationNumber),
            InvisibleCharacters = errors.Choose(
                "syslog.invisibleCharacters", request.Syslog?.InvisibleCharacters, InvisibleCharacters.Escape, ApiEnumNames.InvisibleCharacters),
            MaxMessageBytes = errors.Between("syslog.maxMessageBytes", request.Syslog?.MaxMessageBytes, shortest, 1024 * 1024, protocol switch
            {
                // What an Ethernet frame leaves beside the headers of IPv6 or IPv4 and UDP.
                "udp" => url is { HostNameType: UriHostNameType.IPv6 } ? 1452 : 1472,
                // What QRadar takes by default.
                "tcp" or "tls" when outputType == OutputType.Leef => 4096,
                "tcp" or "tls" => 8192,
                _ => 256 * 1024,
            }),
            Body = errors.Choose("http.body", request.Http?.Body, HttpBody.Single, ApiEnumNames.Bodies),
            Gzip = request.Http?.Gzip ?? kind?.Fields.Any(field => field is { Name: "http.gzip", Default: "true" }) ?? false,
            TimeoutSeconds = errors.Between("http.timeoutSeconds", request.Http?.TimeoutSeconds, 1, 300, 30),
            Proxy = IntegrationAddress.Proxy(request.Http?.Proxy, protocol, errors),
            BatchMaxEvents = request.Batch?.MaxEvents is { } events ? errors.Between("batch.maxEvents", events, 1, 10_000, 1) : null,
            BatchMaxBytes = request.Batch?.MaxBytes is { } bytes ? errors.Between("batch.maxBytes", bytes, 1000, 16 * 1024 * 1024, 1000) : null,
            Authentication = Authentication(request.Authentication, kind, secrets, errors),
            Username = request.Authentication?.Username,
            CaCertificate = ConnectionRules.Pem("tls.caCertificate", request.Tls?.CaCertificate, errors),
            ClientCertificate = ConnectionRules.Pem("tls.clientCertificate", request.Tls?.ClientCertificate, errors),
            ServerName = ServerName(request.Tls?.ServerName, errors),
            Fingerprint = ConnectionRules.Fingerprint("tls.fingerprint", request.Tls?.Fingerprint, errors),
            Sources = [.. (request.Sources ?? []).Distinct()],
            Filter = Filter(request.Filter, errors),
            Privacy = PrivacySettings.Read(request, schema, secrets, errors),
            PrivacyKeyId = request.PrivacyKeyId,
            Settings = kind is null ? null : DestinationOwnSettings.Take(request.Settings, kind, stored, references, secrets, errors),
        };
        definition = definition with { SecretReferences = SecretReferences.Of(secrets) };
        var backfill = StartOfBackfill.Parse(request.Start, errors);
        var newSourcesFromStart = AddedSources.WantsEverything(request.StartOfNewSources, errors);
        CheckClientKey(definition, secrets, errors);
        CheckTransport(definition, kind, errors);
        SecretRules.Settle(secrets, references, errors);
        if (kind is not null && url is not null)
        {
            AddressOfSecrets.Check(changed, request, kind, url, definition, secrets.Keys, errors);
        }

        return errors.Any ? null : new ValidIntegration(request.Name!.Trim(), request.Description ?? string.Empty, request.Enabled ?? false,
            request.EnginePool ?? EnginePool.Default, kind!, url!, definition, secrets, backfill, request.Preset, newSourcesFromStart);
    }

    private static void CheckTexts(IntegrationRequest request, FieldErrors errors)
    {
        if (string.IsNullOrWhiteSpace(request.Name))
        {
            errors.Add("name", "Give the integration a name that tells it from the others.");
        }

        errors.AtMost("name", request.Name, MaxNameLength);
        errors.OneLine("name", request.Name);
        errors.AtMost("description", request.Description, MaxTextLength);
        errors.AtMost("serverUrl", request.ServerUrl, MaxTextLength);
        errors.AtMost("authentication.username", request.Authentication?.Username, MaxTextLength);
    }

    private static string AppName(string? given, OutputType outputType, FieldErrors errors)
    {
        // The Azure Monitor Agent and others tell CEF by the program name.
        var fallback = outputType == OutputType.Cef ? "CEF" : "siemforwarder";
        return PrintableAscii("syslog.appName", given, 48, errors) ?? fallback;
    }

    private static string? PrintableAscii(string field, string? text, int characters, FieldErrors errors)
    {
        if (string.IsNullOrEmpty(text))
        {
            return null;
        }

        if (text.Length > characters || text.Any(character => character is < '!' or > '~'))
        {
            errors.Add(field, $"Must be 1 to {characters} printable ASCII characters without spaces.");
        }

        return text;
    }

    private static Dictionary<string, Secret> Secrets(
        IntegrationRequest request, IReadOnlyDictionary<string, Secret> stored, SecretReferences? references, FieldErrors errors)
    {
        var secrets = new Dictionary<string, Secret>();
        Keep(SecretName.Password, request.Authentication?.Password);
        Keep(SecretName.Header, request.Authentication?.Header);
        Keep(SecretName.Token, request.Authentication?.Token);
        Keep(SecretName.ClientKey, request.Tls?.ClientKey);
        Keep(SecretName.PrivacyKey, request.PrivacyKey);
        return secrets;

        void Keep(string name, string? given)
        {
            if (given is null && stored.TryGetValue(name, out var kept))
            {
                secrets[name] = kept;
            }
            else if (references?.Find(name, given) is { } referred)
            {
                secrets[name] = referred;
            }
            else if (SecretText.Of(given, stored.GetValueOrDefault(name), keepsBlanks: name == SecretName.Password) is { } secret)
            {
                secrets[name] = secret;
                if (name != SecretName.ClientKey && !SecretText.IsOneLine(secret, stored.GetValueOrDefault(name)))
                {
                    errors.Add(name, SecretText.NotOneLine);
                }
            }
        }
    }

    private static AuthenticationType Authentication(
        AuthenticationRequest? request, DestinationKind? kind, Dictionary<string, Secret> secrets, FieldErrors errors)
    {
        var type = errors.Choose("authentication.type", request?.Type, AuthenticationType.None, ApiEnumNames.AuthenticationTypes);
        var offered = kind?.Fields.FirstOrDefault(field => field.Name == "authentication.type")?.Choices
            ?? (kind is { } one && one.Schemes.Contains("https") ? ApiEnumNames.AuthenticationTypes.Keys.ToList() : ["none"]);
        if (!offered.Contains(ApiEnumNames.NameOf(ApiEnumNames.AuthenticationTypes, type)))
        {
            errors.Add("authentication.type",
                $"{kind?.Id} takes {string.Join(", ", offered)}; plain syslog has no authentication, use a client certificate with tls.");
        }

        switch (type)
        {
            case AuthenticationType.Basic when string.IsNullOrEmpty(request?.Username) || request.Username.Contains(':', StringComparison.Ordinal):
                errors.Add("authentication.username", "Basic authentication needs a user name without a colon (RFC 7617).");
                break;
            case AuthenticationType.Basic when !secrets.ContainsKey(SecretName.Password):
                errors.Add("authentication.password", "Basic authentication needs a password.");
                break;
            case AuthenticationType.Bearer when !secrets.TryGetValue(SecretName.Token, out var token)
                || token.Reveal().Any(character => character is <= ' ' or > '~'):
                errors.Add("authentication.token", "Bearer authentication needs a token of printable ASCII characters without spaces.");
                break;
            case AuthenticationType.Header when !secrets.TryGetValue(SecretName.Header, out var header) || !HeaderLine.TryParse(header, out _, out _):
                errors.Add("authentication.header", "Give the full line, for example 'X-API-Key: …' or 'Authorization: Splunk …'.");
                break;
            case AuthenticationType.Header when HeaderLine.TryParse(secrets[SecretName.Header], out var name, out _) && ReservedHeaders.Contains(name):
                errors.Add("authentication.header", $"May not be {name}: the forwarder sets it itself, or it would change what the body means.");
                break;
            default:
                break;
        }

        return type;
    }

    private static void CheckClientKey(IntegrationDefinition definition, Dictionary<string, Secret> secrets, FieldErrors errors)
    {
        if (definition.ClientCertificate is null)
        {
            return;
        }

        if (!secrets.TryGetValue(SecretName.ClientKey, out var key))
        {
            errors.Add("tls.clientKey", "A client certificate needs its private key in PEM form.");
            return;
        }

        try
        {
            using var pair = X509Certificate2.CreateFromPem(definition.ClientCertificate, PemText.Of(key.Reveal()));
        }
        catch (Exception exception) when (exception is CryptographicException or ArgumentException)
        {
            errors.Add("tls.clientKey", "Is not the private key of tls.clientCertificate, or not in PEM form without a password.");
        }
    }

    private static string? ServerName(string? given, FieldErrors errors)
    {
        var name = PrintableAscii("tls.serverName", given, 255, errors);
        if (name is not null && Uri.CheckHostName(name) == UriHostNameType.Unknown)
        {
            errors.Add("tls.serverName", "Must be a host name or an address, such as siem.example.com.");
        }

        return name;
    }

    private static void CheckTransport(IntegrationDefinition definition, DestinationKind? kind, FieldErrors errors)
    {
        var tls = kind?.TlsSchemes.Contains(definition.Protocol) ?? true;
        if (!tls && (definition.CaCertificate ?? definition.ClientCertificate ?? definition.ServerName ?? definition.Fingerprint) is not null)
        {
            errors.Add("tls", $"{definition.Protocol} has no TLS; use tls:// or https://, or leave tls out.");
        }

        if (definition.IsHttp && definition.Body == HttpBody.Array && definition.OutputType != OutputType.Json)
        {
            errors.Add("http.body", "An array can only hold JSON; use single or ndjson, or the output type JSON.");
        }
    }

    /// <summary>A filter as it stands in a request; faults are noted under <c>filter</c>.</summary>
    public static EventFilter Filter(FilterContract? filter, FieldErrors errors) =>
        filter is null
            ? EventFilter.Everything
            : new EventFilter(Match("filter.include", filter.Include, errors), Match("filter.exclude", filter.Exclude, errors));

    private static EventMatch? Match(string field, MatchContract? match, FieldErrors errors)
    {
        if (match is null)
        {
            return null;
        }

        errors.NoneEmpty($"{field}.types", match.Types);
        errors.NoneEmpty($"{field}.categories", match.Categories);
        errors.NoneEmpty($"{field}.outcomes", match.Outcomes);
        errors.NoneEmpty($"{field}.clients", match.Clients);
        errors.NoneEmpty($"{field}.users", match.Users);
        foreach (var outcome in match.Outcomes ?? [])
        {
            errors.Choose($"{field}.outcomes", outcome, string.Empty, ApiEnumNames.Outcomes);
        }

        return new EventMatch
        {
            Types = match.Types ?? [],
            Categories = match.Categories ?? [],
            Outcomes = match.Outcomes ?? [],
            MinimumSeverity = match.MinimumSeverity is null ? null : errors.Between($"{field}.minimumSeverity", match.MinimumSeverity, 0, 10, 0),
            Clients = match.Clients ?? [],
            Users = match.Users ?? [],
        };
    }
}
