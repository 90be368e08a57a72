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

/// <summary>Checks a request and fills in defaults; adds every error by field.</summary>
internal static class IntegrationRules
{
    private const int MaxNameLength = 100;
    private const int MaxTextLength = 2000;

    /// <summary>Converts a request to settings and secrets; null if anything is wrong.</summary>
    /// <param name="request">The request.</param>
    /// <param name="stored">Current secrets; kept if the request omits them.</param>
    /// <param name="errors">Receives the errors.</param>
    /// <param name="localFolder">Folder below which destinations may write files; null if none is configured.</param>
    /// <param name="changed">The integration to change; null for a new one.</param>
    /// <param name="references">Reads externally stored secrets; null if not supported.</param>
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
            errors.Add("protocol", $"Is {protocol}, but serverUrl starts with {url.Scheme}://; make them agree or omit protocol.");
        }

        var kind = IntegrationAddress.FindKind(request, protocol, errors);
        IntegrationAddress.Check(request, url, kind, localFolder, errors);
        var usualOutput = kind is { CarriesBareEvents: true } ? OutputType.Json : OutputType.Syslog;
        var outputType = errors.Choose("outputType", request.OutputType, usualOutput, ApiEnumNames.OutputTypes);
        var secrets = Secrets(request, stored, references, errors);
        var schema = errors.Choose("schema", request.Schema, "native", ApiEnumNames.Schemas);
        var shortest = Math.Max(EventFormatCatalog.MinMaxMessageBytes, EventFormatCatalog.MinMaxBytes(schema));
        var filter = request.Filter ?? new FilterContract();
        Filter(filter, errors);
        var settings = new IntegrationSettings
        {
            Protocol = protocol,
            Port = errors.Between("port", IntegrationAddress.PortGiven(request, url), 1, 65535, kind is not null
                && kind.DefaultPorts.TryGetValue(protocol, out var usual) ? usual : ApiEnumNames.DefaultPorts[protocol]),
            OutputType = ApiEnumNames.NameOf(ApiEnumNames.OutputTypes, outputType),
            Schema = schema,
            IncludeRepresentation = request.IncludeRepresentation ?? false,
            Syslog = Syslog(request.Syslog, outputType, protocol, url, shortest, errors),
            Http = new HttpContract(
                errors.ChooseName("http.body", request.Http?.Body, HttpBody.Single, ApiEnumNames.Bodies),
                request.Http?.Gzip ?? kind?.Fields.Any(field => field is { Name: "http.gzip", Default: "true" }) ?? false,
                errors.Between("http.timeoutSeconds", request.Http?.TimeoutSeconds, 1, 300, 30),
                IntegrationAddress.Proxy(request.Http?.Proxy, protocol, errors)),
            Batch = new BatchContract(
                request.Batch?.MaxEvents is { } events ? errors.Between("batch.maxEvents", events, 1, 10_000, 1) : null,
                request.Batch?.MaxBytes is { } bytes ? errors.Between("batch.maxBytes", bytes, 1000, 16 * 1024 * 1024, 1000) : null),
            Authentication = new AuthenticationResponse(
                Authentication(request.Authentication, kind, secrets, errors), request.Authentication?.Username),
            Tls = new TlsResponse(
                ConnectionRules.Pem("tls.caCertificate", request.Tls?.CaCertificate, errors),
                ConnectionRules.Pem("tls.clientCertificate", request.Tls?.ClientCertificate, errors),
                ServerName: ServerName(request.Tls?.ServerName, errors),
                Fingerprint: ConnectionRules.Fingerprint("tls.fingerprint", request.Tls?.Fingerprint, errors)),
            Sources = [.. (request.Sources ?? []).Distinct()],
            Filter = new FilterContract(filter.Include?.Filled(), filter.Exclude?.Filled()),
            Privacy = PrivacySettings.Read(request, schema, secrets, errors),
            PrivacyKeyId = request.PrivacyKeyId,
            Settings = kind is null ? null : DestinationOwnSettings.Take(request.Settings, kind, stored, references, secrets, errors),
        };
        settings = settings.WithSecrets(secrets.Keys) with { SecretReferences = SecretReferences.Of(secrets) };
        var backfill = StartOfBackfill.Parse(request.Start, errors);
        var newSourcesFromStart = AddedSources.WantsEverything(request.StartOfNewSources, errors);
        CheckClientKey(settings, secrets, errors);
        CheckTransport(settings, kind, errors);
        SecretRules.Settle(secrets, references, errors);
        if (kind is not null && url is not null)
        {
            AddressOfSecrets.Check(changed, request, kind, url, settings, secrets.Keys, errors);
        }

        return errors.Any ? null : new ValidIntegration(request.Name!.Trim(), request.Description ?? string.Empty, request.Enabled ?? false,
            request.EnginePool ?? EnginePool.Default, kind!, url!, settings, secrets, backfill, request.Preset, newSourcesFromStart,
            request.ManagedBy);
    }

    private static SyslogContract Syslog(SyslogContract? given, OutputType outputType, string protocol, Uri? url, int shortest, FieldErrors errors) => new(
        errors.ChooseName("syslog.format", given?.Format, EventFormatCatalog.DefaultSyslogFormat(outputType), ApiEnumNames.SyslogFormats),
        errors.ChooseName("syslog.framing", given?.Framing, protocol == "tls" ? SyslogFraming.OctetCounting : SyslogFraming.LineFeed, ApiEnumNames.Framings),
        errors.Between("syslog.facility", given?.Facility, 0, 23, 10),
        AppName(given?.AppName, outputType, errors),
        PrintableAscii("syslog.hostname", given?.Hostname, 255, errors),
        errors.Between("syslog.maxMessageBytes", given?.MaxMessageBytes, shortest, 1024 * 1024, protocol switch
        {
            // The payload of an Ethernet frame without the headers of IPv6 or IPv4 and UDP.
            "udp" => url is { HostNameType: UriHostNameType.IPv6 } ? 1452 : 1472,
            // The default limit of QRadar.
            "tcp" or "tls" when outputType == OutputType.Leef => 4096,
            "tcp" or "tls" => 8192,
            _ => 256 * 1024,
        }),
        errors.Between("syslog.enterpriseNumber", given?.EnterpriseNumber, 1, int.MaxValue, SyslogHeaderSettings.DocumentationNumber),
        errors.ChooseName(
            "syslog.invisibleCharacters", given?.InvisibleCharacters, InvisibleCharacters.Escape, ApiEnumNames.InvisibleCharacters));

    private static void CheckTexts(IntegrationRequest request, FieldErrors errors)
    {
        if (string.IsNullOrWhiteSpace(request.Name))
        {
            errors.Add("name", "Give the integration a name that distinguishes it from the others.");
        }

        errors.AtMost("name", request.Name, MaxNameLength);
        errors.OneLine("name", request.Name);
        errors.AtMost("description", request.Description, MaxTextLength);
        errors.AtMost("serverUrl", request.ServerUrl, MaxTextLength);
        errors.AtMost("authentication.username", request.Authentication?.Username, MaxTextLength);
    }

    private static string AppName(string? given, OutputType outputType, FieldErrors errors)
    {
        // The Azure Monitor Agent and others recognize CEF by the program name.
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

    private static string Authentication(
        AuthenticationRequest? request, DestinationKind? kind, Dictionary<string, Secret> secrets, FieldErrors errors)
    {
        var type = errors.Choose("authentication.type", request?.Type, AuthenticationType.None, ApiEnumNames.AuthenticationTypes);
        var offered = kind?.Fields.FirstOrDefault(field => field.Name == "authentication.type")?.Choices
            ?? (kind is { } one && one.Schemes.Contains("https") ? ApiEnumNames.AuthenticationTypes.Keys.ToList() : ["none"]);
        var name = ApiEnumNames.NameOf(ApiEnumNames.AuthenticationTypes, type);
        if (!offered.Contains(name))
        {
            errors.Add("authentication.type",
                $"{kind?.Id} supports {string.Join(", ", offered)}; plain syslog has no authentication, use a client certificate with tls.");
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
            case AuthenticationType.Header when !secrets.TryGetValue(SecretName.Header, out var line) || !HeaderLine.TryParse(line, out _, out _):
                errors.Add("authentication.header", "Give the full line, for example 'X-API-Key: …' or 'Authorization: Splunk …'.");
                break;
            case AuthenticationType.Header when HeaderLine.TryParse(secrets[SecretName.Header], out var header, out _) && ReservedHeaders.Contains(header):
                errors.Add("authentication.header", $"Must not be {header}: the forwarder sets it itself, or it would change the meaning of the body.");
                break;
            default:
                break;
        }

        return name;
    }

    private static void CheckClientKey(IntegrationSettings settings, Dictionary<string, Secret> secrets, FieldErrors errors)
    {
        if (settings.Tls.ClientCertificate is null)
        {
            return;
        }

        if (!secrets.TryGetValue(SecretName.ClientKey, out var key))
        {
            errors.Add("tls.clientKey", "A client certificate needs its private key in PEM format.");
            return;
        }

        try
        {
            using var pair = X509Certificate2.CreateFromPem(settings.Tls.ClientCertificate, PemText.Of(key.Reveal()));
        }
        catch (Exception exception) when (exception is CryptographicException or ArgumentException)
        {
            errors.Add("tls.clientKey", "Is not the private key of tls.clientCertificate, or is not unencrypted PEM.");
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

    private static void CheckTransport(IntegrationSettings settings, DestinationKind? kind, FieldErrors errors)
    {
        var tls = kind?.TlsSchemes.Contains(settings.Protocol) ?? true;
        var given = settings.Tls.CaCertificate ?? settings.Tls.ClientCertificate ?? settings.Tls.ServerName ?? settings.Tls.Fingerprint;
        if (!tls && given is not null)
        {
            errors.Add("tls", $"{settings.Protocol} has no TLS; use tls:// or https://, or omit tls.");
        }

        if (settings is { Protocol: "http" or "https", Http.Body: "array", OutputType: not "JSON" })
        {
            errors.Add("http.body", "An array can only contain JSON; use single or ndjson, or the output type JSON.");
        }
    }

    /// <summary>Converts the filter of a request; adds errors under <c>filter</c>.</summary>
    public static EventFilter Filter(FilterContract? filter, FieldErrors errors)
    {
        Check("filter.include", filter?.Include, errors);
        Check("filter.exclude", filter?.Exclude, errors);
        return filter?.ToFilter() ?? EventFilter.Everything;
    }

    private static void Check(string field, MatchContract? match, FieldErrors errors)
    {
        errors.NoneEmpty($"{field}.types", match?.Types);
        errors.NoneEmpty($"{field}.categories", match?.Categories);
        errors.NoneEmpty($"{field}.outcomes", match?.Outcomes);
        errors.NoneEmpty($"{field}.clients", match?.Clients);
        errors.NoneEmpty($"{field}.users", match?.Users);
        foreach (var outcome in match?.Outcomes ?? [])
        {
            errors.Choose($"{field}.outcomes", outcome, string.Empty, ApiEnumNames.Outcomes);
        }

        errors.Between($"{field}.minimumSeverity", match?.MinimumSeverity, 0, 10, 0);
    }
}

/// <summary>An integration that passed the rules, ready to be stored.</summary>
internal sealed record ValidIntegration(
    string Name,
    string Description,
    bool Enabled,
    string EnginePool,
    DestinationKind Kind,
    Uri ServerUrl,
    IntegrationSettings Settings,
    IReadOnlyDictionary<string, Secret> Secrets,
    StartOfBackfill? Backfill = null,
    string? Preset = null,
    bool NewSourcesFromStart = false,
    string? ManagedBy = null);
