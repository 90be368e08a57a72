using SiemForwarder.Connections;

namespace SiemForwarder.Destinations.Http.SumoLogic;

/// <summary>What only Sumo Logic has.</summary>
internal sealed record SumoLogicSettings(Secret Code, string? Category, IReadOnlyList<KeyValuePair<string, string>> Headers, IReadOnlyList<SettingFault> Faults)
{
    public static DestinationField[] Fields { get; } =
    [
        new("settings.code", DestinationFieldType.Text,
            "The unique code at the end of the source's address; whoever knows it can write. The whole address works too.") { Secret = true, Required = true },
        new("settings.category", DestinationFieldType.Text, "Source category instead of the source's own."),
        new("settings.name", DestinationFieldType.Text, "Source name instead of the source's own."),
        new("settings.host", DestinationFieldType.Text, "Source host instead of the source's own."),
        new("settings.fields", DestinationFieldType.Text, "Fields, separated by commas: env=prod,team=iam."),
    ];

    public static SumoLogicSettings Read(SettingReader reader)
    {
        var code = reader.Required("code", "Give the last part of the HTTP source's address, as Sumo Logic shows it.");
        var headers = new[] { ("X-Sumo-Category", "category"), ("X-Sumo-Name", "name"), ("X-Sumo-Host", "host"), ("X-Sumo-Fields", "fields") }
            .Select(pair => (Header: pair.Item1, Value: reader.Text(pair.Item2))).Where(pair => pair.Value is not null)
            .Select(pair => KeyValuePair.Create(pair.Header, pair.Value!)).ToArray();
        return new SumoLogicSettings(
            new Secret(code[(code.TrimEnd('/').LastIndexOf('/') + 1)..].TrimEnd('/')), reader.Text("category"), headers, reader.Faults);
    }
}
