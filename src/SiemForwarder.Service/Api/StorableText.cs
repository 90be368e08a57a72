using System.Text.Json;
using System.Text.Json.Serialization;

namespace SiemForwarder.Service.Api;

/// <summary>Reads text from a request and rejects the character U+0000, which PostgreSQL cannot store.</summary>
internal sealed class StorableText : JsonConverter<string>
{
    public const string Sentence = "Must not contain the character U+0000.";

    public override string? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.GetString() is { } text && text.Contains('\0') ? throw new JsonException(Sentence) : reader.GetString();

    public override void Write(Utf8JsonWriter writer, string value, JsonSerializerOptions options) => writer.WriteStringValue(value);
}
