using SiemForwarder.Connections;

namespace SiemForwarder.Destinations.Http.Otlp;

/// <summary>What only OTLP has.</summary>
internal sealed record OtlpSettings(string ServiceName, bool Protobuf, IReadOnlyList<SettingFault> Faults)
{
    public const string ProtobufType = "application/x-protobuf";

    public static DestinationField[] Fields { get; } =
    [
        new("settings.serviceName", DestinationFieldType.Text, "Resource attribute service.name of every record.") { Default = "keycloak" },
        new("settings.encoding", DestinationFieldType.Choice,
            "Form of the requests: JSON, or protobuf for receivers that take nothing else.") { Default = "json", Choices = ["json", "protobuf"] },
    ];

    public static OtlpSettings Read(SettingReader reader)
    {
        var name = reader.Text("serviceName") ?? "keycloak";
        var protobuf = reader.Choice("encoding", "json", "json", "protobuf") == "protobuf";
        return new OtlpSettings(name, protobuf, reader.Faults);
    }
}
