using System.Text.Json;
using System.Text.Unicode;
using SiemForwarder.Events.Formats.Text;
using SiemForwarder.Events.Json;

namespace SiemForwarder.Events.Formats.Raw;

/// <summary>Copies the members of one JSON object without whitespace, masking secrets by name.</summary>
internal sealed class RawCopier
{
    private byte[] bytes = new byte[1024];
    private char[] characters = new char[1024];
    private char[] masked = [];

    /// <summary>Copies the object except for its end, so that members can be appended; false if the JSON is not an object.</summary>
    /// <param name="json">What the source sent; throws <see cref="JsonException"/> if it is invalid.</param>
    /// <param name="writer">Where to write.</param>
    /// <param name="securityEvent">The normalized event.</param>
    /// <param name="representation">Redacted replacement for the representation of an admin event; null to omit it.</param>
    /// <param name="length">Maximum text length in UTF-16 units.</param>
    /// <param name="hasId">Whether the object contains the id of the event.</param>
    public bool TryCopy(ReadOnlySpan<byte> json, Utf8JsonWriter writer, SecurityEvent securityEvent, string? representation, int length, out bool hasId)
    {
        var reader = new Utf8JsonReader(json, JsonText.ReaderOptions);
        hasId = false;
        if (json.IsEmpty || !reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            return false;
        }

        writer.WriteStartObject();
        var scope = new SecretScope(valueIsSecret: false);
        while (reader.Read() && reader.CurrentDepth > 0)
        {
            if (reader.TokenType != JsonTokenType.PropertyName)
            {
                CopyValue(ref reader, writer, scope, length);
                scope.Leave(ref reader);
                continue;
            }

            var isRoot = reader.CurrentDepth == 1;
            var name = Text(ref reader);
            var isRepresentation = isRoot && name is "representation";
            var isId = isRoot && name is ("id" or "event_id");
            if (!isRepresentation || representation is not null)
            {
                writer.WritePropertyName(Texts.Cut(name, length));
            }

            reader.Read();
            // Must happen before the name is overwritten.
            var isSecret = !isRepresentation && scope.Masks(name, ref reader);
            hasId |= isId && reader.TokenType == JsonTokenType.String && Text(ref reader).SequenceEqual(securityEvent.Id);
            if (isRepresentation)
            {
                reader.Skip();
                WriteIfAny(representation, writer);
                continue;
            }

            if (isSecret)
            {
                reader.Skip();
                writer.WriteStringValue(SecretRedactor.Mask);
                continue;
            }

            CopyValue(ref reader, writer, scope, length);
        }

        return true;
    }

    private static void WriteIfAny(string? representation, Utf8JsonWriter writer)
    {
        if (representation is not null)
        {
            writer.WriteStringValue(representation);
        }
    }

    private void CopyValue(ref Utf8JsonReader reader, Utf8JsonWriter writer, in SecretScope scope, int length)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                writer.WriteStartObject();
                break;
            case JsonTokenType.StartArray:
                writer.WriteStartArray();
                break;
            case JsonTokenType.EndObject:
                writer.WriteEndObject();
                break;
            case JsonTokenType.EndArray:
                writer.WriteEndArray();
                break;
            case JsonTokenType.String:
                writer.WriteStringValue(scope.MasksText(ref reader) ? SecretRedactor.Mask : Texts.Cut(Redact(Text(ref reader)), length));
                break;
            default:
                writer.WriteRawValue(reader.ValueSpan, skipInputValidation: true);
                break;
        }
    }

    private ReadOnlySpan<char> Redact(ReadOnlySpan<char> text) =>
        text.Length > 1 && text[0] is '{' or '[' ? SecretRedactor.RedactText(text.ToString()) : SecretText.Mask(text, ref masked);

    // The current name or string; valid until the next call.
    private ReadOnlySpan<char> Text(ref Utf8JsonReader reader)
    {
        var utf8 = reader.ValueSpan;
        if (bytes.Length < utf8.Length)
        {
            bytes = new byte[utf8.Length * 2];
            characters = new char[utf8.Length * 2];
        }

        if (reader.ValueIsEscaped)
        {
            utf8 = bytes.AsSpan(0, JsonText.Unescape(utf8, bytes));
        }

        Utf8.ToUtf16(utf8, characters, out _, out var written, replaceInvalidSequences: true);
        return characters.AsSpan(0, written);
    }
}
