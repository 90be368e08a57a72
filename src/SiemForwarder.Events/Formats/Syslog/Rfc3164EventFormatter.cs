using System.Buffers;
using System.Text;
using SiemForwarder.Events.Formats.Text;

namespace SiemForwarder.Events.Formats.Syslog;

/// <summary>Writes a payload as the CONTENT of an RFC 3164 message; the time is in UTC, without year and zone.</summary>
internal sealed class Rfc3164EventFormatter(IEventPayload payload, SyslogHeaderSettings settings, int maxMessageBytes, bool hasTag = true) : IEventFormatter
{
    private readonly Utf8Buffer buffer = new();
    private readonly SyslogHostname hostname = new(settings.Hostname, allowsColon: false);

    // Relays take "CEF:" or "LEEF:" after the host for the tag, so there is one unless the payload's reader requires none.
    private readonly byte[] tag = hasTag ? Encoding.ASCII.GetBytes(Tag(settings.AppName) + ": ") : [];

    public void Write(SecurityEvent securityEvent, IBufferWriter<byte> output)
    {
        buffer.Clear();
        buffer.Append((byte)'<');
        buffer.AppendNumber(SyslogPriority.Of(settings.Facility, securityEvent.Severity));
        buffer.Append((byte)'>');
        Instants.AppendBsd(buffer, securityEvent.OccurredAt);
        buffer.Append((byte)' ');
        hostname.Append(securityEvent.Source, buffer);
        buffer.Append((byte)' ');
        buffer.Append(tag);
        payload.Append(securityEvent, buffer, maxMessageBytes - buffer.Length);
        output.Write(buffer.Written);
    }

    // RFC 3164 section 4.1.3: at most 32 letters and digits.
    private static string Tag(string appName)
    {
        var letters = new string([.. appName.Where(char.IsAsciiLetterOrDigit).Take(32)]);
        return letters.Length > 0 ? letters : "siemforwarder";
    }
}
