using SiemForwarder.Connections;

namespace SiemForwarder.Destinations.Http.Splunk;

/// <summary>CrowdStrike Falcon LogScale and the HEC connectors of Falcon Next-Gen SIEM.</summary>
internal sealed class LogScaleDestination : HttpIntake
{
    private readonly HecEnvelope envelope;

    private LogScaleDestination(DestinationSettings settings, TimeProvider timeProvider, LogScaleSettings own)
        : base(settings, timeProvider, ProfileOf(settings, own)) =>
        envelope = new HecEnvelope(own.Host, own.Source, own.SourceType, null);

    public static DestinationKind Kind { get; } = new()
    {
        Id = "logscale",
        Name = "CrowdStrike Falcon LogScale, Next-Gen SIEM",
        Description = "Posts events to the HEC intake of LogScale, or to the address of a HEC connector of Falcon Next-Gen SIEM.",
        DefaultPorts = new Dictionary<string, int> { ["https"] = 443, ["http"] = 80 },
        Acceptance = Acceptance.Acknowledged,
        CheckServerUrl = static url => QuerySecret.Find(url, ("token", "settings.token")),
        CheckSettings = static settings => LogScaleSettings.Read(new SettingReader(settings)).Faults,
        Documentation = "src/SiemForwarder.Destinations/README.md#logscale",
        Fields =
        [
            DestinationField.ServerUrl("https://cloud.community.humio.com, or the host that the connector shows."),
            DestinationField.Port,
            .. LogScaleSettings.Fields,
            .. DestinationField.OfGzippedHttp,
            .. DestinationField.OfTls,
        ],
        Open = static (settings, timeProvider) => new LogScaleDestination(settings, timeProvider, LogScaleSettings.Read(new SettingReader(settings.Settings))),
    };

    protected override void WriteBody(DeliveryBatch batch, PooledStream body) => envelope.Write(batch, EventValue.IsJson(Settings.Http), body);

    private static HttpIntakeProfile ProfileOf(DestinationSettings settings, LogScaleSettings own) => new()
    {
        Credentials = HttpIntakeProfile.CredentialsOf(
            own.Faults, new HttpCredentials("Authorization", new Secret($"Bearer {own.Token.Reveal()}")), settings.Authentication),
        Secrets = [own.Token],
        Limits = new BatchLimits(1000, 4_700_000),
        PathAndQuery = HttpExchange.PathBehind(settings.ServerUrl, own.Path),
    };
}
