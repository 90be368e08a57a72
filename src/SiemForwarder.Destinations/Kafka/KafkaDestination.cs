using SiemForwarder.Connections;
using SiemForwarder.Events;

namespace SiemForwarder.Destinations.Kafka;

/// <summary>One record per event to a topic of Kafka, each confirmed by all replicas in sync.</summary>
/// <remarks>The producer is librdkafka: idempotent, <c>acks=all</c>. https://kafka.apache.org/documentation/#producerconfigs.</remarks>
internal sealed class KafkaDestination : IDestination
{
    private readonly DestinationSettings settings;
    private readonly KafkaSettings own;
    private readonly TimeProvider time;
    private KafkaSession? session;

    internal KafkaDestination(DestinationSettings settings, KafkaSettings own, TimeProvider time)
    {
        this.settings = settings;
        this.own = own;
        this.time = time;
    }

    public static DestinationKind Kind { get; } = new()
    {
        Id = "kafka",
        Name = "Apache Kafka",
        Description = "Produces one record per event to a topic of Kafka and waits until all replicas in sync have it.",
        DefaultPorts = new Dictionary<string, int> { ["kafka"] = 9092, ["kafkas"] = 9093 },
        TlsSchemes = ["kafkas"],
        Acceptance = Acceptance.Acknowledged,
        CheckServerUrl = KafkaSettings.CheckUrl,
        CheckSettings = static settings => KafkaSettings.Read(new SettingReader(settings)).Faults,
        CarriesBareEvents = true,
        Documentation = "src/SiemForwarder.Destinations/README.md#kafka",
        Fields =
        [
            DestinationField.ServerUrl("kafka://host or kafkas://host (TLS): a broker to begin with."),
            DestinationField.Port,
            .. KafkaSettings.Fields,
            .. DestinationField.OfPlainAuthentication,
            .. DestinationField.OfTls[..3],
        ],
        Open = static (settings, time) => new KafkaDestination(settings, KafkaSettings.Read(new SettingReader(settings.Settings)), time),
    };

    public BatchLimits Limits { get; } = new(MaxEvents: 2000, MaxBytes: 4 * 1024 * 1024);

    public async Task<DeliveryOutcome> SendAsync(DeliveryBatch batch, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (own.Faults is [var wrong, ..])
        {
            return wrong.ToFault().ToOutcome(settings.IntegrationName);
        }

        if (session is null)
        {
            var opened = await KafkaSession.OpenAsync(settings, own, null, time, cancellationToken);
            if (!opened.TryGet(out session, out var fault))
            {
                return fault.ToOutcome(settings.IntegrationName);
            }
        }

        var usable = false;
        try
        {
            var result = await session.SendAsync(batch, cancellationToken);
            usable = result.Retry.Count == 0;
            return result.ToOutcome(settings.IntegrationName, batch.Count, "record", $"in '{own.Topic}'");
        }
        finally
        {
            if (!usable)
            {
                await session.DisposeAsync();
                session = null;
            }
        }
    }

    public Task<WireImage?> RenderAsync(DeliveryBatch batch, CancellationToken cancellationToken) => Task.FromResult<WireImage?>(new WireImage(
        [.. Enumerable.Range(0, batch.Count).Select(index => WireUnit.Of(WireUnitKind.Message, batch[index]))],
        "Only the values of the records are shown; how they are batched and compressed is negotiated with the brokers."));

    public async Task<TestReport> TestAsync(DeliveryBatch batch, CancellationToken cancellationToken)
    {
        var log = new StageLog(time);
        var opened = await KafkaSession.OpenAsync(settings, own, log, time, cancellationToken);
        if (!opened.TryGet(out var ofTest, out _))
        {
            return log.ToReport(default, default);
        }

        await using (ofTest)
        {
            if ((await ofTest.SendAsync(batch, cancellationToken)).Fault is { } fault)
            {
                log.Failed(TestStageName.Acceptance, fault);
            }
            else
            {
                log.Passed(TestStageName.Acceptance, $"all replicas in sync of the topic '{own.Topic}' have the test event");
            }
        }

        return log.ToReport(batch.Bytes.ToArray(), default);
    }

