using System.Text.Json;
using SiemForwarder.Events;
using SiemForwarder.Events.Bytes;
using SiemForwarder.Events.Formats.Text;

namespace SiemForwarder.Destinations.Http.Sentinel;

/// <summary>Microsoft Sentinel and Log Analytics through the Logs Ingestion API of Azure Monitor.</summary>
internal sealed class SentinelDestination : HttpIntake
{
    private readonly SentinelSettings own;
    private readonly IAccessTokens tokens;
    private readonly bool isJson;

    private SentinelDestination(DestinationSettings settings, TimeProvider time, SentinelSettings own)
        : base(settings, time, ProfileOf(settings, own))
    {
        this.own = own;
        isJson = EventValue.IsJson(settings.Http);
        tokens = own.Credential == SentinelCredential.ClientSecret
            ? OfApplication(settings, own, time)
            : new AzureIdentityTokens(settings, own, time);
    }

    public static DestinationKind Kind { get; } = new()
    {
        Id = "sentinel",
        Name = "Microsoft Sentinel (Logs Ingestion API)",
        Description = "Writes events into a table of Microsoft Sentinel or Log Analytics through a data collection rule, as an app registration or with the "
            + "identity of its machine or pod.",
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
        Open = static (settings, time) => new SentinelDestination(settings, time, SentinelSettings.Read(new SettingReader(settings.Settings))),
    };

    protected override IReadOnlyList<KeyValuePair<string, string>> Headers => [.. tokens.Headers, new("x-ms-client-request-id", Guid.NewGuid().ToString())];

    protected override void WriteBody(DeliveryBatch batch, PooledBuffer body)
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
                "Assign the application the role Monitoring Metrics Publisher on the data collection rule; it takes up to half an hour to take effect."),
            404 => Advise(answer, byTable, "Check settings.ruleId, settings.stream and the ingestion URL: they must belong to the same data collection rule."),
            400 when SentinelErrorCode.Find(answer.Body) is { } code && SentinelErrorCode.AdviceOf(code) is { } advice => Advise(answer, byTable, advice),
            _ => byTable,
        };
    }

    // An empty array is accepted with 204 and stores nothing.
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
        ? "query the rule's table after a few minutes; rows that fail in its transformation appear only in its metrics"
        : $"{own.Stream["Custom-".Length..]} | where EventId == \"{batch.Events[0].Id}\", after a few minutes";

    protected override void DisposeOwn() => tokens.Dispose();

    private static AccessTokens OfApplication(DestinationSettings settings, SentinelSettings own, TimeProvider time) => new(
        settings, new Uri(own.Authority, $"{own.Authority.AbsolutePath.TrimEnd('/')}/{Uri.EscapeDataString(own.TenantId)}/oauth2/v2.0/token"),
        _ => $"grant_type=client_credentials&client_id={Uri.EscapeDataString(own.ClientId)}"
            + $"&client_secret={Uri.EscapeDataString(own.ClientSecret.Reveal())}&scope={Uri.EscapeDataString(own.Scope)}",
        [own.ClientSecret], "Check settings.tenantId, settings.clientId and settings.clientSecret: the secret may have expired.", time);

    private static HttpIntakeProfile ProfileOf(DestinationSettings settings, SentinelSettings own) => new()
    {
        Credentials = HttpIntakeProfile.CredentialsOf(own.FaultsAt(settings), null, new AuthenticationSettings()),
        Secrets = [own.ClientSecret, .. AzureIdentityTokens.Secrets],
        // The limit of 1 MB applies before and after compression; a row repeats the event as text beside its columns.
        Limits = new BatchLimits(500, own.AsFormatted ? 899_000 : 350_000),
        PathAndQuery = own.PathOf(settings.ServerUrl),
    };

    private IntakeVerdict Advise(HttpAnswer answer, IntakeVerdict byTable, string advice) => IntakeVerdict.Of(
        answer, Settings.IntegrationName, HttpVerdict.Misconfigured, byTable.Fault!.Category, byTable.Fault.What, advice);
}

