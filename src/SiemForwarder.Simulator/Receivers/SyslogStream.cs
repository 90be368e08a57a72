using System.Globalization;

namespace SiemForwarder.Simulator.Receivers;

/// <summary>Splits a byte stream into messages like a receiver: by octet counting or by line, distinguished by the first octet (RFC 6587).</summary>
public static class SyslogStream
{
    /// <summary>All complete messages, without framing; the remainder is the beginning of another.</summary>
    public static (IReadOnlyList<byte[]> Messages, byte[] Beginning) Split(ReadOnlySpan<byte> bytes)
    {
        var messages = new List<byte[]>();
        while (!bytes.IsEmpty)
        {
            var (message, used) = char.IsAsciiDigit((char)bytes[0]) ? Counted(bytes) : Line(bytes);
            if (message is null)
            {
                break;
            }

            messages.Add(message);
            bytes = bytes[used..];
        }

        return (messages, bytes.ToArray());
    }

    private static (byte[]? Message, int Used) Counted(ReadOnlySpan<byte> bytes)
    {
        var space = bytes.IndexOf((byte)' ');
        if (space < 0)
        {
            return (null, 0);
        }

        var length = int.Parse(bytes[..space], NumberStyles.None, CultureInfo.InvariantCulture);
        var end = space + 1 + length;
        return bytes.Length < end ? (null, 0) : (bytes[(space + 1)..end].ToArray(), end);
    }

    private static (byte[]? Message, int Used) Line(ReadOnlySpan<byte> bytes)
    {
        var end = bytes.IndexOf((byte)'\n');
        return end < 0 ? (null, 0) : (bytes[..end].ToArray(), end + 1);
    }
}
