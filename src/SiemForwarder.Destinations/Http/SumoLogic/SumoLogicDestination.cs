using SiemForwarder.Connections;
using SiemForwarder.Events.Bytes;

namespace SiemForwarder.Destinations.Http.SumoLogic;

/// <summary>An HTTP source of Sumo Logic, whose URL is the secret.</summary>
internal sealed class SumoLogicDestination : HttpIntake
{
    private const string IntakePath = "/receiver/v1/http/";

    private readonly SumoLogicSettings own;

    private SumoLogicDestination(DestinationSettings settings, TimeProvider time, SumoLogicSettings own)
        : base(settings, time, ProfileOf(settings, own)) => this.own = own;

    public static DestinationKind Kind { get; } = new()
    {
        Id = "sumo_logic",
        Name = "Sumo Logic",
        Description = "Posts events as lines to an HTTP source of Sumo Logic.",
        DefaultPorts = new Dictionary<string, int> { ["https"] = 443, ["http"] = 80 },
        Acceptance = Acceptance.Acknowledged,
        CheckServerUrl = static url => url.AbsolutePath.Contains(IntakePath, StringComparison.OrdinalIgnoreCase)
            ? "The last part of this address is a secret: enter only the host here, and the whole address in settings.code, which is never shown."
            : null,
        CheckSettings = static settings => SumoLogicSettings.Read(new SettingReader(settings)).Faults,
        Documentation = "src/SiemForwarder.Destinations/README.md#sumo-logic",
        Fields =
        [
            DestinationField.ServerUrl("https:// and only the host of the source's address, such as https://endpoint4.collection.eu.sumologic.com."),
            DestinationField.Port,
            .. SumoLogicSettings.Fields,
            .. DestinationField.OfGzippedHttp,
            .. DestinationField.OfTls,
        ],
        Open = static (settings, time) =>
            new SumoLogicDestination(settings, time, SumoLogicSettings.Read(new SettingReader(settings.Settings))),
    };

    protected override void WriteBody(DeliveryBatch batch, PooledBuffer body) => RequestBody.WriteLines(batch, body);

    protected override IntakeVerdict Judge(HttpAnswer answer, DeliveryBatch batch)
    {
        var byTable = IntakeVerdict.Of(answer, Settings.IntegrationName);
        return answer.Status is 400 or 401 or 404 or 422
            ? IntakeVerdict.Of(
                answer, Settings.IntegrationName, HttpVerdict.Misconfigured, byTable.Fault!.Category, byTable.Fault.What,
                "Copy the address of the HTTP source again: the host into serverUrl, the last part into settings.code.")
            : byTable;
    }

    protected override string? HintOf(DeliveryBatch batch) => $"Live Tail, _sourceCategory={own.Category ?? "<of the source>"} \"{batch.Events[0].Id}\"";

    private static HttpIntakeProfile ProfileOf(DestinationSettings settings, SumoLogicSettings own) => new()
    {
        Credentials = HttpIntakeProfile.CredentialsOf(own.Faults, null, new AuthenticationSettings()),
        Secrets = [own.Code],
        // Sumo Logic recommends at most 1 MB uncompressed.
        Limits = new BatchLimits(1000, 899_000),
        PathAndQuery = $"{settings.ServerUrl.AbsolutePath.TrimEnd('/')}{IntakePath}{Uri.EscapeDataString(own.Code.Reveal())}",
        ContentType = EventValue.IsJson(settings.Http) ? "application/json" : "text/plain; charset=utf-8",
        Headers = own.Headers,
    };
}

/// <summary>Settings specific to Sumo Logic.</summary>
internal sealed record SumoLogicSettings(Secret Code, string? Category, IReadOnlyList<KeyValuePair<string, string>> Headers, IReadOnlyList<SettingFault> Faults)
{
    public static DestinationField[] Fields { get; } =
    [
        new("settings.code", DestinationFieldType.Text,
            "The unique code at the end of the source's address, which allows writing; the whole address also works.") { Secret = true, Required = true },
        new("settings.category", DestinationFieldType.Text, "Source category instead of the source's own."),
        new("settings.name", DestinationFieldType.Text, "Source name instead of the source's own."),
        new("settings.host", DestinationFieldType.Text, "Source host instead of the source's own."),
        new("settings.fields", DestinationFieldType.Text, "Fields, separated by commas: env=prod,team=iam."),
    ];

    public static SumoLogicSettings Read(SettingReader reader)
    {
        var code = reader.Required("code", "Set the last part of the HTTP source's address, as shown by Sumo Logic.");
        var headers = new[] { ("X-Sumo-Category", "category"), ("X-Sumo-Name", "name"), ("X-Sumo-Host", "host"), ("X-Sumo-Fields", "fields") }
            .Select(pair => (Header: pair.Item1, Value: reader.Text(pair.Item2))).Where(pair => pair.Value is not null)
            .Select(pair => KeyValuePair.Create(pair.Header, pair.Value!)).ToArray();
        return new SumoLogicSettings(
            new Secret(code[(code.TrimEnd('/').LastIndexOf('/') + 1)..].TrimEnd('/')), reader.Text("category"), headers, reader.Faults);
    }
}
