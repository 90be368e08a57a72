using System.Text.Json;

namespace SiemForwarder.Destinations.Http.Sentinel;

/// <summary>Microsoft Sentinel and Log Analytics by the Logs Ingestion API of Azure Monitor.</summary>
internal sealed class SentinelDestination : HttpIntake
{
    private readonly SentinelSettings own;
    private readonly IAccessTokens tokens;
    private readonly bool isJson;

    private SentinelDestination(DestinationSettings settings, TimeProvider timeProvider, SentinelSettings own)
        : base(settings, timeProvider, ProfileOf(settings, own))
    {
        this.own = own;
        isJson = EventValue.IsJson(settings.Http);
        tokens = own.Credential == SentinelCredential.ClientSecret
            ? OfApplication(settings, own, timeProvider)
            : new AzureIdentityTokens(settings, own, timeProvider);
    }

    public static DestinationKind Kind { get; } = new()
    {
        Id = "sentinel",
        Name = "Microsoft Sentinel (Logs Ingestion API)",
        Description = "Writes events into a table of Microsoft Sentinel or Log Analytics through a data collection rule, as an app registration or as the "
            + "identity of its own machine or pod.",
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
        own.FaultsAt(Settings).Count > 0 ? Task.FromResult<IntakeVerdict?>(null) : tokens.EnsureAsync(used.Mask, cancellationToken);

    protected override bool FetchesAccess => true;

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
            403 => Advise(answer, byTable,
                "Give the application the role Monitoring Metrics Publisher on the data collection rule; it takes up to half an hour to count."),
            404 => Advise(answer, byTable, "Check settings.ruleId, settings.stream and the ingestion URL: they belong to one data collection rule."),
            400 when SentinelErrorCode.Find(answer.Body) is { } code && SentinelErrorCode.AdviceOf(code) is { } advice => Advise(answer, byTable, advice),
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

    protected override string? HintOf(DeliveryBatch batch) => own.AsFormatted || !own.Stream.StartsWith("Custom-", StringComparison.Ordinal)
        ? "query the table of the rule after some minutes; rows that fail in its transformation show in its metrics only"
        : $"{own.Stream["Custom-".Length..]} | where EventId == \"{batch.Events[0].Id}\", after some minutes";

    protected override void DisposeOwn() => tokens.Dispose();

    private static AccessTokens OfApplication(DestinationSettings settings, SentinelSettings own, TimeProvider timeProvider) => new(
        settings, new Uri(own.Authority, $"{own.Authority.AbsolutePath.TrimEnd('/')}/{Uri.EscapeDataString(own.TenantId)}/oauth2/v2.0/token"),
        _ => $"grant_type=client_credentials&client_id={Uri.EscapeDataString(own.ClientId)}"
            + $"&client_secret={Uri.EscapeDataString(own.ClientSecret.Reveal())}&scope={Uri.EscapeDataString(own.Scope)}",
        [own.ClientSecret], "Check settings.tenantId, settings.clientId and settings.clientSecret: the secret may have expired.", timeProvider);

    private static HttpIntakeProfile ProfileOf(DestinationSettings settings, SentinelSettings own) => new()
    {
        Credentials = HttpIntakeProfile.CredentialsOf(own.FaultsAt(settings), null, new AuthenticationSettings()),
        Secrets = [own.ClientSecret, .. AzureIdentityTokens.Secrets],
        // 1 MB counts before and after compression; a row repeats the event as text beside its columns.
        Limits = new BatchLimits(500, own.AsFormatted ? 899_000 : 350_000),
        PathAndQuery = own.PathOf(settings.ServerUrl),
    };

    private IntakeVerdict Advise(HttpAnswer answer, IntakeVerdict byTable, string advice) => IntakeVerdict.Of(
        answer, Settings.IntegrationName, HttpVerdict.Misconfigured, byTable.Fault!.Category, byTable.Fault.What, advice);
}
