using SiemForwarder.Connections;
using SiemForwarder.Destinations;
using SiemForwarder.Events;
using SiemForwarder.Events.Formats;
using SiemForwarder.Events.Privacy;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Integrations;

/// <summary>An integration with everything that a dispatcher needs: what to send, in which format, and where.</summary>
internal sealed record RunnableIntegration(
    int Id, int Version, string Name, string EnginePool, DestinationKind Kind, DestinationSettings Destination, OutputSettings Output,
    EventFilter Filter, IReadOnlyList<int> Sources)
{
    /// <summary>The privacy policy applied to events before they leave; null if there is none.</summary>
    public PrivacyPolicy? Privacy { private get; init; }

    /// <summary>Expiry of secrets that carry their own expiry, by name.</summary>
    public IReadOnlyDictionary<string, DateTimeOffset> TokenEnds { get; init; } = new Dictionary<string, DateTimeOffset>();

    /// <summary>The event as this integration may show it: the only path to what is sent live, replayed, redriven, tested or previewed.</summary>
    public ShownEvent Show(SecurityEvent one) => new(Privacy?.Apply(one) ?? one);

    /// <summary>What stands for a value that this integration hashes; null if it has no key.</summary>
    public string? Pseudonym(string value) => Privacy?.Pseudonym(value);

    /// <summary>Whether this version can read the settings; those that a newer version saved it may not.</summary>
    public static bool IsReadable(Integration integration) =>
        DestinationCatalog.Find(integration.Destination) is not null && IntegrationSettings.Read(integration.Definition, out _) is not null;

    /// <summary>Assembles the stored parts; null with an explanation if the secrets or the kind cannot be used.</summary>
    public static RunnableIntegration? Create(
        Integration integration, IReadOnlyDictionary<string, Secret>? secrets, string? localFolder, out string? fault)
    {
        var kind = DestinationCatalog.Find(integration.Destination);
        fault = kind is null ? $"This version does not know the destination '{integration.Destination}'. {StoredDefinition.SavedByNewer("it")}"
            : secrets is null ? "The stored secrets cannot be decrypted with the keys of this database; enter them again."
            : null;
        if (fault is not null)
        {
            return null;
        }

        if (IntegrationSettings.Read(integration.Definition, out fault) is not { } settings)
        {
            return null;
        }

        return new RunnableIntegration(
            integration.Id, integration.Version, integration.Name, integration.EnginePool, Limited(kind!, settings),
            ToDestination(integration.Name, new Uri(integration.ServerUrl), settings, secrets!, localFolder), ToOutput(settings, kind!),
            settings.Filter.ToFilter(), settings.Sources)
        {
            Privacy = PrivacySettings.Policy(settings, secrets!),
        };
    }

    /// <summary>The same for a valid integration that need not be stored.</summary>
    public static RunnableIntegration Create(ValidIntegration valid, string? localFolder = null) => new(
        0, 0, valid.Name, valid.EnginePool, Limited(valid.Kind, valid.Settings),
        ToDestination(valid.Name, valid.ServerUrl, valid.Settings, valid.Secrets, localFolder),
        ToOutput(valid.Settings, valid.Kind), valid.Settings.Filter.ToFilter(), valid.Settings.Sources)
    {
        Privacy = PrivacySettings.Policy(valid.Settings, valid.Secrets),
    };

    private static DestinationKind Limited(DestinationKind kind, IntegrationSettings settings) =>
        settings.Batch is { MaxEvents: null, MaxBytes: null }
        ? kind
        : kind with
        {
            Open = (destination, time) => new LimitedDestination(
                kind.Open(destination, time), new BatchLimits(settings.Batch.MaxEvents ?? int.MaxValue, settings.Batch.MaxBytes ?? int.MaxValue)),
        };

    private static DestinationSettings ToDestination(
        string name, Uri url, IntegrationSettings settings, IReadOnlyDictionary<string, Secret> secrets, string? localFolder) => new()
        {
            IntegrationName = name,
            ServerUrl = url,
            Port = settings.Port,
            Framing = ApiEnumNames.Framings[settings.Syslog.Framing!],
            Http = new HttpSettings(
                ApiEnumNames.Bodies[settings.Http.Body!], settings.Http.Gzip!.Value, settings.OutputType == "JSON" ? "application/json" : "text/plain"),
            Authentication = new AuthenticationSettings(
                ApiEnumNames.AuthenticationTypes[settings.Authentication.Type],
                settings.Authentication.Username,
                secrets.GetValueOrDefault(SecretName.Password),
                secrets.GetValueOrDefault(SecretName.Header),
                secrets.GetValueOrDefault(SecretName.Token)),
            Tls = new TlsSettings(
                settings.Tls.CaCertificate, settings.Tls.ClientCertificate, secrets.GetValueOrDefault(SecretName.ClientKey), settings.Tls.ServerName)
            {
                Fingerprint = settings.Tls.Fingerprint,
            },
            Proxy = settings.Http.Proxy is { } proxy ? new Uri(proxy) : null,
            Settings = DestinationOwnSettings.Reveal(settings.Settings, secrets),
            LocalFolder = localFolder,
            Timeout = TimeSpan.FromSeconds(settings.Http.TimeoutSeconds!.Value),
        };

    private static OutputSettings ToOutput(IntegrationSettings settings, DestinationKind kind)
    {
        var (outputType, syslog) = (ApiEnumNames.OutputTypes[settings.OutputType], settings.Syslog);

        // JSON, and events for receivers other than syslog, are sent bare; everything else follows a syslog header.
        var bare = outputType == OutputType.Json || (kind.CarriesBareEvents && outputType != OutputType.Syslog);
        var header = bare ? null : new SyslogHeaderSettings(
            ApiEnumNames.SyslogFormats[syslog.Format!], syslog.Facility!.Value, syslog.AppName!, syslog.Hostname, syslog.EnterpriseNumber!.Value);
        return new OutputSettings(outputType, settings.Schema, header, syslog.MaxMessageBytes!.Value)
        {
            IncludeRepresentation = settings.IncludeRepresentation,
            InvisibleCharacters = ApiEnumNames.InvisibleCharacters[syslog.InvisibleCharacters!],
        };
    }
}

/// <summary>An event after the privacy rules of an integration; only such events can be formatted.</summary>
/// <param name="Event">The event as the integration may show it.</param>
internal readonly record struct ShownEvent(SecurityEvent Event);
