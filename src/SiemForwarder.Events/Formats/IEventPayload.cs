using SiemForwarder.Events.Formats.Text;

namespace SiemForwarder.Events.Formats;

/// <summary>Writes one event as the payload of a message, bare or after a syslog header.</summary>
internal interface IEventPayload
{
    /// <summary>Appends the event in at most <paramref name="maxBytes"/>; a longer one is shortened so that it still parses, and marked as such.</summary>
    void Append(SecurityEvent securityEvent, Utf8Buffer output, int maxBytes);
}
