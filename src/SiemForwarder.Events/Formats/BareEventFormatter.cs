using System.Buffers;
using SiemForwarder.Events.Formats.Text;

namespace SiemForwarder.Events.Formats;

/// <summary>Writes only the payload, for HTTP bodies and lines over TCP.</summary>
internal sealed class BareEventFormatter(IEventPayload payload, int maxMessageBytes) : IEventFormatter
{
    private readonly Utf8Buffer buffer = new();

    public void Write(SecurityEvent securityEvent, IBufferWriter<byte> output)
    {
        buffer.Clear();
        payload.Append(securityEvent, buffer, maxMessageBytes);
        output.Write(buffer.Written);
    }
}
