using System.Globalization;
using SiemForwarder.Connections;
using SiemForwarder.Events.Bytes;

namespace SiemForwarder.Destinations.Http.Splunk;

/// <summary>Splunk's HTTP Event Collector: envelopes or raw lines, with indexer acknowledgement if the token supports it.</summary>
internal sealed class SplunkHecDestination : HttpIntake
{
    // Splunk Cloud recommends 1 MB per request; the envelopes take up to 250 bytes per event.
    private static readonly BatchLimits InEnvelopes = new(500, 775_000);
    private static readonly BatchLimits InLines = new(500, 899_000);

    private readonly SplunkHecSettings own;
    private readonly HecEnvelope envelope;
    private readonly HecAcknowledgement acknowledgement;

    internal SplunkHecDestination(DestinationSettings settings, TimeProvider time, SplunkHecSettings own)
        : base(settings, time, ProfileOf(settings, own))
    {
        this.own = own;
        envelope = new HecEnvelope(own.Host, own.Source, own.SourceType, own.Index);
        acknowledgement = new HecAcknowledgement(settings, own, time);
    }

    public static DestinationKind Kind { get; } = new()
    {
        Id = "splunk_hec",
        Name = "Splunk HTTP Event Collector",
        Description = "Posts events to the HTTP Event Collector of Splunk Enterprise or Splunk Cloud, and can wait until they are indexed.",
        DefaultPorts = new Dictionary<string, int> { ["https"] = 443, ["http"] = 80 },
        Acceptance = Acceptance.Acknowledged,
        AcceptanceWith = static settings => SplunkHecSettings.Read(new SettingReader(settings)).Acknowledge ? Acceptance.Indexed : Acceptance.Acknowledged,
        CheckServerUrl = static url => QuerySecret.Find(url, ("token", "settings.token")),
        CheckSettings = static settings => SplunkHecSettings.Read(new SettingReader(settings)).Faults,
        Documentation = "src/SiemForwarder.Destinations/README.md#splunk-hec",
        Fields =
        [
            DestinationField.ServerUrl("https://host:8088; the collector's path is added."),
            DestinationField.Port,
            .. SplunkHecSettings.Fields,
            .. DestinationField.OfGzippedHttp,
            .. DestinationField.OfAuthentication,
            .. DestinationField.OfTls,
        ],
        Open = static (settings, time) =>
            new SplunkHecDestination(settings, time, SplunkHecSettings.Read(new SettingReader(settings.Settings))),
    };

    protected override void WriteBody(DeliveryBatch batch, PooledBuffer body)
    {
        if (own.Raw)
        {
            RequestBody.WriteLines(batch, body);
        }
        else
        {
            envelope.Write(batch, EventValue.IsJson(Settings.Http), body);
        }
    }

    protected override async Task<IntakeVerdict> JudgeAsync(HttpEndpoint used, HttpAnswer answer, DeliveryBatch batch, CancellationToken cancellationToken)
    {
        if (!HecReply.TryRead(answer.Body, out var reply))
        {
            return Judge(answer, batch);
        }

        var verdict = ByTable(answer, reply);
        if (reply.InvalidEvent is { } bad && bad >= 0 && bad < batch.Count && verdict.Outcome is DeliveryOutcome.Rejected or DeliveryOutcome.Misconfigured)
        {
            var partial = HecPartialBatch.Of(verdict, answer, bad, batch.Count);
            return own.Acknowledge && bad > 0 ? await ConfirmTakenAsync(used, answer, reply, partial, bad, batch.Count, cancellationToken) : partial;
        }

        return own.Acknowledge && verdict.Outcome is DeliveryOutcome.Delivered delivered
            ? HecPartialBatch.WithPaceOf(delivered, await acknowledgement.WaitAsync(used, answer, reply.AckId, cancellationToken))
            : verdict;
    }

    protected override IntakeVerdict Judge(HttpAnswer answer, DeliveryBatch batch) =>
        HttpStatusTable.Find(answer.Status).Verdict == HttpVerdict.Delivered
            ? IntakeVerdict.Of(
                answer, Settings.IntegrationName, HttpVerdict.Misconfigured, ErrorCategory.Configuration,
                $"{answer.Endpoint} answered HTTP {answer.Status}, but not as an HTTP Event Collector does.",
                "Check host and port of the server URL: the collector usually listens on port 8088, or 443 in Splunk Cloud.")
            : IntakeVerdict.Of(answer, Settings.IntegrationName);

    // The collector's health check answers 200 even to a wrong token; with a valid token, an empty request is answered with "no data".
    protected override async Task<IntakeVerdict?> ProbeAsync(HttpEndpoint used, CancellationToken cancellationToken)
    {
        var posted = await used.SendAsync(
            new HttpExchange(HttpExchange.PathBehind(Settings.ServerUrl, SplunkHecSettings.EventPath)) { Headers = own.Headers }, cancellationToken);
        if (!posted.TryGet(out var answer, out var fault))
        {
            return IntakeVerdict.Of(fault, Settings.IntegrationName);
        }

        if (!HecReply.TryRead(answer.Body, out var reply))
        {
            return Judge(answer, new DeliveryBatch(default, default, default));
        }

        return reply.Code is 5 or 0 or 24 or 25
            ? IntakeVerdict.Delivered("the collector accepts the token")
            : ByTable(answer, reply);
    }

    private static HttpIntakeProfile ProfileOf(DestinationSettings settings, SplunkHecSettings own) => new()
    {
        Credentials = HttpIntakeProfile.CredentialsOf(
            own.Faults, own.Token is null ? null : new HttpCredentials("Authorization", new Secret($"Splunk {own.Token.Reveal()}")), settings.Authentication),
        Secrets = own.Token is null ? [] : [own.Token],
        Limits = own.Raw ? InLines : InEnvelopes,
        PathAndQuery = own.TargetOf(settings.ServerUrl),
        ContentType = own.Raw ? "text/plain; charset=utf-8" : "application/json",
        Headers = own.Headers,
    };

