using System.Text.Json;

namespace SiemForwarder.Destinations.Http;

/// <summary>Microsoft Sentinel and Log Analytics by the Logs Ingestion API of Azure Monitor.</summary>
internal sealed class SentinelDestination : HttpIntake
{
    private readonly SentinelSettings own;
    private readonly AccessTokens tokens;
    private readonly bool isJson;

    private SentinelDestination(DestinationSettings settings, TimeProvider timeProvider, SentinelSettings own)
        : base(settings, timeProvider, ProfileOf(settings, own))
    {
        this.own = own;
        isJson = EventValue.IsJson(settings.Http);
        tokens = new AccessTokens(
            settings, new Uri(own.Authority, $"{own.Authority.AbsolutePath.TrimEnd('/')}/{Uri.EscapeDataString(own.TenantId)}/oauth2/v2.0/token"),
            _ => $"grant_type=client_credentials&client_id={Uri.EscapeDataString(own.ClientId)}&client_secret={Uri.EscapeDataString(own.ClientSecret.Reveal())}&scope={Uri.EscapeDataString(own.Scope)}",
            [own.ClientSecret], "Check settings.tenantId, settings.clientId and settings.clientSecret: the secret may have expired.", timeProvider);
    }

    public static DestinationKind Kind { get; } = new()
    {
        Id = "sentinel",
        Name = "Microsoft Sentinel (Logs Ingestion API)",
        Description = "Writes events into a table of Microsoft Sentinel or Log Analytics through a data collection rule.",
        DefaultPorts = new Dictionary<string, int> { ["https"] = 443, ["http"] = 80 },
        Acceptance = Acceptance.Acknowledged,
        CheckSettings = static settings => SentinelSettings.Read(new SettingReader(settings)).Faults,
        Documentation = "src/SiemForwarder.Destinations/README.md#microsoft-sentinel",
        Fields =
        [
            DestinationField.ServerUrl("Logs ingestion URL of the data collection endpoint or rule: https://<name>.<region>-1.ingest.monitor.azure.com."),
            DestinationField.Port,
            .. SentinelSettings.Fields,
            .. DestinationField.OfGzippedHttp,
            .. DestinationField.OfTls,
        ],
        Open = static (settings, timeProvider) => new SentinelDestination(settings, timeProvider, SentinelSettings.Read(new SettingReader(settings.Settings))),
    };

    protected override IReadOnlyList<KeyValuePair<string, string>> Headers => [.. tokens.Headers, new("x-ms-client-request-id", Guid.NewGuid().ToString())];

    protected override void WriteBody(DeliveryBatch batch, PooledStream body)
    {
        using var writer = new Utf8JsonWriter(body, EventValue.WriterOptions);
        writer.WriteStartArray();
        for (var index = 0; index < batch.Count; index++)
        {
            if (own.AsFormatted && isJson)
            {
                writer.WriteRawValue(batch[index].Span, skipInputValidation: true);
            }
            else
            {
                SentinelRow.Write(writer, batch.Events[index], batch[index].Span);
            }
        }

        writer.WriteEndArray();
    }

    protected override Task<IntakeVerdict?> PrepareAsync(HttpEndpoint used, CancellationToken cancellationToken) =>
        own.Faults.Count > 0 ? Task.FromResult<IntakeVerdict?>(null) : tokens.EnsureAsync(used.Mask, cancellationToken);

    protected override bool ForgetAccess() => tokens.Forget();

    protected override IntakeVerdict Judge(HttpAnswer answer, DeliveryBatch batch)
    {
        var byTable = IntakeVerdict.Of(answer, Settings.IntegrationName);
        if (byTable.Fault is null)
        {
            tokens.Confirm();
            return byTable;
        }

        return answer.Status switch
        {
            403 => Advise(answer, byTable, "Give the application the role Monitoring Metrics Publisher on the data collection rule; it takes up to half an hour to count."),
            404 => Advise(answer, byTable, "Check settings.ruleId, settings.stream and the ingestion URL: they belong to one data collection rule."),
            400 when answer.Text.Contains("InvalidStream", StringComparison.Ordinal) =>
                Advise(answer, byTable, "Set settings.stream to a stream that the data collection rule declares, such as Custom-KeycloakEvents_CL."),
            _ => byTable,
        };
    }