    public async ValueTask DisposeAsync()
    {
        if (session is not null)
        {
            await session.DisposeAsync();
        }
    }
}

/// <summary>Settings specific to Kafka.</summary>
/// <param name="Topic">Topic to produce to; it must exist.</param>
/// <param name="Key">What makes the key of a record, which decides its partition.</param>
/// <param name="Brokers">Further brokers to begin with, host and port.</param>
/// <param name="Mechanism">SASL mechanism for basic authentication.</param>
/// <param name="Compression">Codec of batches.</param>
/// <param name="Faults">What is wrong with them.</param>
internal sealed record KafkaSettings(
    string Topic, string Key, IReadOnlyList<Endpoint> Brokers, string Mechanism, string Compression, IReadOnlyList<SettingFault> Faults)
{
    private const int MaxBrokers = 20;
    private const int DefaultPort = 9092;

    public static DestinationField[] Fields { get; } =
    [
        new("settings.topic", DestinationFieldType.Text, "Topic to produce to; it must exist.") { Required = true },
        new("settings.key", DestinationFieldType.Choice,
            "Key of a record: events of the same key keep their order, in one partition. user is the user id, else the client id.")
        {
            Default = "user", Choices = ["user", "realm", "none"],
        },
        new("settings.brokers", DestinationFieldType.Text, "Further brokers to begin with, separated by commas: kafka-2.example.com:9092.")
        {
            LeadsSecrets = true,
        },
        new("settings.mechanism", DestinationFieldType.Choice, "SASL mechanism, if authentication.type is basic.")
        {
            Default = "SCRAM-SHA-512", Choices = ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"],
        },
        new("settings.compression", DestinationFieldType.Choice, "How batches are compressed.")
        {
            Default = "lz4", Choices = ["none", "gzip", "snappy", "lz4", "zstd"],
        },
    ];

    public static KafkaSettings Read(SettingReader reader)
    {
        var topic = reader.Required("topic", "Set the name of a topic.");
        // Kafka, org.apache.kafka.common.internals.Topic: at most 249 of these.
        if (topic.Length > 249 || topic.Any(character => !char.IsAsciiLetterOrDigit(character) && character is not ('.' or '_' or '-')))
        {
            reader.Fault("topic", "Must be at most 249 letters, digits, dots, underscores and hyphens.");
        }

        List<Endpoint> brokers = [];
        foreach (var text in (reader.Text("brokers") ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (Uri.TryCreate($"kafka://{text}", UriKind.Absolute, out var url) && CheckUrl(url) is null && url.UserInfo.Length == 0)
            {
                brokers.Add(new Endpoint(url.IdnHost, url.Port > 0 ? url.Port : DefaultPort));
            }
            else
            {
                reader.Fault("brokers", $"'{OneLine.Of(text, 60)}' is not a host and port.");
            }
        }

        if (brokers.Count > MaxBrokers)
        {
            reader.Fault("brokers", $"Name at most {MaxBrokers}; the others are learned from them.");
        }

        return new KafkaSettings(
            topic, ReadKey(reader), brokers,
            reader.Choice("mechanism", "SCRAM-SHA-512", "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"),
            reader.Choice("compression", "lz4", "none", "gzip", "snappy", "lz4", "zstd"), reader.Faults);
    }

    public static string ReadKey(SettingReader reader) => reader.Choice("key", "user", "user", "realm", "none");

    /// <summary>What is wrong with a URL; null if it is valid.</summary>
    public static string? CheckUrl(Uri url) =>
        url.Host.Length == 0 || url.AbsolutePath.Length > 1 || url.Query.Length > 0 || url.Fragment.Length > 0
            ? "Must name a broker and nothing else: kafkas://kafka-1.example.com:9093; the topic goes into settings.topic."
            : null;

    /// <summary>The key of an event's record; null if it has none, which spreads such events over the partitions.</summary>
    public string? KeyOf(SecurityEvent securityEvent) => Key switch
    {
        "realm" => securityEvent.Source.Realm,
        "user" => securityEvent.Subject?.Id ?? securityEvent.Actor?.Id ?? securityEvent.ClientId,
        _ => null,
    };
}