    /// <summary>The events before the bad one were accepted. They count as indexed only once the indexers confirm it; a rejection seldom has an
    /// id to query.</summary>
    private async Task<IntakeVerdict> ConfirmTakenAsync(
        HttpEndpoint used, HttpAnswer answer, HecReply reply, IntakeVerdict partial, int bad, int count, CancellationToken cancellationToken)
    {
        if (reply.AckId is null)
        {
            return HecPartialBatch.Note(partial, $"before the rejected one, {CountText.Of(bad, "event")} accepted, but the indexing cannot be confirmed");
        }

        var confirmed = await acknowledgement.WaitAsync(used, answer, reply.AckId, cancellationToken);
        return confirmed.Outcome switch
        {
            DeliveryOutcome.Delivered => HecPartialBatch.Note(partial, $"before the rejected one, {CountText.Of(bad, "event")} indexed"),
            DeliveryOutcome.Transient => HecPartialBatch.RetryTaken(partial, bad, count),
            _ => confirmed,
        };
    }

    private IntakeVerdict ByTable(HttpAnswer answer, HecReply reply)
    {
        if (HecReplyTable.Find(reply.Code) is not { } rule)
        {
            return IntakeVerdict.Of(answer, Settings.IntegrationName);
        }

        var code = reply.Code.ToString(CultureInfo.InvariantCulture);
        var what = $"{answer.Endpoint} answered HTTP {answer.Status} with code {code}: {rule.Meaning}. Its answer: {answer.Text}";
        return rule.Slow
            ? IntakeVerdict.Delivered(answer, Settings.IntegrationName, $"{answer.Endpoint} answered code {code}: {rule.Meaning}. {rule.Advice}")
            : IntakeVerdict.Of(answer, Settings.IntegrationName, rule.Verdict, rule.Category, what, rule.Advice);
    }
}

/// <summary>Settings specific to Splunk's collector.</summary>
internal sealed record SplunkHecSettings
{
    public const string EventPath = "/services/collector/event";
    private const string RawPath = "/services/collector/raw";

    public static DestinationField[] Fields { get; } =
    [
        new("settings.token", DestinationFieldType.Text,
            "Token of the collector, without the word Splunk; if not set, authentication is used.") { Secret = true },
        new("settings.endpoint", DestinationFieldType.Choice, "Envelopes with metadata (event), or only the formatted lines (raw).") { Default = "event",
            Choices = ["event", "raw"] },
        new("settings.index", DestinationFieldType.Text, "Index to write to instead of the token's default."),
        new("settings.source", DestinationFieldType.Text, "Source of the events; default: keycloak: followed by the name of the source."),
        new("settings.sourceType", DestinationFieldType.Text, "Source type of the events.") { Default = "keycloak:event" },
        new("settings.host", DestinationFieldType.Text, "Host of the events; default: the Keycloak server's."),
        new("settings.channel", DestinationFieldType.Text, "Data channel, a GUID; random by default."),
        new("settings.acknowledge", DestinationFieldType.Flag,
            "Wait until the indexers have stored a batch; indexer acknowledgement must be enabled for the token.") { Default = "false" },
    ];

    public IReadOnlyList<SettingFault> Faults { get; private init; } = [];

    public Secret? Token { get; private init; }

    public bool Raw { get; private init; }

    public string? Index { get; private init; }

    public string? Source { get; private init; }

    public string SourceType { get; private init; } = "";

    public string? Host { get; private init; }

    public Guid Channel { get; private init; }

    public bool Acknowledge { get; private init; }

    /// <summary>First pause between queries for an acknowledgement; doubles up to ten seconds.</summary>
    public TimeSpan AcknowledgementPause { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Time after which an unconfirmed batch is sent again.</summary>
    public TimeSpan AcknowledgementLimit { get; init; } = TimeSpan.FromMinutes(5);

    public IReadOnlyList<KeyValuePair<string, string>> Headers => [new("X-Splunk-Request-Channel", Channel.ToString())];

    public static SplunkHecSettings Read(SettingReader reader)
    {
        var channel = Guid.NewGuid();
        if (reader.Text("channel") is { } text && !Guid.TryParse(text, out channel))
        {
            reader.Fault("channel", "Must be a GUID such as 5c0c5a5e-8f0b-4c5e-9d1f-6f1f5b2a7c11, or omitted.");
        }

        var settings = new SplunkHecSettings
        {
            Token = reader.SecretText("token"),
            Raw = reader.Choice("endpoint", "event", "event", "raw") == "raw",
            Index = reader.Text("index"),
            Source = reader.Text("source"),
            SourceType = reader.Text("sourceType") ?? "keycloak:event",
            Host = reader.Text("host"),
            Channel = channel,
            Acknowledge = reader.Flag("acknowledge", false),
        };
        return settings with { Faults = reader.Faults };
    }

    public string TargetOf(Uri serverUrl)
    {
        if (!Raw)
        {
            return HttpExchange.PathBehind(serverUrl, EventPath);
        }

        var query = new List<string> { $"channel={Channel}", $"sourcetype={Uri.EscapeDataString(SourceType)}" };
        query.AddRange(new[] { ("index", Index), ("source", Source), ("host", Host) }
            .Where(pair => pair.Item2 is not null).Select(pair => $"{pair.Item1}={Uri.EscapeDataString(pair.Item2!)}"));
        return $"{HttpExchange.PathBehind(serverUrl, RawPath)}{(serverUrl.Query.Length == 0 ? "?" : "&")}{string.Join('&', query)}";
    }
}
