using System.Buffers;
using SiemForwarder.Events.Bytes;

namespace SiemForwarder.Destinations.Http;

/// <summary>Combines several events into one body.</summary>
internal static class RequestBody
{
    private static readonly SearchValues<byte> LineBreaks = SearchValues.Create("\r\n"u8);

    /// <summary>One event per line, each line terminated by LF.</summary>
    public static void WriteLines(DeliveryBatch batch, PooledBuffer body)
    {
        for (var index = 0; index < batch.Count; index++)
        {
            var from = body.Length;
            body.Append(batch[index].Span);
            // A line break inside would let the sender of an event inject another event.
            var line = body.Written[from..];
            for (var at = line.IndexOfAny(LineBreaks); at >= 0; at = line.IndexOfAny(LineBreaks))
            {
                line[at] = (byte)' ';
            }

            body.Append((byte)'\n');
        }
    }
}
