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
using SiemForwarder.Destinations.Kafka;
using SiemForwarder.Destinations.Nats;
using SiemForwarder.Destinations.S3;
using SiemForwarder.Destinations.Sockets;

namespace SiemForwarder.Destinations;

/// <summary>The list of all destinations; adding one takes a single line here.</summary>
public static class DestinationCatalog
{
    /// <summary>All kinds; if several support the same scheme, a URL alone selects the first.</summary>
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
        KafkaDestination.Kind,
        EventHubsDestination.Kind,
        NatsDestination.Kind,
        S3Destination.Kind,
    ];

    private static readonly FrozenDictionary<string, DestinationKind> ById = All.ToFrozenDictionary(kind => kind.Id);

    public static DestinationKind? Find(string id) => ById.GetValueOrDefault(id);

    /// <summary>The kind that a URL selects if none is given.</summary>
    public static DestinationKind? FindByScheme(string scheme) =>
        All.FirstOrDefault(kind => kind.DefaultPorts.ContainsKey(scheme.ToLowerInvariant()));

    /// <summary>Port of a scheme for URLs that specify none; null for a scheme that no kind supports.</summary>
    public static int? DefaultPort(string scheme) => FindByScheme(scheme)?.DefaultPorts[scheme.ToLowerInvariant()];
}
