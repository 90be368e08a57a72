using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using SiemForwarder.Connections;
using SiemForwarder.Events.Bytes;

namespace SiemForwarder.Destinations.Http.Elastic;

/// <summary>Elasticsearch and OpenSearch through the bulk API; using the event id as document id makes repeats harmless.</summary>
internal sealed class ElasticDestination : HttpIntake
{
    private readonly ElasticSettings own;
    private readonly ElasticBulkBody bulk;

    private ElasticDestination(DestinationSettings settings, TimeProvider time, ElasticSettings own)
        : base(settings, time, ProfileOf(settings, own))
    {
        this.own = own;
        bulk = new ElasticBulkBody(EventValue.IsJson(settings.Http), own.DataStreamMember);
    }

    public static DestinationKind Kind { get; } = new()
    {
        Id = "elastic",
        Name = "Elasticsearch, OpenSearch",
        Description = "Writes events into a data stream or index of Elasticsearch or OpenSearch, each exactly once by its id.",
        DefaultPorts = new Dictionary<string, int> { ["https"] = 443, ["http"] = 80 },
        Acceptance = Acceptance.Indexed,
        CheckSettings = static settings => ElasticSettings.Read(new SettingReader(settings)).Faults,
        Documentation = "src/SiemForwarder.Destinations/README.md#elasticsearch-and-opensearch",
        Fields =
        [
            DestinationField.ServerUrl("https://host:9200; the path of the bulk API is added."),
            DestinationField.Port,
            .. ElasticSettings.Fields,
            .. DestinationField.OfGzippedHttp,
            .. DestinationField.OfAuthentication,
            .. DestinationField.OfTls,
        ],
        Open = static (settings, time) => new ElasticDestination(settings, time, ElasticSettings.Read(new SettingReader(settings.Settings))),
    };

    protected override void WriteBody(DeliveryBatch batch, PooledBuffer body) => bulk.Write(batch, body);

    protected override IntakeVerdict Judge(HttpAnswer answer, DeliveryBatch batch)
    {
        var byStatus = IntakeVerdict.Of(answer, Settings.IntegrationName);
        if (byStatus.Fault is not null)
        {
            return byStatus;
        }

        return ElasticBulkAnswer.TryRead(answer.Body, batch.Count, out var items)
            ? ElasticBulkVerdict.Of(answer, items, own.Target, Settings.IntegrationName)
            : IntakeVerdict.Of(
                answer, Settings.IntegrationName, HttpVerdict.Transient, ErrorCategory.ServerError,
                $"{answer.Endpoint} answered HTTP {answer.Status}, but not with the result of every event.",
                "The batch is sent again, which creates no duplicates; if this persists, check that the server URL leads to Elasticsearch or OpenSearch.");
    }

    protected override Task<IntakeVerdict?> ProbeAsync(HttpEndpoint used, CancellationToken cancellationToken) =>
        new ElasticProbe(used, Settings, own.Target).RunAsync(cancellationToken);

    private static HttpIntakeProfile ProfileOf(DestinationSettings settings, ElasticSettings own) => new()
    {
        Credentials = HttpIntakeProfile.CredentialsOf(
            own.Faults, own.ApiKey is null ? null : new HttpCredentials("Authorization", new Secret($"ApiKey {own.EncodedApiKey!.Reveal()}")),
            settings.Authentication),
        Secrets = own.Secrets,
        // 5 MB with the action lines, far below the servers' default limit of 100 MB.
        Limits = new BatchLimits(1000, 4_800_000),
        PathAndQuery = own.BulkPathOf(settings.ServerUrl),
        ContentType = "application/x-ndjson",
        MaxAnswerBytes = 4 * 1024 * 1024,
    };
}

/// <summary>Settings specific to Elasticsearch and OpenSearch.</summary>
internal sealed partial record ElasticSettings
{
    private const string UsualDataStream = "logs-keycloak.audit-default";

    public static DestinationField[] Fields { get; } =
    [
        new("settings.dataStream", DestinationFieldType.Text, "Data stream to write to: logs-<dataset>-<namespace>.") { Default = UsualDataStream },
        new("settings.index", DestinationFieldType.Text, "Index or alias to write to instead of a data stream."),
        new("settings.apiKey", DestinationFieldType.Text,
            "API key as shown by Elasticsearch: encoded, or id:key; if not set, authentication is used.") { Secret = true },
        new("settings.pipeline", DestinationFieldType.Text, "Ingest pipeline for the documents."),
    ];