    // An empty array is taken with 204 and stores nothing.
    protected override async Task<IntakeVerdict?> ProbeAsync(HttpEndpoint used, CancellationToken cancellationToken)
    {
        if (await PrepareAsync(used, cancellationToken) is { } refused)
        {
            return refused;
        }

        var posted = await used.SendAsync(new HttpExchange(own.PathOf(Settings.ServerUrl), "[]"u8.ToArray()) { Headers = Headers }, cancellationToken);
        if (!posted.TryGet(out var answer, out var fault))
        {
            return IntakeVerdict.Of(fault, Settings.IntegrationName);
        }

        var verdict = Judge(answer, new DeliveryBatch(default, default, default));
        return verdict.Fault is null ? IntakeVerdict.Delivered("the application may write to the data collection rule") : verdict;
    }

    protected override void DisposeOwn() => tokens.Dispose();

    private static HttpIntakeProfile ProfileOf(DestinationSettings settings, SentinelSettings own) => new()
    {
        Credentials = HttpIntakeProfile.CredentialsOf(own.Faults, null, new AuthenticationSettings()),
        Secrets = [own.ClientSecret],
        // 1 MB counts before and after compression; a row repeats the event as text beside its columns.
        Limits = new BatchLimits(500, own.AsFormatted ? 899_000 : 350_000),
        PathAndQuery = own.PathOf(settings.ServerUrl),
    };

    private IntakeVerdict Advise(HttpAnswer answer, IntakeVerdict byTable, string advice) => IntakeVerdict.Of(
        answer, Settings.IntegrationName, HttpVerdict.Misconfigured, byTable.Fault!.Category, byTable.Fault.What, advice);
}

/// <summary>What only the Logs Ingestion API has.</summary>
internal sealed record SentinelSettings(
    string TenantId, string ClientId, Secret ClientSecret, string RuleId, string Stream, bool AsFormatted, Uri Authority, string Scope, IReadOnlyList<SettingFault> Faults)
{
    private const string UsualAuthority = "https://login.microsoftonline.com";
    private const string UsualScope = "https://monitor.azure.com/.default";
    private const string UsualStream = "Custom-KeycloakEvents_CL";

    public static DestinationField[] Fields { get; } =
    [
        new("settings.tenantId", DestinationFieldType.Text, "Directory (tenant) id.") { Required = true },
        new("settings.clientId", DestinationFieldType.Text, "Application (client) id of the app registration.") { Required = true },
        new("settings.clientSecret", DestinationFieldType.Text, "Client secret of the app registration.") { Secret = true, Required = true },
        new("settings.ruleId", DestinationFieldType.Text, "Immutable id of the data collection rule: dcr- and 32 digits.") { Required = true },
        new("settings.stream", DestinationFieldType.Text, "Stream that the rule declares.") { Default = UsualStream },
        new("settings.payload", DestinationFieldType.Choice, "Rows with the columns of the documentation, or each event as it was formatted.") { Default = "columns", Choices = ["columns", "formatted"] },
        new("settings.authority", DestinationFieldType.Url, "Where tokens are asked for; https://login.microsoftonline.us for US Government.") { Default = UsualAuthority },
        new("settings.scope", DestinationFieldType.Text, "Scope of the token; https://monitor.azure.us/.default for US Government.") { Default = UsualScope },
    ];

    public static SentinelSettings Read(SettingReader reader)
    {
        var authority = new Uri(UsualAuthority);
        if (reader.Text("authority") is { } text && (!Uri.TryCreate(text, UriKind.Absolute, out authority) || authority.Scheme is not ("https" or "http") || authority.UserInfo.Length > 0))
        {
            reader.Fault("authority", "Must be a URL such as https://login.microsoftonline.com, without a user name or password.");
            authority = new Uri(UsualAuthority);
        }

        var ruleId = reader.Required("ruleId", "Give the immutable id of the data collection rule, which begins with dcr-.");
        if (ruleId.Length > 0 && !ruleId.StartsWith("dcr-", StringComparison.Ordinal))
        {
            reader.Fault("ruleId", "Must be the immutable id, which begins with dcr-, not the name or the resource id of the rule.");
        }

        var settings = new SentinelSettings(
            reader.Required("tenantId", "Give the directory (tenant) id."),
            reader.Required("clientId", "Give the application (client) id."),
            new Secret(reader.Required("clientSecret", "Give a client secret of the application.")),
            ruleId,
            reader.Text("stream") ?? UsualStream,
            reader.Choice("payload", "columns", "columns", "formatted") == "formatted",
            authority!,
            reader.Text("scope") ?? UsualScope,
            []);
        return settings with { Faults = reader.Faults };
    }

    public string PathOf(Uri serverUrl) =>
        $"{serverUrl.AbsolutePath.TrimEnd('/')}/dataCollectionRules/{Uri.EscapeDataString(RuleId)}/streams/{Uri.EscapeDataString(Stream)}?api-version=2023-01-01";
}
