using System.Globalization;
using System.Text;
using System.Text.Json;

namespace SiemForwarder.Destinations.Http.Otlp;

/// <summary>What a receiver says beside its success (opentelemetry-proto, ExportLogsPartialSuccess).</summary>
/// <param name="Rejected">Records that it refused; which, it does not say.</param>
/// <param name="Message">Why, or a warning where none was refused.</param>
internal sealed record OtlpAnswer(long Rejected, string Message)
{
    private static readonly OtlpAnswer Nothing = new(0, "");

    /// <summary>Reads the body of a success in JSON or in protobuf, whichever it is; nothing is said where it is neither.</summary>
    public static OtlpAnswer Read(ReadOnlySpan<byte> body)
    {
        // A line feed begins a message of protobuf as well as white space before JSON, so only the whole tells.
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
        // 64-bit integers are strings in protobuf's JSON.
        JsonValueKind.String => long.TryParse(count.GetString(), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0,
        _ => 0,
    };
}
