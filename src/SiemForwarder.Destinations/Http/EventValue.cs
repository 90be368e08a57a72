using System.Text.Encodings.Web;
using System.Text.Json;

namespace SiemForwarder.Destinations.Http;

/// <summary>Writes a formatted event as a value inside other JSON: JSON unchanged, anything else as a string.</summary>
internal static class EventValue
{
    /// <summary>Escapes only what JSON itself requires: intakes are not web pages, and every byte counts.</summary>
    public static JsonWriterOptions WriterOptions { get; } = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    public static bool IsJson(HttpSettings http) => http.ContentType.StartsWith("application/json", StringComparison.OrdinalIgnoreCase);

    /// <param name="writer">Positioned where the value goes.</param>
    /// <param name="formatted">Bytes of one event.</param>
    /// <param name="isJson">Whether those bytes are JSON.</param>
    public static void Write(Utf8JsonWriter writer, ReadOnlySpan<byte> formatted, bool isJson)
    {
        if (isJson)
        {
            writer.WriteRawValue(formatted, skipInputValidation: true);
        }
        else
        {
            writer.WriteStringValue(formatted);
        }
    }
}
