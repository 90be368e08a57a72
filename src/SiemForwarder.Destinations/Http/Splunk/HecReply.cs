using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace SiemForwarder.Destinations.Http.Splunk;

/// <summary>The answer of an HTTP Event Collector.</summary>
/// <param name="Code">0 to 27.</param>
/// <param name="InvalidEvent">Place of the first bad event in the request, from 0; null where none is named.</param>
/// <param name="AckId">Number to ask for with indexer acknowledgement; null where the token has none.</param>
internal sealed record HecReply(int Code, int? InvalidEvent, long? AckId)
{
    // Incorrect index: counts its events from 1, as the other codes do not.
    private const int CountsFromOne = 7;

    /// <summary>Reads an answer; false where it is not one of a collector (an empty body, a proxy's page).</summary>
    public static bool TryRead(ReadOnlyMemory<byte> body, [NotNullWhen(true)] out HecReply? reply)
    {
        reply = null;
        try
        {
            using var document = JsonDocument.Parse(body);
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("code", out var code) || !code.TryGetInt32(out var number))
            {
                return false;
            }

            reply = new HecReply(
                number,
                root.TryGetProperty("invalid-event-number", out var invalid) && invalid.TryGetInt32(out var place)
                    ? (number == CountsFromOne ? place - 1 : place)
                    : null,
                root.TryGetProperty("ackId", out var ack) && ack.TryGetInt64(out var id) ? id : null);
            return true;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return false;
        }
    }
}
