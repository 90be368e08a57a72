using System.Collections.Frozen;
using SiemForwarder.Destinations.Amqp;
using SiemForwarder.Destinations.Files;
using SiemForwarder.Destinations.Http.Datadog;
using SiemForwarder.Destinations.Http.Elastic;
using SiemForwarder.Destinations.Http.Google;
using SiemForwarder.Destinations.Http.Otlp;
using SiemForwarder.Destinations.Http.Sentinel;
using SiemForwarder.Destinations.Http.Splunk;
using SiemForwarder.Destinations.Http.SumoLogic;
using SiemForwarder.Destinations.Http.Webhook;
using SiemForwarder.Destinations.Sockets;

namespace SiemForwarder.Destinations;

/// <summary>The list of all destinations: a new one is one line here.</summary>
public static class DestinationCatalog
{
    /// <summary>All kinds; where two take the same scheme, the first is the one that a bare URL means.</summary>
    public static IReadOnlyList<DestinationKind> All { get; } =
    [
        SyslogDestination.Kind,
        WebhookDestination.Kind,
        SplunkHecDestination.Kind,
        ElasticDestination.Kind,
        OtlpDestination.Kind,
        DatadogDestination.Kind,
        SumoLogicDestination.Kind,
        LogScaleDestination.Kind,
        SentinelDestination.Kind,
        GoogleSecOpsDestination.Kind,
        RelpDestination.Kind,
        FileDestination.Kind,
        RabbitMqDestination.Kind,
    ];

    private static readonly FrozenDictionary<string, DestinationKind> ById = All.ToFrozenDictionary(kind => kind.Id);

    public static DestinationKind? Find(string id) => ById.GetValueOrDefault(id);

    /// <summary>The kind that a URL means where none is named.</summary>
    public static DestinationKind? FindByScheme(string scheme) =>
        All.FirstOrDefault(kind => kind.DefaultPorts.ContainsKey(scheme.ToLowerInvariant()));

    /// <summary>Port of a scheme where the URL names none; null for a scheme that no kind takes.</summary>
    public static int? DefaultPort(string scheme) => FindByScheme(scheme)?.DefaultPorts[scheme.ToLowerInvariant()];
}
