using System.Text.Json;
using SiemForwarder.Connections;
using SiemForwarder.Events;
using SiemForwarder.Events.Bytes;

namespace SiemForwarder.Destinations.Http.Datadog;

/// <summary>Datadog's intake for logs, version 2.</summary>
internal sealed class DatadogDestination : HttpIntake
{
    private readonly DatadogSettings own;
    private readonly bool isJson;
    private readonly TokenEndpoint? api;

    private DatadogDestination(DestinationSettings settings, TimeProvider time, DatadogSettings own)
        : base(settings, time, ProfileOf(settings, own))
    {
        this.own = own;
        isJson = EventValue.IsJson(settings.Http);
        api = own.ApiUrlFor(settings.ServerUrl) is { } url
            ? new TokenEndpoint(settings, url, new HttpCredentials("DD-API-KEY", own.ApiKey), [own.ApiKey], time)
            : null;
    }

    public static DestinationKind Kind { get; } = new()
    {
        Id = "datadog",
        Name = "Datadog",
        Description = "Posts events to Datadog's log intake, with the standard attributes of Datadog's Cloud SIEM.",
        DefaultPorts = new Dictionary<string, int> { ["https"] = 443, ["http"] = 80 },
        Acceptance = Acceptance.Acknowledged,
        CheckServerUrl = static url => QuerySecret.Find(url, ("dd-api-key", "settings.apiKey"), ("api_key", "settings.apiKey")),
        CheckSettings = static settings => DatadogSettings.Read(new SettingReader(settings)).Faults,
        Documentation = "src/SiemForwarder.Destinations/README.md#datadog",
        Fields =
        [
            DestinationField.ServerUrl("https://http-intake.logs.datadoghq.com, or the intake of your site, such as https://http-intake.logs.datadoghq.eu."),
            DestinationField.Port,
            .. DatadogSettings.Fields,
            .. DestinationField.OfGzippedHttp,
            .. DestinationField.OfTls,
        ],
        Open = static (settings, time) => new DatadogDestination(settings, time, DatadogSettings.Read(new SettingReader(settings.Settings))),
    };

    protected override void WriteBody(DeliveryBatch batch, PooledBuffer body)
    {
        using var writer = new Utf8JsonWriter(body, EventValue.WriterOptions);
        writer.WriteStartArray();
        for (var index = 0; index < batch.Count; index++)
        {
            Write(writer, batch.Events[index], batch[index].Span);
        }

        writer.WriteEndArray();
    }

    // Verifies the key without sending a log; an engine that can reach only the intake need not reach the API.
    protected override async Task<IntakeVerdict?> ProbeAsync(HttpEndpoint used, CancellationToken cancellationToken)
    {
        if (api is null || own.Faults.Count > 0)
        {
            return null;
        }

        var asked = await api.SendAsync(new HttpExchange("/api/v1/validate") { Method = HttpMethod.Get }, cancellationToken);
        if (!asked.TryGet(out var answer, out var fault))
        {
            return IntakeVerdict.Delivered($"the test event will show, because Datadog's API could not be reached: {fault.What}");
        }

        return answer.Status switch
        {
            200 => IntakeVerdict.Delivered($"{answer.Endpoint} accepts the API key"),
            401 or 403 => IntakeVerdict.Of(
                answer, Settings.IntegrationName, HttpVerdict.Misconfigured, ErrorCategory.Authentication,
                $"{answer.Endpoint} does not accept the API key: HTTP {answer.Status}.",
                "Check settings.apiKey, which must be an API key, not an application key, and that serverUrl and settings.apiUrl belong to your site."),
            _ => IntakeVerdict.Delivered($"the test event will show, because {answer.Endpoint} answered HTTP {answer.Status}"),
        };
    }

    protected override void DisposeOwn() => api?.Dispose();

    private static HttpIntakeProfile ProfileOf(DestinationSettings settings, DatadogSettings own) => new()
    {
        Credentials = HttpIntakeProfile.CredentialsOf(own.Faults, new HttpCredentials("DD-API-KEY", own.ApiKey), settings.Authentication),
        Secrets = [own.ApiKey],
        // 4 MB uncompressed including the attributes, of the 5 allowed; entries over 1 MB would be truncated, but no event grows that large.
        Limits = new BatchLimits(1000, 3_500_000),
        PathAndQuery = HttpExchange.PathBehind(settings.ServerUrl, "/api/v2/logs"),
    };

