using System.Globalization;
using System.Text;
using System.Text.Json;
using SiemForwarder.Events.Bytes;

namespace SiemForwarder.Destinations.Http.Otlp;

/// <summary>What a receiver reports along with success (opentelemetry-proto, ExportLogsPartialSuccess).</summary>
/// <param name="Rejected">Number of rejected records; it does not say which.</param>
/// <param name="Message">Why, or a warning if none was rejected.</param>
internal sealed record OtlpAnswer(long Rejected, string Message)
{
    private static readonly OtlpAnswer Nothing = new(0, "");

    /// <summary>Parses the body of a success as JSON or protobuf; if it is neither, nothing is reported.</summary>
    public static OtlpAnswer Read(ReadOnlySpan<byte> body)
    {
        // A line feed can start a protobuf message as well as whitespace before JSON, so only the whole body tells.
        var text = body.TrimStart(" \t\r\n"u8);
        return (text.StartsWith("{"u8) ? OfJson(text) : null) ?? OfProtobuf(body);
    }

    private static OtlpAnswer? OfJson(ReadOnlySpan<byte> body)
    {
        try
        {
            var reader = new Utf8JsonReader(body);
            using var document = JsonDocument.ParseValue(ref reader);
            if (!document.RootElement.TryGetProperty("partialSuccess", out var partial) || partial.ValueKind != JsonValueKind.Object)
            {
                return Nothing;
            }

            return new OtlpAnswer(
                partial.TryGetProperty("rejectedLogRecords", out var count) ? NumberOf(count) : 0,
                partial.TryGetProperty("errorMessage", out var text) && text.ValueKind == JsonValueKind.String ? text.GetString()! : "");
        }
        catch (JsonException)
        {
            return null;
        }
    }

    // ExportLogsServiceResponse { partial_success = 1 { rejected_log_records = 1, error_message = 2 } }
    private static OtlpAnswer OfProtobuf(ReadOnlySpan<byte> body)
    {
        var answer = Nothing;
        while (ProtobufInput.TryRead(ref body, out var field, out _, out var bytes))
        {
            if (field != 1)
            {
                continue;
            }

            while (ProtobufInput.TryRead(ref bytes, out var inner, out var number, out var text))
            {
                answer = inner switch
                {
                    1 => answer with { Rejected = (long)number },
                    2 => answer with { Message = Encoding.UTF8.GetString(text) },
                    _ => answer,
                };
            }
        }

        return answer;
    }

    private static long NumberOf(JsonElement count) => count.ValueKind switch
    {
        JsonValueKind.Number => count.TryGetInt64(out var number) ? number : 0,
        // 64-bit integers are strings in protobuf JSON.
        JsonValueKind.String => long.TryParse(count.GetString(), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0,
        _ => 0,
    };
}

/// <summary>Reads fields in the Protocol Buffers wire format one by one; never reads beyond the given bytes, whatever lengths they claim.</summary>
internal static class ProtobufInput
{
    /// <summary>Takes the next field; false at the end, or if the bytes are not a valid message.</summary>
    /// <param name="rest">The remaining bytes.</param>
    /// <param name="field">Its number.</param>
    /// <param name="number">Its value, if it is a varint.</param>
    /// <param name="bytes">Its value, if it is a string or a message.</param>
    public static bool TryRead(ref ReadOnlySpan<byte> rest, out int field, out ulong number, out ReadOnlySpan<byte> bytes)
    {
        field = 0;
        number = 0;
        bytes = default;
        if (!Varint.TryRead(ref rest, out var tag))
        {
            return false;
        }

        field = (int)(tag >> 3);
        switch (tag & 7)
        {
            case 0:
                return Varint.TryRead(ref rest, out number);
            case 1:
                return TryTake(ref rest, 8, out bytes);
            case 2:
                return Varint.TryRead(ref rest, out var length) && TryTake(ref rest, length, out bytes);
            case 5:
                return TryTake(ref rest, 4, out bytes);
            default:
                return false;
        }
    }

    private static bool TryTake(ref ReadOnlySpan<byte> rest, ulong length, out ReadOnlySpan<byte> bytes)
    {
        bytes = default;
        if (length > (ulong)rest.Length)
        {
            return false;
        }

        bytes = rest[..(int)length];
        rest = rest[(int)length..];
        return true;
    }
}
