using System.Globalization;
using System.Text.Json;

namespace SiemForwarder.Destinations.Http;

/// <summary>Google Security Operations (Chronicle), by the import of raw logs or by an HTTPS push feed.</summary>
internal sealed class GoogleSecOpsDestination : HttpIntake
{
    private readonly GoogleSecOpsSettings own;
    private readonly AccessTokens? tokens;

    private GoogleSecOpsDestination(DestinationSettings settings, TimeProvider timeProvider, GoogleSecOpsSettings own)
        : base(settings, timeProvider, ProfileOf(settings, own))
    {
        this.own = own;
        tokens = own.Account is not { } account ? null : new AccessTokens(
            settings, account.TokenUrl, account.FormAt, account.Secrets,
            "Check settings.serviceAccountKey: the key may have been deleted, or the clock of this engine may be wrong.", timeProvider);
    }

    public static DestinationKind Kind { get; } = new()
    {
        Id = "google_secops",
        Name = "Google Security Operations",
        Description = "Imports events into Google Security Operations (Chronicle), by its API or by an HTTPS push feed.",
        DefaultPorts = new Dictionary<string, int> { ["https"] = 443, ["http"] = 80 },
        Acceptance = Acceptance.Acknowledged,
        CheckServerUrl = static url => QuerySecret.Find(url, ("key", "settings.apiKey"), ("secret", "settings.feedSecret")),
        CheckSettings = static settings => GoogleSecOpsSettings.Read(new SettingReader(settings)).Faults,
        Documentation = "src/SiemForwarder.Destinations/README.md#google-security-operations",
        Fields =
        [
            DestinationField.ServerUrl("https://<region>-chronicle.googleapis.com for the API, or the feed's endpoint URL."),
            DestinationField.Port,
            .. GoogleSecOpsSettings.Fields,
            .. DestinationField.OfGzippedHttp,
            .. DestinationField.OfTls,
        ],
        Open = static (settings, timeProvider) => new GoogleSecOpsDestination(settings, timeProvider, GoogleSecOpsSettings.Read(new SettingReader(settings.Settings))),
    };

    protected override IReadOnlyList<KeyValuePair<string, string>> Headers => tokens?.Headers ?? own.FeedHeaders;

    protected override void WriteBody(DeliveryBatch batch, PooledStream body)
    {
        if (own.Feed)
        {
            RequestBody.WriteLines(batch, body);
            return;
        }

        using var writer = new Utf8JsonWriter(body, EventValue.WriterOptions);
        writer.WriteStartObject();
        writer.WriteStartObject("inlineSource"u8);
        if (own.Forwarder is not null && !own.Udm)
        {
            writer.WriteString("forwarder"u8, own.Forwarder);
        }

        writer.WriteStartArray(own.Udm ? "events"u8 : "logs"u8);
        for (var index = 0; index < batch.Count; index++)
        {
            writer.WriteStartObject();
            if (own.Udm)
            {
                writer.WritePropertyName("udm"u8);
                EventValue.Write(writer, batch[index].Span, EventValue.IsJson(Settings.Http));
            }
            else
            {
                writer.WriteBase64String("data"u8, batch[index].Span);
                writer.WriteString("logEntryTime"u8, InText(batch.Events[index].OccurredAt));
                writer.WriteString("collectionTime"u8, InText(batch.Events[index].ReceivedAt));
            }

            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    protected override async Task<IntakeVerdict?> PrepareAsync(HttpEndpoint used, CancellationToken cancellationToken) =>
        tokens is null || own.Faults.Count > 0 ? null : await tokens.EnsureAsync(used.Mask, cancellationToken);

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
            403 when !own.Feed => Advise(answer, byTable, $"Give the service account a role with chronicle.{(own.Udm ? "events" : "logs")}.import on this instance."),
            404 when !own.Feed => Advise(answer, byTable, "Check region of the server URL, settings.instance and settings.logType."),
            401 or 403 => Advise(answer, byTable, "Check settings.apiKey, which must be restricted to the Chronicle API, and settings.feedSecret."),
            _ => byTable,
        };
    }

    // A wrong key shows before the event is sent.
    protected override async Task<IntakeVerdict?> ProbeAsync(HttpEndpoint used, CancellationToken cancellationToken)
    {
        var refused = await PrepareAsync(used, cancellationToken);
        return refused ?? (tokens is null ? null : IntakeVerdict.Delivered("Google gave the service account an access token"));
    }

    protected override void DisposeOwn() => tokens?.Dispose();