/// <summary>The member <c>error.code</c> of Azure's response, which distinguishes a wrong setting from a bad event; both are HTTP 400.</summary>
internal static class SentinelErrorCode
{
    // Codes with these parts are about a setting; all others, such as InvalidPayload, are about the events.
    private static readonly (string Part, string Advice)[] OfSettings =
    [
        ("Stream", "Set settings.stream to a stream that the data collection rule declares, such as Custom-KeycloakEvents_CL."),
        ("Dcr", "Check settings.ruleId: it must be the immutable id of a rule in the region of the ingestion URL."),
        ("Rule", "Check settings.ruleId: it must be the immutable id of a rule in the region of the ingestion URL."),
        ("Table", "Create the table that the data collection rule writes to, or correct the rule's output stream."),
        ("ApiVersion", "Check that the ingestion URL belongs to Azure Monitor: it does not support this version of the Logs Ingestion API."),
    ];

    /// <summary>The code; null if the response has none.</summary>
    public static string? Find(ReadOnlyMemory<byte> body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            return document.RootElement is { ValueKind: JsonValueKind.Object } root
                && root.TryGetProperty("error", out var error) && error.ValueKind == JsonValueKind.Object
                && error.TryGetProperty("code", out var code) && code.ValueKind == JsonValueKind.String
                ? code.GetString() : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>What to change if the code is about a setting; null if it is about the events.</summary>
    public static string? AdviceOf(string code) => OfSettings.FirstOrDefault(pair => code.Contains(pair.Part, StringComparison.OrdinalIgnoreCase)).Advice;
}

/// <summary>Writes an event as a flat row with the columns that the documentation recommends for the stream.</summary>
internal static class SentinelRow
{
    public static void Write(Utf8JsonWriter writer, SecurityEvent securityEvent, ReadOnlySpan<byte> formatted)
    {
        writer.WriteStartObject();
        writer.WriteString("TimeGenerated"u8, Instants.InText(securityEvent.OccurredAt));
        writer.WriteString("EventId"u8, securityEvent.Id);
        writer.WriteString("EventKind"u8, securityEvent.Kind.ToString().ToLowerInvariant());
        writer.WriteString("EventType"u8, securityEvent.Type);
        writer.WriteString("Realm"u8, securityEvent.Source.Realm);
        writer.WriteString("ClientId"u8, securityEvent.ClientId);
        writer.WriteString("UserId"u8, securityEvent.Subject?.Id ?? securityEvent.Actor?.Id);
        writer.WriteString("Username"u8, securityEvent.Subject?.Name ?? securityEvent.Actor?.Name);
        writer.WriteString("SourceIp"u8, securityEvent.IpAddress);
        writer.WriteString("SessionId"u8, securityEvent.SessionId);
        writer.WriteString("Outcome"u8, securityEvent.Outcome.ToString().ToLowerInvariant());
        writer.WriteString("Error"u8, securityEvent.Reason);
        writer.WriteNumber("Severity"u8, securityEvent.Severity);
        writer.WriteString("Operation"u8, securityEvent.Admin?.Operation);
        writer.WriteString("ResourceType"u8, securityEvent.Admin?.ResourceType);
        writer.WriteString("ResourcePath"u8, securityEvent.Admin?.ResourcePath);
        writer.WriteString("ActorUserId"u8, securityEvent.Actor?.Id);
        writer.WriteString("ActorUsername"u8, securityEvent.Actor?.Name);
        writer.WriteString("ActorRealm"u8, securityEvent.Actor?.Realm);
        writer.WriteStartObject("Details"u8);
        foreach (var (name, value) in securityEvent.Details)
        {
            writer.WriteString(name, value);
        }

        writer.WriteEndObject();
        writer.WriteString("RawEvent"u8, formatted);
        writer.WriteEndObject();
    }
}