    public IReadOnlyList<SettingFault> Faults { get; private init; } = [];

    /// <summary>Data stream, index or alias.</summary>
    public string Target { get; private init; } = "";

    /// <summary>The member <c>data_stream</c> of every document followed by a comma; empty if the target is an index or alias.</summary>
    /// <remarks>
    /// Elastic's data stream naming scheme: type, dataset and namespace, which Kibana and Elastic Security filter by (elastic.co, ECS, Data Stream
    /// Fields).
    /// </remarks>
    public byte[] DataStreamMember { get; private init; } = [];

    public Secret? ApiKey { get; private init; }

    /// <summary>The key in the form used in the header: id and key in Base64.</summary>
    public Secret? EncodedApiKey => ApiKey?.Reveal() is not { } key ? null
        : key.Contains(':', StringComparison.Ordinal) ? new Secret(Convert.ToBase64String(Encoding.UTF8.GetBytes(key))) : ApiKey;

    /// <summary>The key in both forms, and its secret part by itself.</summary>
    public IReadOnlyList<Secret> Secrets
    {
        get
        {
            if (ApiKey is null || EncodedApiKey is not { } encoded)
            {
                return [];
            }

            var bytes = new byte[encoded.Reveal().Length];
            var plain = Convert.TryFromBase64String(encoded.Reveal(), bytes, out var length) ? Encoding.UTF8.GetString(bytes, 0, length) : "";
            return [ApiKey, encoded, new Secret(plain[(plain.IndexOf(':', StringComparison.Ordinal) + 1)..])];
        }
    }

    private string? Pipeline { get; init; }

    public static ElasticSettings Read(SettingReader reader)
    {
        var (stream, index) = (reader.Text("dataStream"), reader.Text("index"));
        if (stream is not null && index is not null)
        {
            reader.Fault("index", "Set either a data stream or an index, not both.");
        }

        if (stream is not null && !DataStream().IsMatch(stream))
        {
            reader.Fault("dataStream",
                "Must be of the form logs-<dataset>-<namespace>: lower case, dataset and namespace without hyphens, for example logs-keycloak.audit-default.");
        }

        if (index is not null && (!Index().IsMatch(index) || Encoding.UTF8.GetByteCount(index) > 255))
        {
            reader.Fault("index",
                "Must be an index name: lower case, at most 255 bytes, none of \\ / * ? \" < > | , # : or space, and not starting with - _ or +.");
        }

        var settings = new ElasticSettings
        {
            Target = index ?? stream ?? UsualDataStream,
            DataStreamMember = index is null ? DataStreamOf(stream ?? UsualDataStream) : [],
            ApiKey = reader.SecretText("apiKey"),
            Pipeline = reader.Text("pipeline"),
        };
        return settings with { Faults = reader.Faults };
    }

    public static string RootOf(Uri serverUrl) => serverUrl.AbsolutePath.TrimEnd('/') + "/";

    /// <summary>The path of the bulk API, limiting the response to the fields that are read.</summary>
    public string BulkPathOf(Uri serverUrl)
    {
        var query = "filter_path=errors,items.*.status,items.*.failure_store,items.*.error.type,items.*.error.reason,items.*.error.caused_by.reason";
        return $"{RootOf(serverUrl)}{Uri.EscapeDataString(Target)}/_bulk?{query}{(Pipeline is null ? "" : $"&pipeline={Uri.EscapeDataString(Pipeline)}")}";
    }

    private static byte[] DataStreamOf(string stream) => stream.Split('-') is [var type, var dataset, var space]
        ? Encoding.UTF8.GetBytes($$"""
            "data_stream":{"type":{{JsonSerializer.Serialize(type)}},"dataset":{{JsonSerializer.Serialize(dataset)}},"namespace":{{JsonSerializer.Serialize(space)}}},
            """)
        : [];

    [GeneratedRegex(@"^[a-z][^A-Z\\/*?""<>|\s,#:-]*-[^A-Z\\/*?""<>|\s,#:-]{1,100}-[^A-Z\\/*?""<>|\s,#:-]{1,100}$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex DataStream();

    [GeneratedRegex(@"^[^A-Z\\/*?""<>|\s,#:_+-][^A-Z\\/*?""<>|\s,#:]*$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Index();
}
