using System.Buffers;

namespace SiemForwarder.Events.Formats;

/// <summary>Writes one normalized event as bytes in one format.</summary>
public interface IEventFormatter
{
    /// <summary>Writes exactly one event: no framing, no trailing newline, valid UTF-8, no raw CR or LF.</summary>
    /// <remarks>Not thread-safe: an instance belongs to one dispatcher. Does not allocate per event after warm-up. Never throws because of an
    /// event's content.</remarks>
    void Write(SecurityEvent securityEvent, IBufferWriter<byte> output);
}
