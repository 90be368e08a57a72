using SiemForwarder.Connections;
using SiemForwarder.Events.Bytes;

namespace SiemForwarder.Destinations.Http.Google;

/// <summary>Google Security Operations (Chronicle), through one of its two import APIs or an HTTPS push feed.</summary>
internal sealed class GoogleSecOpsDestination : HttpIntake
{
    private readonly GoogleSecOpsSettings own;
    private readonly GoogleSecOpsBody bodies;
    private readonly AccessTokens? tokens;

    private GoogleSecOpsDestination(DestinationSettings settings, TimeProvider time, GoogleSecOpsSettings own)
        : base(settings, time, ProfileOf(settings, own))
    {
        this.own = own;
        bodies = new GoogleSecOpsBody(own, EventValue.IsJson(settings.Http));
        tokens = own.Account is not { } account ? null : new AccessTokens(
            settings, account.TokenUrl, now => account.FormAt(now, own.Scope), account.Secrets,
            "Check settings.serviceAccountKey: the key may have been deleted, or the clock of this engine may be wrong.", time);
    }

    public static DestinationKind Kind { get; } = new()
    {
        Id = "google_secops",
        Name = "Google Security Operations",
        Description = "Imports events into Google Security Operations (Chronicle), as logs or UDM through either of its APIs, or through an HTTPS push feed.",
        DefaultPorts = new Dictionary<string, int> { ["https"] = 443, ["http"] = 80 },
        Acceptance = Acceptance.Acknowledged,
        CheckServerUrl = static url => QuerySecret.Find(url, ("key", "settings.apiKey"), ("secret", "settings.feedSecret")),
        CheckSettings = static settings => GoogleSecOpsSettings.Read(new SettingReader(settings)).Faults,
        Documentation = "src/SiemForwarder.Destinations/README.md#google-security-operations",
        Fields =
        [
            DestinationField.ServerUrl(
                "https://<region>-chronicle.googleapis.com for the API, https://[<region>-]malachiteingestion-pa.googleapis.com for the older one, or the "
                    + "feed's endpoint URL."),
            DestinationField.Port,
            .. GoogleSecOpsSettings.Fields,
            .. DestinationField.OfGzippedHttp,
            .. DestinationField.OfTls,
        ],
        Open = static (settings, time) =>
            new GoogleSecOpsDestination(settings, time, GoogleSecOpsSettings.Read(new SettingReader(settings.Settings))),
    };

    protected override IReadOnlyList<KeyValuePair<string, string>> Headers => tokens?.Headers ?? own.FeedHeaders;

    protected override void WriteBody(DeliveryBatch batch, PooledBuffer body) => bodies.Write(batch, body);

    protected override async Task<IntakeVerdict?> PrepareAsync(HttpEndpoint used, CancellationToken cancellationToken) =>
        tokens is null || own.Faults.Count > 0 ? null : await tokens.EnsureAsync(used.Mask, cancellationToken);

    protected override bool FetchesAccess => tokens is not null;

    protected override bool ForgetAccess() => tokens?.Forget() ?? false;

    protected override IntakeVerdict Judge(HttpAnswer answer, DeliveryBatch batch)
    {
        var byTable = IntakeVerdict.Of(answer, Settings.IntegrationName);
        if (byTable.Fault is null)
        {
            tokens?.Confirm();
            return byTable;
        }

        return answer.Status switch
        {
            403 when own.Legacy =>
                Advise(answer, byTable, "Use the Ingestion API key file that Google issued for this customer, and check settings.customerId."),
            404 when own.Legacy => Advise(answer, byTable, "Check the region of the server URL: https://[<region>-]malachiteingestion-pa.googleapis.com."),
            403 when !own.Feed =>
                Advise(answer, byTable, $"Grant the service account a role with chronicle.{(own.Udm ? "events" : "logs")}.import on this instance."),
            404 when !own.Feed => Advise(answer, byTable, "Check the region in the server URL, settings.instance and settings.logType."),
            401 or 403 => Advise(answer, byTable, "Check settings.apiKey, which must be restricted to the Chronicle API, and settings.feedSecret."),
            _ => byTable,
        };
    }

    // Detects a wrong key before the event is sent; the older API can also be asked for its log types.
    protected override async Task<IntakeVerdict?> ProbeAsync(HttpEndpoint used, CancellationToken cancellationToken)
    {
        if (await PrepareAsync(used, cancellationToken) is { } refused)
        {
            return refused;
        }

        return own.Legacy && own.Faults.Count == 0 ? await AskForLogTypesAsync(used, cancellationToken)
            : tokens is null ? null
            : IntakeVerdict.Delivered("Google issued an access token to the service account");
    }

    protected override string? HintOf(DeliveryBatch batch) =>
        own.Udm ? $"SIEM Search, metadata.product_log_id = \"{batch.Events[0].Id}\"" : $"SIEM Search > Raw Log Search for {batch.Events[0].Id}";

    protected override void DisposeOwn()
    {
        tokens?.Dispose();
        bodies.Dispose();
    }

    private static HttpIntakeProfile ProfileOf(DestinationSettings settings, GoogleSecOpsSettings own) => new()
    {
        Credentials = HttpIntakeProfile.CredentialsOf(own.Faults, null, new AuthenticationSettings()),
        Secrets = own.Secrets,
        // 3 MB, below the limit of 4 MB per request; Base64 adds a third.
        // The older API accepts 1 MB, and embedding an event as text adds escapes.
        Limits = new BatchLimits(1000, own.Legacy ? (own.Udm ? 850_000 : 700_000) : own.Feed ? 2_900_000 : 2_100_000),
        // Google lists more than a thousand log types.
        MaxAnswerBytes = 1024 * 1024,
        PathAndQuery = own.PathOf(settings.ServerUrl),
        ContentType = own.Feed && !EventValue.IsJson(settings.Http) ? "text/plain; charset=utf-8" : "application/json",
    };

    private async Task<IntakeVerdict> AskForLogTypesAsync(HttpEndpoint used, CancellationToken cancellationToken)
    {
        var asked = await used.SendAsync(
            new HttpExchange(GoogleSecOpsSettings.LogTypesPathOf(Settings.ServerUrl)) { Method = HttpMethod.Get, Headers = Headers }, cancellationToken);
        if (!asked.TryGet(out var answer, out var fault))
        {
            return IntakeVerdict.Of(fault, Settings.IntegrationName);
        }

        var verdict = Judge(answer, new DeliveryBatch(default, default, default));
        if (verdict.Fault is not null || own.Udm || answer.Body.Span.IndexOf(System.Text.Encoding.UTF8.GetBytes($"\"{own.LogType}\"")) >= 0)
        {
            return verdict.Fault is null ? IntakeVerdict.Delivered("the service account may list Google's log types") : verdict;
        }

        return IntakeVerdict.Of(
            answer, Settings.IntegrationName, HttpVerdict.Misconfigured, ErrorCategory.Configuration,
            $"{answer.Endpoint} does not list the log type {own.LogType}.", "Set settings.logType to one that Google lists; for Keycloak it is KEYCLOAK.");
    }

    private IntakeVerdict Advise(HttpAnswer answer, IntakeVerdict byTable, string advice) => IntakeVerdict.Of(
        answer, Settings.IntegrationName, HttpVerdict.Misconfigured, byTable.Fault!.Category, byTable.Fault.What, advice);
}
