using System.Globalization;
using SiemForwarder.Events.Formats;

namespace SiemForwarder.Events.Lint;

/// <summary>How long a message may be, by its format and by what carries it.</summary>
public static class SizeRules
{
    private const int Rfc3164Octets = 1024;
    private const int Rfc5424UsualOctets = 2048;
    private const int UdpOctets = 65_507;
    private const int EthernetOctets = 1472;

    private static readonly string[] ShortenedMarks =
    [
        "truncated", "metadata.is_truncated", "keycloak.truncated", "AdditionalFields.truncated", "additional.truncated", "siemforwarder.truncated",
    ];

    /// <summary>Checks one framed message against its carrier and the batches of its destination.</summary>
    /// <param name="octets">Length of the message without framing.</param>
    /// <param name="isDatagram">Whether it travels in a datagram of its own.</param>
    /// <param name="mostOctets">Most octets of one batch of the destination.</param>
    public static IReadOnlyList<Finding> CheckCarrier(int octets, bool isDatagram, int mostOctets)
    {
        var reading = new ParsedMessage();
        if (isDatagram && octets > UdpOctets)
        {
            reading.Error(
                "size.udp",
                $"{In(octets)} octets are more than a datagram over IPv4 can hold ({In(UdpOctets)}): the event would be set aside.");
        }
        else if (isDatagram && octets > EthernetOctets)
        {
            reading.Warn(
                "size.udp",
                $"{In(octets)} octets do not fit into one Ethernet frame ({In(EthernetOctets)} over IPv4): the datagram is "
                + "fragmented, and lost with any of its fragments (RFC 5426 section 3.2).");
        }

        if (octets > mostOctets)
        {
            reading.Warn(
                "size.batch",
                $"{In(octets)} octets are more than a batch of this destination should hold ({In(mostOctets)}): the event is sent "
                + "alone and may be refused.");
        }

        return reading.Findings;
    }

    /// <summary>Warns where the message says of itself that something was left out, so that nobody has to find out in the SIEM.</summary>
    internal static void CheckShortened(OutputSettings expected, ParsedMessage reading)
    {
        if (reading["cn1Label"] == "truncated" || ShortenedMarks.Any(mark => reading[mark] == "true"))
        {
            reading.Warn(
                "size.shortened",
                $"The event does not fit into {In(expected.MaxMessageBytes)} octets, so what matters least was left out or cut. Allow longer messages, or "
                + "send by TCP or HTTP if it must be whole.");
        }
    }

    internal static void CheckMessage(int octets, OutputSettings expected, ParsedMessage reading)
    {
        if (octets > expected.MaxMessageBytes)
        {
            reading.Error(
                "size.message",
                $"{In(octets)} octets are more than the longest message that this integration allows ({In(expected.MaxMessageBytes)}).");
        }

        if (expected.Syslog is { Format: SyslogFormat.Rfc3164 } && octets > Rfc3164Octets)
        {
            reading.Note(
                "size.rfc3164",
                $"{In(octets)} octets: RFC 3164 section 4.1 allows {In(Rfc3164Octets)}; receivers of today take more, old relays cut it.");
        }
        else if (expected.Syslog is { Format: SyslogFormat.Rfc5424 } && octets > Rfc5424UsualOctets)
        {
            reading.Note(
                "size.rfc5424",
                $"{In(octets)} octets: receivers should take {In(Rfc5424UsualOctets)} (RFC 5424 section 6.1), above that they may "
                + "cut it; look at the receiver's limit.");
        }
    }

    private static string In(int octets) => octets.ToString("N0", CultureInfo.InvariantCulture);
}
