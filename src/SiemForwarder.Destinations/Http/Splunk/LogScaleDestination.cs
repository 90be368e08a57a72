using SiemForwarder.Connections;
using SiemForwarder.Events.Bytes;

namespace SiemForwarder.Destinations.Http.Splunk;

/// <summary>CrowdStrike Falcon LogScale and the HEC connectors of Falcon Next-Gen SIEM.</summary>
internal sealed class LogScaleDestination : HttpIntake
{
    private readonly HecEnvelope envelope;

    private LogScaleDestination(DestinationSettings settings, TimeProvider time, LogScaleSettings own)
        : base(settings, time, ProfileOf(settings, own)) =>
        envelope = new HecEnvelope(own.Host, own.Source, own.SourceType, null);

    public static DestinationKind Kind { get; } = new()
    {
        Id = "logscale",
        Name = "CrowdStrike Falcon LogScale, Next-Gen SIEM",
        Description = "Posts events to the HEC intake of LogScale, or to the URL of a HEC connector of Falcon Next-Gen SIEM.",
        DefaultPorts = new Dictionary<string, int> { ["https"] = 443, ["http"] = 80 },
        Acceptance = Acceptance.Acknowledged,
        CheckServerUrl = static url => QuerySecret.Find(url, ("token", "settings.token")),
        CheckSettings = static settings => LogScaleSettings.Read(new SettingReader(settings)).Faults,
        Documentation = "src/SiemForwarder.Destinations/README.md#logscale",
        Fields =
        [
            DestinationField.ServerUrl("https://cloud.community.humio.com, or the host shown by the connector."),
            DestinationField.Port,
            .. LogScaleSettings.Fields,
            .. DestinationField.OfGzippedHttp,
            .. DestinationField.OfTls,
        ],
        Open = static (settings, time) => new LogScaleDestination(settings, time, LogScaleSettings.Read(new SettingReader(settings.Settings))),
    };

    protected override void WriteBody(DeliveryBatch batch, PooledBuffer body) => envelope.Write(batch, EventValue.IsJson(Settings.Http), body);

    private static HttpIntakeProfile ProfileOf(DestinationSettings settings, LogScaleSettings own) => new()
    {
        Credentials = HttpIntakeProfile.CredentialsOf(
            own.Faults, new HttpCredentials("Authorization", new Secret($"Bearer {own.Token.Reveal()}")), settings.Authentication),
        Secrets = [own.Token],
        Limits = new BatchLimits(1000, 4_700_000),
        PathAndQuery = HttpExchange.PathBehind(settings.ServerUrl, own.Path),
    };
}

/// <summary>Settings specific to LogScale.</summary>
internal sealed record LogScaleSettings(
    Secret Token, string Path, string? Host, string? Source, string? SourceType, IReadOnlyList<SettingFault> Faults)
{
    private const string UsualPath = "/api/v1/ingest/hec";

    public static DestinationField[] Fields { get; } =
    [
        new("settings.token", DestinationFieldType.Text, "Ingest token, or the connector's API key.") { Secret = true, Required = true },
        new("settings.path", DestinationFieldType.Text,
            "Path of the intake; a Next-Gen SIEM connector displays its own, such as /services/collector.") { Default = UsualPath },
        new("settings.source", DestinationFieldType.Text, "Source of the events; default: keycloak: followed by the name of the source."),
        new("settings.sourceType", DestinationFieldType.Text, "Source type; default: the parser assigned to the token."),
        new("settings.host", DestinationFieldType.Text, "Host of the events; default: the Keycloak server's."),
    ];

    public static LogScaleSettings Read(SettingReader reader)
    {
        var token = reader.Required("token", "Set an ingest token of the repository, or the connector's API key.");
        var path = reader.Text("path") ?? UsualPath;
        if (path[0] != '/' || !Uri.IsWellFormedUriString(path, UriKind.Relative))
        {
            reader.Fault("path", "Must start with a slash, such as /api/v1/ingest/hec.");
            path = UsualPath;
        }

        var settings = new LogScaleSettings(new Secret(token), path.TrimEnd('/'), reader.Text("host"), reader.Text("source"), reader.Text("sourceType"), []);
        return settings with { Faults = reader.Faults };
    }
}
