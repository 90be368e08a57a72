using SiemForwarder.Connections;
using SiemForwarder.Destinations;
using SiemForwarder.Destinations.Http;
using SiemForwarder.Events.Bytes;

namespace SiemForwarder.Tests.Destinations.Trial;

/// <summary>The intake of Acme SIEM: lines of JSON, a key in a header.</summary>
internal sealed class AcmeDestination : HttpIntake
{
    private AcmeDestination(DestinationSettings settings, TimeProvider time, AcmeSettings own)
        : base(settings, time, ProfileOf(settings, own))
    {
    }

    public static DestinationKind Kind { get; } = new()
    {
        Id = "acme",
        Name = "Acme SIEM",
        Description = "Posts events as lines to the intake of Acme SIEM.",
        DefaultPorts = new Dictionary<string, int> { ["https"] = 443, ["http"] = 80 },
        Acceptance = Acceptance.Acknowledged,
        CheckSettings = static settings => AcmeSettings.Read(new SettingReader(settings)).Faults,
        Fields =
        [
            DestinationField.ServerUrl("https://intake.acme.example; the path of the intake is added."),
            DestinationField.Port,
            .. AcmeSettings.Fields,
            .. DestinationField.OfGzippedHttp,
            .. DestinationField.OfTls,
        ],
        Open = static (settings, time) => new AcmeDestination(settings, time, AcmeSettings.Read(new SettingReader(settings.Settings))),
    };

    protected override void WriteBody(DeliveryBatch batch, PooledBuffer body) => RequestBody.WriteLines(batch, body);

    private static HttpIntakeProfile ProfileOf(DestinationSettings settings, AcmeSettings own) => new()
    {
        Credentials = HttpIntakeProfile.CredentialsOf(own.Faults, new HttpCredentials("X-Acme-Key", own.Key), settings.Authentication),
        Secrets = [own.Key],
        Limits = new BatchLimits(1000, 899_000),
        PathAndQuery = HttpExchange.PathBehind(settings.ServerUrl, "/v1/events"),
        ContentType = "application/x-ndjson",
    };
}

/// <summary>What only Acme has.</summary>
internal sealed record AcmeSettings(Secret Key, IReadOnlyList<SettingFault> Faults)
{
    public static DestinationField[] Fields { get; } =
    [
        new("settings.key", DestinationFieldType.Text, "Key of the intake.") { Secret = true, Required = true },
    ];

    public static AcmeSettings Read(SettingReader reader)
    {
        var key = reader.Required("key", "Give the key that Acme shows under Settings > Intakes.");
        return new AcmeSettings(new Secret(key), reader.Faults);
    }
}
