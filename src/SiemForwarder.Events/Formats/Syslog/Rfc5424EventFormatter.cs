using System.Buffers;
using SiemForwarder.Events.Formats.Text;

namespace SiemForwarder.Events.Formats.Syslog;

/// <summary>Writes a payload as the MSG of an RFC 5424 message, without a byte order mark, so that receivers see the payload's first character.</summary>
/// <param name="payload">Writes the MSG.</param>
/// <param name="settings">The header.</param>
/// <param name="maxMessageBytes">Maximum message length in octets.</param>
/// <param name="structuredData">Writes the SD element; null for a message without one.</param>
internal sealed class Rfc5424EventFormatter(
    IEventPayload payload, SyslogHeaderSettings settings, int maxMessageBytes, StructuredDataWriter? structuredData) : IEventFormatter
{
    private const int AppNameLength = 48;
    private const int MessageIdLength = 32;

    // Maximum value lengths in structured data, in UTF-16 units; the next one is tried if the message would have no room for its payload.
    // With the last one only id, type and outcome remain.
    private static readonly int[] ValueLengths = [256, 64, 16, 0];

    private readonly Utf8Buffer buffer = new();
    private readonly SyslogHostname hostname = new(settings.Hostname, allowsColon: true);

    public void Write(SecurityEvent securityEvent, IBufferWriter<byte> output)
    {
        buffer.Clear();
        AppendHeader(securityEvent);
        AppendStructuredData(securityEvent);
        buffer.Append((byte)' ');
        payload.Append(securityEvent, buffer, maxMessageBytes - buffer.Length);
        output.Write(buffer.Written);
    }

    private void AppendHeader(SecurityEvent securityEvent)
    {
        buffer.Append((byte)'<');
        buffer.AppendNumber(SyslogPriority.Of(settings.Facility, securityEvent.Severity));
        buffer.Append(">1 "u8);
        Instants.Format(securityEvent.OccurredAt, buffer.GetSpan(Instants.MicrosecondsLength)[..Instants.MicrosecondsLength]);
        buffer.Advance(Instants.MicrosecondsLength);
        buffer.Append((byte)' ');
        hostname.Append(securityEvent.Source, buffer);
        buffer.Append((byte)' ');
        Texts.AppendPrintable(buffer, settings.AppName, AppNameLength);
        buffer.Append(" - "u8);
        Texts.AppendPrintable(buffer, securityEvent.Type, MessageIdLength);
        buffer.Append((byte)' ');
    }

    private void AppendStructuredData(SecurityEvent securityEvent)
    {
        if (structuredData is null)
        {
            buffer.Append((byte)'-');
            return;
        }

        var start = buffer.Length;
        foreach (var length in ValueLengths)
        {
            buffer.Truncate(start);
            structuredData.Append(securityEvent, buffer, length);
            if (buffer.Length <= maxMessageBytes / 2)
            {
                return;
            }
        }
    }
}