    private void Write(Utf8JsonWriter writer, SecurityEvent securityEvent, ReadOnlySpan<byte> formatted)
    {
        writer.WriteStartObject();
        writer.WriteString("ddsource"u8, own.Source);
        writer.WriteString("service"u8, own.Service);
        WriteWhereKnown(writer, "hostname", securityEvent.Source.Host);
        WriteWhereKnown(writer, "ddtags", own.Tags);
        writer.WriteNumber("timestamp"u8, securityEvent.OccurredAt.ToUnixTimeMilliseconds());
        writer.WriteString("status"u8, securityEvent.Severity switch
        {
            <= 3 => "info",
            <= 6 => "warn",
            <= 8 => "error",
            _ => "critical",
        });
        writer.WriteString("message"u8, securityEvent.Description.Name);
        writer.WriteStartObject("evt"u8);
        writer.WriteString("id"u8, securityEvent.Id);
        writer.WriteString("name"u8, securityEvent.Type);
        writer.WriteString("category"u8, securityEvent.Description.Category);
        writer.WriteString("outcome"u8, securityEvent.Outcome.ToString().ToLowerInvariant());
        writer.WriteEndObject();
        writer.WriteStartObject("usr"u8);
        WriteWhereKnown(writer, "id", securityEvent.Actor?.Id);
        WriteWhereKnown(writer, "name", securityEvent.Actor?.Name);
        writer.WriteEndObject();
        if (!string.IsNullOrEmpty(securityEvent.IpAddress))
        {
            writer.WriteStartObject("network"u8);
            writer.WriteStartObject("client"u8);
            writer.WriteString("ip"u8, securityEvent.IpAddress);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        writer.WritePropertyName("keycloak"u8);
        EventValue.Write(writer, formatted, isJson);
        writer.WriteEndObject();
    }

    private static void WriteWhereKnown(Utf8JsonWriter writer, string name, string? value)
    {
        if (!string.IsNullOrEmpty(value))
        {
            writer.WriteString(name, value);
        }
    }
}

/// <summary>Settings specific to Datadog.</summary>
internal sealed record DatadogSettings(Secret ApiKey, string Source, string Service, string? Tags, Uri? ApiUrl, IReadOnlyList<SettingFault> Faults)
{
    private const string IntakePrefix = "http-intake.logs.";

    // Datadog's own pipeline for 'keycloak' parses server log lines, not events.
    private const string UsualSource = "keycloak-siem";

    public static DestinationField[] Fields { get; } =
    [
        new("settings.apiKey", DestinationFieldType.Text, "API key; not an application key.") { Secret = true, Required = true },
        new("settings.source", DestinationFieldType.Text, "Attribute ddsource, which chooses the pipeline.") { Default = UsualSource },
        new("settings.service", DestinationFieldType.Text, "Attribute service.") { Default = "keycloak" },
        new("settings.tags", DestinationFieldType.Text, "Tags, separated by commas: env:prod,team:iam."),
        new("settings.apiUrl", DestinationFieldType.Url,
            "API that a test uses to verify the key; default: https://api. followed by the site of the server URL."),
    ];

    public static DatadogSettings Read(SettingReader reader)
    {
        Uri? apiUrl = null;
        if (reader.Text("apiUrl") is { } text
            && (!Uri.TryCreate(text, UriKind.Absolute, out apiUrl) || apiUrl.Scheme is not ("https" or "http") || apiUrl.UserInfo.Length > 0))
        {
            reader.Fault("apiUrl", "Must be a URL such as https://api.datadoghq.eu, without a user name or password.");
            apiUrl = null;
        }

        var settings = new DatadogSettings(
            new Secret(reader.Required("apiKey", "Set an API key of the organization.")),
            reader.Text("source") ?? UsualSource, reader.Text("service") ?? "keycloak", reader.Text("tags"), apiUrl, []);
        return settings with { Faults = reader.Faults };
    }

    /// <summary>Where to verify the key; null if the intake is not Datadog's own and no API is set.</summary>
    public Uri? ApiUrlFor(Uri serverUrl) => ApiUrl
        ?? (serverUrl.Host.StartsWith(IntakePrefix, StringComparison.OrdinalIgnoreCase)
            ? new Uri($"https://api.{serverUrl.Host[IntakePrefix.Length..]}")
            : null);
}
