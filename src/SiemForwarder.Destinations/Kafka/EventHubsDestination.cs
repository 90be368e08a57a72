using SiemForwarder.Connections;

namespace SiemForwarder.Destinations.Kafka;

/// <summary>One record per event to an Azure event hub, over the Kafka endpoint of its namespace.</summary>
/// <remarks>
/// Port 9093, SASL PLAIN with the user <c>$ConnectionString</c>: https://learn.microsoft.com/azure/event-hubs/azure-event-hubs-apache-kafka-overview.
/// </remarks>
internal sealed class EventHubsDestination : IDestination
{
    private readonly KafkaDestination kafka;

    private EventHubsDestination(DestinationSettings settings, EventHubsSettings own, TimeProvider time)
    {
        var authentication = new AuthenticationSettings(AuthenticationType.Basic, "$ConnectionString", own.ConnectionString);
        kafka = new KafkaDestination(settings with { Authentication = authentication }, own.ToKafka(), time);
    }

    public static DestinationKind Kind { get; } = new()
    {
        Id = "azure_event_hubs",
        Name = "Azure Event Hubs",
        Description = "Sends one record per event to an event hub and waits until Azure confirmed it.",
        DefaultPorts = new Dictionary<string, int> { ["kafkas"] = 9093 },
        TlsSchemes = ["kafkas"],
        Acceptance = Acceptance.Acknowledged,
        CheckServerUrl = KafkaSettings.CheckUrl,
        CheckSettings = static settings => EventHubsSettings.Read(new SettingReader(settings)).Faults,
        CarriesBareEvents = true,
        Documentation = "src/SiemForwarder.Destinations/README.md#azure-event-hubs",
        Fields =
        [
            DestinationField.ServerUrl("kafkas://NAMESPACE.servicebus.windows.net."),
            DestinationField.Port,
            .. EventHubsSettings.Fields,
            DestinationField.OfTls[0],
        ],
        Open = static (settings, time) => new EventHubsDestination(settings, EventHubsSettings.Read(new SettingReader(settings.Settings)), time),
    };

    public BatchLimits Limits => kafka.Limits;

    public Task<DeliveryOutcome> SendAsync(DeliveryBatch batch, CancellationToken cancellationToken) => kafka.SendAsync(batch, cancellationToken);

    public Task<WireImage?> RenderAsync(DeliveryBatch batch, CancellationToken cancellationToken) => kafka.RenderAsync(batch, cancellationToken);

    public Task<TestReport> TestAsync(DeliveryBatch batch, CancellationToken cancellationToken) => kafka.TestAsync(batch, cancellationToken);

    public ValueTask DisposeAsync() => kafka.DisposeAsync();
}

/// <summary>Settings specific to Event Hubs.</summary>
/// <param name="EventHub">Name of the event hub.</param>
/// <param name="Key">What makes the partition key of an event.</param>
/// <param name="ConnectionString">That of a shared access policy with the claim Send.</param>
/// <param name="Faults">What is wrong with them.</param>
internal sealed record EventHubsSettings(string EventHub, string Key, Secret ConnectionString, IReadOnlyList<SettingFault> Faults)
{
    public static DestinationField[] Fields { get; } =
    [
        new("settings.eventHub", DestinationFieldType.Text, "Name of the event hub.") { Required = true },
        new("settings.connectionString", DestinationFieldType.Text,
            "Connection string of a shared access policy with the claim Send, of the namespace or the event hub.")
        {
            Secret = true, Required = true,
        },
        KafkaSettings.Fields[1],
    ];

    public static EventHubsSettings Read(SettingReader reader)
    {
        var connectionString = reader.Required("connectionString", "Copy it from the namespace: Shared access policies, a policy with Send.");
        if (connectionString.Length > 0
            && !(connectionString.StartsWith("Endpoint=sb://", StringComparison.OrdinalIgnoreCase)
                && connectionString.Contains("SharedAccessKey=", StringComparison.OrdinalIgnoreCase)))
        {
            reader.Fault("connectionString", "Must read Endpoint=sb://NAMESPACE.servicebus.windows.net/;SharedAccessKeyName=…;SharedAccessKey=….");
        }

        var name = reader.Required("eventHub", "Set the name of an event hub.");
        return new EventHubsSettings(name, KafkaSettings.ReadKey(reader), new Secret(connectionString), reader.Faults);
    }

    // Of Kafka's codecs the service takes gzip alone, and not in every tier.
    public KafkaSettings ToKafka() => new(EventHub, Key, [], "PLAIN", "none", Faults);
}
