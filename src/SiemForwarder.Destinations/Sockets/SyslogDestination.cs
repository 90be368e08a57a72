using SiemForwarder.Connections;

namespace SiemForwarder.Destinations.Sockets;

/// <summary>The kind of destination that takes syslog, or lines of JSON, over UDP, TCP or TLS.</summary>
internal static class SyslogDestination
{
    public static DestinationKind Kind { get; } = new()
    {
        Id = "syslog",
        Name = "Syslog",
        Description = "Sends events to a syslog receiver, or as lines to any TCP input, over UDP, TCP or TLS.",
        DefaultPorts = new Dictionary<string, int> { ["udp"] = 514, ["tcp"] = 514, ["tls"] = 6514 },
        Acceptance = Acceptance.HandedOver,
        Documentation = "src/SiemForwarder.Destinations/README.md#syslog",
        Fields =
        [
            DestinationField.ServerUrl("udp://host, tcp://host or tls://host."),
            DestinationField.Port,
            new("syslog.framing", DestinationFieldType.Choice, "Where a message ends on TCP or TLS; octet-counting is usual on TLS, lf on TCP.")
            {
                Choices = ["octet-counting", "lf"],
            },
            new("settings.resendWindowBytes", DestinationFieldType.Number,
                "Bytes that are sent again on TCP or TLS after a connection ended abnormally: as large as the receiver's buffer; 0 for none.")
            {
                Default = "6291456",
            },
            .. DestinationField.OfTls,
        ],
        CheckSettings = static settings => SyslogSettings.Read(new SettingReader(settings)).Faults,
        Open = static (settings, time) => settings.ServerUrl.Scheme == "udp"
            ? new SyslogUdpDestination(settings, time)
            : new SyslogTcpDestination(settings, secure: settings.ServerUrl.Scheme == "tls", time),
    };
}

/// <summary>What only a syslog destination has.</summary>
/// <param name="ResendWindowBytes">Bytes that are sent again after an abnormal end; as large as the receive buffers of Linux grow
/// (<c>net.ipv4.tcp_rmem</c>, tcp(7)).</param>
/// <param name="Faults">What is wrong with the settings.</param>
internal sealed record SyslogSettings(int ResendWindowBytes, IReadOnlyList<SettingFault> Faults)
{
    private const int UsualWindow = 6 * 1024 * 1024;
    private const int LargestWindow = 64 * 1024 * 1024;

    public static SyslogSettings Read(SettingReader reader)
    {
        var window = reader.Number("resendWindowBytes", UsualWindow, 0, LargestWindow);
        return new SyslogSettings(window, reader.Faults);
    }
}
