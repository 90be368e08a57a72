using System.Buffers;
using System.Buffers.Text;
using System.Runtime.InteropServices;
using System.Text.Json;
using SiemForwarder.Events.Json;

namespace SiemForwarder.Events.Keycloak;

/// <summary>Keys for events without an id: a hash of the canonical content, plus a number if several rows are identical.</summary>
/// <remarks>Canonical: members sorted by name at every level, no whitespace, without null members and the event's own <c>id</c>, so that a row
/// is recognized after a server upgrade gave it an id. Not thread-safe.</remarks>
public sealed class KeycloakContentHash
{
    private readonly ArrayBufferWriter<byte> canonical = new();

    /// <summary>The key of the <paramref name="occurrence"/>-th row with this content (0 for the first) within one page.</summary>
    /// <exception cref="JsonException">The bytes are not one JSON object.</exception>
    public EventKey Compute(ReadOnlyMemory<byte> json, int occurrence)
    {
        canonical.ResetWrittenCount();
        using (var document = JsonDocument.Parse(json))
        using (var writer = new Utf8JsonWriter(canonical))
        {
            WriteObject(writer, document.RootElement, isEvent: true);
        }

        if (occurrence > 0)
        {
            var number = canonical.GetSpan(12);
            number[0] = (byte)'#';
            Utf8Formatter.TryFormat(occurrence, number[1..], out var digits);
            canonical.Advance(1 + digits);
        }

        return EventKey.FromHash(canonical.WrittenSpan);
    }

    private static void WriteObject(Utf8JsonWriter writer, JsonElement element, bool isEvent)
    {
        writer.WriteStartObject();
        foreach (var (name, value) in element.EnumerateObject().Select(member => (Name: ElementText.NameOf(member), member.Value))
            .OrderBy(member => member.Name, StringComparer.Ordinal))
        {
            if (value.ValueKind != JsonValueKind.Null && !(isEvent && name == "id"))
            {
                writer.WritePropertyName(name);
                WriteValue(writer, value);
            }
        }

        writer.WriteEndObject();
    }

    private static void WriteValue(Utf8JsonWriter writer, JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                WriteObject(writer, element, isEvent: false);
                break;
            case JsonValueKind.Array:
                writer.WriteStartArray();
                foreach (var item in element.EnumerateArray())
                {
                    WriteValue(writer, item);
                }

                writer.WriteEndArray();
                break;
            case JsonValueKind.String when ElementText.IsText(element):
                writer.WriteStringValue(ElementText.Of(element));
                break;
            case JsonValueKind.String:
                // Read as text, different ones would be identical: one of two events would be mistaken for the other.
                writer.WriteRawValue(JsonMarshal.GetRawUtf8Value(element), skipInputValidation: true);
                break;
            default:
                element.WriteTo(writer);
                break;
        }
    }
}
