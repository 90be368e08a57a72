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
            .. DestinationField.OfTls,
        ],
        Open = static (settings, timeProvider) => settings.ServerUrl.Scheme == "udp"
            ? new SyslogUdpDestination(settings, timeProvider)
            : new SyslogTcpDestination(settings, secure: settings.ServerUrl.Scheme == "tls", timeProvider),
    };
}
