using System.Buffers.Text;

namespace SiemForwarder.Events.Lint;

/// <summary>
/// Splits a stream as receivers do: by counts or by line feeds (RFC 6587 section 3.4), distinguished by the first octet, or by RELP
/// frames.
/// </summary>
public static class FrameReader
{
    /// <summary>The messages in a stream; anything that is not a complete frame is reported.</summary>
    public static IReadOnlyList<Frame> Read(ReadOnlyMemory<byte> stream, out IReadOnlyList<Finding> findings)
    {
        var reading = new ParsedMessage();
        findings = reading.Findings;
        var frames = new List<Frame>();
        while (!stream.IsEmpty)
        {
            if (Next(stream) is not { } frame)
            {
                reading.Error("framing", "The stream ends within a frame, or a count is not followed by that many octets.");
                break;
            }

            frames.Add(frame);
            stream = stream[frame.Octets..];
        }

        return frames;
    }

    private static Frame? Next(ReadOnlyMemory<byte> stream)
    {
        if (stream.Span[0] is < (byte)'1' or > (byte)'9')
        {
            var end = stream.Span.IndexOf((byte)'\n');
            return end < 0 ? null : new Frame(stream[..end], end + 1);
        }

        var at = 0;
        if (TakeNumber(stream.Span, ref at) is not { } count)
        {
            return null;
        }

        if (!stream.Span[at..].StartsWith("syslog "u8))
        {
            return at + count <= stream.Length ? new Frame(stream.Slice(at, count), at + count) : null;
        }

        // RELP: TXNR SP COMMAND SP DATALEN SP DATA LF (librelp, doc/relp.html).
        at += "syslog ".Length;
        return TakeNumber(stream.Span, ref at) is { } length && at + length < stream.Length && stream.Span[at + length] == (byte)'\n'
            ? new Frame(stream.Slice(at, length), at + length + 1)
            : null;
    }

    /// <summary>A number and the space after it.</summary>
    private static int? TakeNumber(ReadOnlySpan<byte> stream, ref int at)
    {
        if (!Utf8Parser.TryParse(stream[at..], out int number, out var digits) || number < 0 || !stream[(at + digits)..].StartsWith(" "u8))
        {
            return null;
        }

        at += digits + 1;
        return number;
    }
}

/// <summary>A message on a stream.</summary>
/// <param name="Message">Its bytes, without framing.</param>
/// <param name="Octets">Its length, including framing.</param>
public readonly record struct Frame(ReadOnlyMemory<byte> Message, int Octets);
