using SiemForwarder.Connections;
using SiemForwarder.Destinations;
using SiemForwarder.Events;
using SiemForwarder.Events.Formats;
using SiemForwarder.Events.Privacy;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Integrations;

/// <summary>An integration with all that a dispatcher needs: what it wants, how to write it, where to send it.</summary>
internal sealed record RunnableIntegration(
    int Id, int Version, string Name, string EnginePool, DestinationKind Kind, DestinationSettings Destination, OutputSettings Output,
    EventFilter Filter, IReadOnlyList<int> Sources)
{
    /// <summary>What changes events before anybody sees them; null where nothing does.</summary>
    public PrivacyPolicy? Privacy { private get; init; }

    /// <summary>When secrets end that say so themselves, by their names.</summary>
    public IReadOnlyDictionary<string, DateTimeOffset> TokenEnds { get; init; } = new Dictionary<string, DateTimeOffset>();

    /// <summary>The event as this integration may show it: the one way to what is sent live, replayed, redriven, tested or previewed.</summary>
    public ShownEvent Show(SecurityEvent one) => new(Privacy?.Apply(one) ?? one);

    /// <summary>Puts the stored parts together; null with a sentence where the secrets or the kind cannot be used.</summary>
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

        if (IntegrationDefinition.Read(integration.Definition, out fault) is not { } definition)
        {
            return null;
        }

        return new RunnableIntegration(
            integration.Id, integration.Version, integration.Name, integration.EnginePool, Limited(kind!, definition),
            ToDestination(integration.Name, new Uri(integration.ServerUrl), definition, secrets!, localFolder), ToOutput(definition, kind!),
            definition.Filter, definition.Sources)
        {
            Privacy = PrivacySettings.Policy(definition, secrets!),
        };
    }

    /// <summary>The same for one that passed the rules but need not be stored.</summary>
    public static RunnableIntegration Create(ValidIntegration valid, string? localFolder = null) => new(
        0, 0, valid.Name, valid.EnginePool, Limited(valid.Kind, valid.Definition),
        ToDestination(valid.Name, valid.ServerUrl, valid.Definition, valid.Secrets, localFolder),
        ToOutput(valid.Definition, valid.Kind), valid.Definition.Filter, valid.Definition.Sources)
    {
        Privacy = PrivacySettings.Policy(valid.Definition, valid.Secrets),
    };

    private static DestinationKind Limited(DestinationKind kind, IntegrationDefinition definition) =>
        definition is { BatchMaxEvents: null, BatchMaxBytes: null }
        ? kind
        : kind with
        {
            Open = (settings, time) => new LimitedDestination(
                kind.Open(settings, time), new BatchLimits(definition.BatchMaxEvents ?? int.MaxValue, definition.BatchMaxBytes ?? int.MaxValue)),
        };

    private static DestinationSettings ToDestination(
        string name, Uri url, IntegrationDefinition definition, IReadOnlyDictionary<string, Secret> secrets, string? localFolder) => new()
        {
            IntegrationName = name,
            ServerUrl = url,
            Port = definition.Port,
            Framing = definition.Framing,
            Http = new HttpSettings(definition.Body, definition.Gzip, definition.OutputType == OutputType.Json ? "application/json" : "text/plain"),
            Authentication = new AuthenticationSettings(
                definition.Authentication,
                definition.Username,
                secrets.GetValueOrDefault(SecretName.Password),
                secrets.GetValueOrDefault(SecretName.Header),
                secrets.GetValueOrDefault(SecretName.Token)),
            Tls = new TlsSettings(
                definition.CaCertificate, definition.ClientCertificate, secrets.GetValueOrDefault(SecretName.ClientKey), definition.ServerName)
            {
                Fingerprint = definition.Fingerprint,
            },
            Proxy = definition.Proxy is { } proxy ? new Uri(proxy) : null,
            Settings = DestinationOwnSettings.Reveal(definition.Settings, secrets),
            LocalFolder = localFolder,
            Timeout = TimeSpan.FromSeconds(definition.TimeoutSeconds),
        };

    private static OutputSettings ToOutput(IntegrationDefinition definition, DestinationKind kind)
    {
        // As JSON, and where no syslog receiver stands at the other end, an event stands for itself; everything else travels behind a syslog header.
        var bare = definition.OutputType == OutputType.Json || (kind.CarriesBareEvents && definition.OutputType != OutputType.Syslog);
        var header = bare ? null : new SyslogHeaderSettings(
            definition.SyslogFormat, definition.Facility, definition.AppName, definition.Hostname, definition.EnterpriseNumber);
        return new OutputSettings(definition.OutputType, definition.Schema, header, definition.MaxMessageBytes)
        {
            IncludeRepresentation = definition.IncludeRepresentation,
            InvisibleCharacters = definition.InvisibleCharacters,
        };
    }
}

/// <summary>An event that the privacy rules of an integration have passed: nothing else can be formatted.</summary>
/// <param name="Event">The event as the integration may show it.</param>
internal readonly record struct ShownEvent(SecurityEvent Event);
