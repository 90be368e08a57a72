using System.Text.Json;
using SiemForwarder.Connections;
using SiemForwarder.Events.Bytes;

namespace SiemForwarder.Destinations.Http.Otlp;

/// <summary>Any OpenTelemetry Collector or backend that accepts logs as OTLP over HTTP, in JSON or protobuf.</summary>
internal sealed class OtlpDestination : HttpIntake
{
    private const string Path = "/v1/logs";

    private readonly OtlpSettings own;
    private readonly OtlpProtobuf protobuf = new();

    private OtlpDestination(DestinationSettings settings, TimeProvider time, OtlpSettings own)
        : base(settings, time, ProfileOf(settings, own)) => this.own = own;

    public static DestinationKind Kind { get; } = new()
    {
        Id = "otlp",
        Name = "OpenTelemetry (OTLP/HTTP)",
        Description = "Posts events as OpenTelemetry log records to a Collector or any backend that accepts OTLP over HTTP, in JSON or protobuf.",
        DefaultPorts = new Dictionary<string, int> { ["https"] = 443, ["http"] = 80 },
        Acceptance = Acceptance.Acknowledged,
        CheckSettings = static settings => OtlpSettings.Read(new SettingReader(settings)).Faults,
        Documentation = "src/SiemForwarder.Destinations/README.md#otlp",
        Fields =
        [
            DestinationField.ServerUrl("http://host:4318; /v1/logs is added."),
            DestinationField.Port,
            .. OtlpSettings.Fields,
            .. DestinationField.OfGzippedHttp,
            .. DestinationField.OfAuthentication,
            .. DestinationField.OfTls,
        ],
        Open = static (settings, time) => new OtlpDestination(settings, time, OtlpSettings.Read(new SettingReader(settings.Settings))),
    };

    protected override void WriteBody(DeliveryBatch batch, PooledBuffer body)
    {
        if (own.Protobuf)
        {
            protobuf.WriteRequest(body, batch, own.ServiceName, EventValue.IsJson(Settings.Http));
            return;
        }

        using var writer = new Utf8JsonWriter(body, EventValue.WriterOptions);
        OtlpRecord.WriteRequest(writer, batch, own.ServiceName, EventValue.IsJson(Settings.Http));
    }

    protected override IntakeVerdict Judge(HttpAnswer answer, DeliveryBatch batch)
    {
        var byTable = IntakeVerdict.Of(answer, Settings.IntegrationName);
        if (byTable.Outcome is DeliveryOutcome.Delivered)
        {
            return FindPartialSuccess(answer) switch
            {
                null => byTable,
                { Refused: 0 } partial => IntakeVerdict.Delivered(partial.Note),
                { } partial => IntakeVerdict.Of(
                    answer, Settings.IntegrationName, HttpVerdict.Rejected, ErrorCategory.Rejected, partial.Note,
                    "Smaller batches are sent to find the rejected records, which are set aside."),
            };
        }

        // The specification allows retries only after 429, 502, 503 and 504.
        return answer.Status switch
        {
            429 or 502 or 503 or 504 => byTable,
            408 or 425 => Of(answer, byTable, HttpVerdict.Misconfigured),
            >= 500 and not 501 and not 505 => Of(answer, byTable, HttpVerdict.Rejected),
            _ => byTable,
        };
    }

    // An empty request must succeed, which verifies URL and credentials without a record.
    protected override async Task<IntakeVerdict?> ProbeAsync(HttpEndpoint used, CancellationToken cancellationToken)
    {
        var exchange = own.Protobuf
            ? new HttpExchange(HttpExchange.PathBehind(Settings.ServerUrl, Path), default, OtlpSettings.ProtobufType)
            : new HttpExchange(HttpExchange.PathBehind(Settings.ServerUrl, Path), "{\"resourceLogs\":[]}"u8.ToArray());
        var posted = await used.SendAsync(exchange, cancellationToken);
        if (!posted.TryGet(out var answer, out var fault))
        {
            return IntakeVerdict.Of(fault, Settings.IntegrationName);
        }

        var verdict = IntakeVerdict.Of(answer, Settings.IntegrationName);
        return verdict.Fault is null ? IntakeVerdict.Delivered("the receiver accepts an empty request") : verdict;
    }

    protected override void DisposeOwn() => protobuf.Dispose();

    private static HttpIntakeProfile ProfileOf(DestinationSettings settings, OtlpSettings own) => new()
    {
        Credentials = HttpIntakeProfile.CredentialsOf(own.Faults, null, settings.Authentication),
        // 4 MB including the attributes of each record and the type names that OTLP's JSON adds around every member of the body.
        Limits = own.Protobuf ? new BatchLimits(1000, 1_600_000) : new BatchLimits(500, 600_000),
        PathAndQuery = HttpExchange.PathBehind(settings.ServerUrl, Path),
        ContentType = own.Protobuf ? OtlpSettings.ProtobufType : "application/json",
    };

    private IntakeVerdict Of(HttpAnswer answer, IntakeVerdict byTable, HttpVerdict verdict) => IntakeVerdict.Of(
        answer, Settings.IntegrationName, verdict, byTable.Fault!.Category, byTable.Fault.What,
        "OTLP forbids repeating the same request after this answer; check the receiver's log.");

    /// <summary>The content of a partial success; null if the response contains none.</summary>
    /// <remarks>
    /// Only a number is reported, not which records. The protocol forbids repeating the request; treating it as a success would silently lose those records,
    /// so the batch is halved until they are found: the others arrive twice, each with its id.
    /// </remarks>
    private static (long Refused, string Note)? FindPartialSuccess(HttpAnswer answer) => OtlpAnswer.Read(answer.Body.Span) switch
    {
        { Rejected: 0, Message: "" } => null,
        { Rejected: 0 } warning => (0, OneLine.Of(answer.Hide($"HTTP {answer.Status}, and the receiver warns: {warning.Message}"))),
        var partial => (partial.Rejected, OneLine.Of(answer.Hide(
            $"HTTP {answer.Status}, but the receiver rejected {partial.Rejected} records without saying which: {partial.Message}"))),
    };
}

/// <summary>Settings specific to OTLP.</summary>
internal sealed record OtlpSettings(string ServiceName, bool Protobuf, IReadOnlyList<SettingFault> Faults)
{
    public const string ProtobufType = "application/x-protobuf";

    public static DestinationField[] Fields { get; } =
    [
        new("settings.serviceName", DestinationFieldType.Text, "Resource attribute service.name of every record.") { Default = "keycloak" },
        new("settings.encoding", DestinationFieldType.Choice,
            "Encoding of the requests: JSON, or protobuf for receivers that accept nothing else.") { Default = "json", Choices = ["json", "protobuf"] },
    ];

    public static OtlpSettings Read(SettingReader reader)
    {
        var name = reader.Text("serviceName") ?? "keycloak";
        var protobuf = reader.Choice("encoding", "json", "json", "protobuf") == "protobuf";
        return new OtlpSettings(name, protobuf, reader.Faults);
    }
}
