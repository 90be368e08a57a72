using System.Globalization;
using System.Text;

namespace SiemForwarder.Destinations.Sockets;

/// <summary>A frame sent by a RELP receiver.</summary>
/// <param name="Number">Transaction number; 0 if it belongs to none.</param>
/// <param name="Command">rsp or serverclose; empty for bytes that are not a frame.</param>
/// <param name="Data">Valid until the next frame is read.</param>
internal sealed record RelpAnswer(int Number, string Command, ReadOnlyMemory<byte> Data);

/// <summary>Reads RELP frames from a stream; bounded, whatever the peer sends.</summary>
internal sealed class RelpReader(Stream stream)
{
    private const int MaxHeadLength = 64;
    private const int MaxDataLength = 16 * 1024;

    private static readonly RelpAnswer NoFrame = new(0, "", default);

    private readonly byte[] buffer = new byte[MaxHeadLength + MaxDataLength];
    private int start;
    private int end;

    /// <summary>The next frame; null if the peer closed.</summary>
    public async ValueTask<RelpAnswer?> ReadAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            if (TryTake(out var answer))
            {
                return answer;
            }

            if (start > 0)
            {
                buffer.AsSpan(start, end - start).CopyTo(buffer);
                (start, end) = (0, end - start);
            }

            if (end == buffer.Length)
            {
                return NoFrame;
            }

            var count = await stream.ReadAsync(buffer.AsMemory(end), cancellationToken);
            if (count == 0)
            {
                return null;
            }

            end += count;
        }
    }

    // TXNR SP COMMAND SP DATALEN, then LF, or SP DATA LF.
    private bool TryTake(out RelpAnswer answer)
    {
        answer = NoFrame;
        var rest = buffer.AsSpan(start, end - start);
        // A peer may repeat the line feed between frames.
        while (rest.Length > 0 && rest[0] == (byte)'\n')
        {
            rest = rest[1..];
            start++;
        }

        var first = rest.IndexOf((byte)' ');
        var second = first < 0 ? -1 : rest[(first + 1)..].IndexOf((byte)' ') + first + 1;
        var length = second <= first ? -1 : rest[(second + 1)..].IndexOfAny((byte)' ', (byte)'\n') + second + 1;
        if (first < 0 || second <= first || length <= second)
        {
            return rest.Length > MaxHeadLength || !LooksLikeHead(rest);
        }

        if (!int.TryParse(rest[..first], NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            || !int.TryParse(rest[(second + 1)..length], NumberStyles.None, CultureInfo.InvariantCulture, out var size) || size > MaxDataLength)
        {
            return true;
        }

        var from = length + (size > 0 ? 1 : 0);
        if (rest.Length < from + size + 1)
        {
            return false;
        }

        answer = new RelpAnswer(number, Encoding.ASCII.GetString(rest[(first + 1)..second]), buffer.AsMemory(start + from, size));
        start += from + size + 1;
        return true;
    }

    private static bool LooksLikeHead(ReadOnlySpan<byte> rest) => rest.IsEmpty || char.IsAsciiDigit((char)rest[0]);
}
