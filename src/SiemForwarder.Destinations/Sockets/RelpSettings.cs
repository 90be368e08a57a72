using SiemForwarder.Connections;

namespace SiemForwarder.Destinations.Sockets;

/// <summary>What only RELP has.</summary>
internal sealed record RelpSettings(int Window, IReadOnlyList<SettingFault> Faults)
{
    public static DestinationField[] Fields { get; } =
    [
        new("settings.window", DestinationFieldType.Number, "Most messages on their way without an acknowledgement, 1 to 1000.") { Default = "128" },
    ];

    public static RelpSettings Read(SettingReader reader)
    {
        var window = reader.Number("window", 128, 1, 1000);
        return new RelpSettings(window, reader.Faults);
    }
}