    private static HttpIntakeProfile ProfileOf(DestinationSettings settings, GoogleSecOpsSettings own) => new()
    {
        Credentials = HttpIntakeProfile.CredentialsOf(own.Faults, null, new AuthenticationSettings()),
        Secrets = own.Secrets,
        // 3 MB, below the 4 MB of a request; Base64 adds a third.
        Limits = own.Feed ? new BatchLimits(1000, 2_900_000) : new BatchLimits(1000, 2_100_000),
        PathAndQuery = own.PathOf(settings.ServerUrl),
        ContentType = own.Feed && !EventValue.IsJson(settings.Http) ? "text/plain; charset=utf-8" : "application/json",
    };

    private static string InText(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    private IntakeVerdict Advise(HttpAnswer answer, IntakeVerdict byTable, string advice) => IntakeVerdict.Of(
        answer, Settings.IntegrationName, HttpVerdict.Misconfigured, byTable.Fault!.Category, byTable.Fault.What, advice);
}

/// <summary>What only Google Security Operations has.</summary>
internal sealed record GoogleSecOpsSettings
{
    public static DestinationField[] Fields { get; } =
    [
        new("settings.mode", DestinationFieldType.Choice, "Import raw logs by the Chronicle API, import UDM events by it (with the schema udm), or post to an HTTPS push feed.") { Default = "api", Choices = ["api", "udm", "feed"] },
        new("settings.instance", DestinationFieldType.Text, "For api and udm: projects/<project>/locations/<region>/instances/<customer id>."),
        new("settings.logType", DestinationFieldType.Text, "For api: log type whose parser reads the events.") { Default = "KEYCLOAK" },
        new("settings.forwarder", DestinationFieldType.Text, "For api: resource name of the forwarder that imports are booked on."),
        new("settings.version", DestinationFieldType.Choice, "For api and udm: version of the API.") { Default = "v1", Choices = ["v1", "v1beta", "v1alpha"] },
        new("settings.serviceAccountKey", DestinationFieldType.MultilineText, "For api and udm: key file of the service account, the whole JSON.") { Secret = true },
        new("settings.apiKey", DestinationFieldType.Text, "For feed: API key of the Google Cloud project.") { Secret = true },
        new("settings.feedSecret", DestinationFieldType.Text, "For feed: the secret that the feed showed once.") { Secret = true },
    ];

    public bool Feed { get; private init; }

    /// <summary>Whether events are imported as they are, past every parser.</summary>
    public bool Udm { get; private init; }

    public string? Forwarder { get; private init; }

    public GoogleServiceAccount? Account { get; private init; }

    public IReadOnlyList<KeyValuePair<string, string>> FeedHeaders { get; private init; } = [];

    public IReadOnlyList<Secret> Secrets { get; private init; } = [];

    public IReadOnlyList<SettingFault> Faults { get; private init; } = [];

    private string ImportPath { get; init; } = "";

    public static GoogleSecOpsSettings Read(SettingReader reader)
    {
        var mode = reader.Choice("mode", "api", "api", "udm", "feed");
        var (feed, udm) = (mode == "feed", mode == "udm");
        var (instance, logType, forwarder) = (reader.Text("instance"), reader.Text("logType") ?? "KEYCLOAK", reader.Text("forwarder"));
        var version = reader.Choice("version", "v1", "v1", "v1beta", "v1alpha");
        var (keyFile, apiKey, feedSecret) = (reader.Lines("serviceAccountKey"), reader.Text("apiKey"), reader.Text("feedSecret"));
        var account = keyFile is null ? null : GoogleServiceAccount.Find(keyFile);
        if (feed && (apiKey is null || feedSecret is null))
        {
            reader.Fault(apiKey is null ? "apiKey" : "feedSecret", "A push feed needs both an API key and the secret of the feed.");
        }

        if (!feed && account is null)
        {
            reader.Fault("serviceAccountKey", "Give the whole key file of the service account: JSON with client_email and private_key.");
        }

        if (!feed && (instance is null || instance.Split('/') is not ["projects", _, "locations", _, "instances", _]))
        {
            reader.Fault("instance", "Must be projects/<project>/locations/<region>/instances/<customer id>.");
        }

        return new GoogleSecOpsSettings
        {
            Feed = feed,
            Udm = udm,
            Forwarder = forwarder,
            Account = feed ? null : account,
            ImportPath = $"/{version}/{string.Join('/', (instance ?? "").Split('/').Select(Uri.EscapeDataString))}"
                + (udm ? "/events:import" : $"/logTypes/{Uri.EscapeDataString(logType)}/logs:import"),
            FeedHeaders = feed && apiKey is not null && feedSecret is not null ? [new("X-goog-api-key", apiKey), new("X-Webhook-Access-Key", feedSecret)] : [],
            Secrets = [.. new[] { apiKey, feedSecret }.OfType<string>().Select(text => new Secret(text)), .. account?.Secrets ?? []],
            Faults = reader.Faults,
        };
    }

    public string PathOf(Uri serverUrl) => Feed ? serverUrl.PathAndQuery : serverUrl.AbsolutePath.TrimEnd('/') + ImportPath;
}
