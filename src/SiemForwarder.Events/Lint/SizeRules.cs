using System.Globalization;
using SiemForwarder.Events.Formats;

namespace SiemForwarder.Events.Lint;

/// <summary>The allowed length of a message, by format and transport.</summary>
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

    /// <summary>Checks one framed message against its transport and the batch limit of its destination.</summary>
    /// <param name="octets">Length of the message without framing.</param>
    /// <param name="isDatagram">Whether it is sent in a datagram of its own.</param>
    /// <param name="mostOctets">Maximum octets in a batch of the destination.</param>
    public static IReadOnlyList<Finding> CheckCarrier(int octets, bool isDatagram, int mostOctets)
    {
        var reading = new ParsedMessage();
        if (isDatagram && octets > UdpOctets)
        {
            reading.Error(
                "size.udp",
                $"{In(octets)} octets exceed the maximum of an IPv4 datagram ({In(UdpOctets)}): the event would be set aside.");
        }
        else if (isDatagram && octets > EthernetOctets)
        {
            reading.Warn(
                "size.udp",
                $"{In(octets)} octets do not fit into one Ethernet frame ({In(EthernetOctets)} over IPv4): the datagram is "
                + "fragmented, and lost if any of its fragments is (RFC 5426 section 3.2).");
        }

        if (octets > mostOctets)
        {
            reading.Warn(
                "size.batch",
                $"{In(octets)} octets exceed the batch limit of this destination ({In(mostOctets)}): the event is sent "
                + "by itself and may be rejected.");
        }

        return reading.Findings;
    }

    /// <summary>Warns if the message itself states that something was omitted, so that nobody has to discover it in the SIEM.</summary>
    internal static void CheckShortened(OutputSettings expected, ParsedMessage reading)
    {
        if (reading["cn1Label"] == "truncated" || ShortenedMarks.Any(mark => reading[mark] == "true"))
        {
            reading.Warn(
                "size.shortened",
                $"The event does not fit into {In(expected.MaxMessageBytes)} octets; its least important parts were omitted or cut. Allow longer messages or "
                + "send over TCP or HTTP if it must be complete.");
        }
    }

    internal static void CheckMessage(int octets, OutputSettings expected, ParsedMessage reading)
    {
        if (octets > expected.MaxMessageBytes)
        {
            reading.Error(
                "size.message",
                $"{In(octets)} octets exceed the maximum message length of this integration ({In(expected.MaxMessageBytes)}).");
        }

        if (expected.Syslog is { Format: SyslogFormat.Rfc3164 } && octets > Rfc3164Octets)
        {
            reading.Note(
                "size.rfc3164",
                $"{In(octets)} octets: RFC 3164 section 4.1 allows {In(Rfc3164Octets)}; modern receivers accept more, old relays cut it.");
        }
        else if (expected.Syslog is { Format: SyslogFormat.Rfc5424 } && octets > Rfc5424UsualOctets)
        {
            reading.Note(
                "size.rfc5424",
                $"{In(octets)} octets: receivers should accept {In(Rfc5424UsualOctets)} (RFC 5424 section 6.1), beyond that they may "
                + "cut it; check the receiver's limit.");
        }
    }

    private static string In(int octets) => octets.ToString("N0", CultureInfo.InvariantCulture);
}
