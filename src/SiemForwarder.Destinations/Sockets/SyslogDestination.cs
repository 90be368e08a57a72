using SiemForwarder.Connections;

namespace SiemForwarder.Destinations.Sockets;

/// <summary>The kind of destination that sends syslog, or lines of JSON, over UDP, TCP or TLS.</summary>
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
            new("syslog.framing", DestinationFieldType.Choice, "How messages are delimited on TCP or TLS; octet-counting is usual on TLS, lf on TCP.")
            {
                Choices = ["octet-counting", "lf"],
            },
            new("settings.resendWindowBytes", DestinationFieldType.Number,
                "Bytes to send again on TCP or TLS after a connection ended abnormally, the size of the receiver's buffer; 0 for none.")
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

/// <summary>Settings specific to syslog.</summary>
/// <param name="ResendWindowBytes">Bytes to send again after an abnormal end; by default the largest receive buffer on Linux
/// (<c>net.ipv4.tcp_rmem</c>, tcp(7)).</param>
/// <param name="Faults">Faults of the settings.</param>
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
