using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using SiemForwarder.Events.Json;

namespace SiemForwarder.Events.Privacy;

/// <summary>Reads and rewrites the JSON of a representation value by value, so that escapes cannot hide anything.</summary>
internal static class ConcealedJson
{
    private static readonly JsonDocumentOptions Options = new() { MaxDepth = 1000 };

    private static readonly JsonWriterOptions WriterOptions = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true, MaxDepth = 1000,
    };

    /// <summary>The texts of members with the wanted names, at any depth; none if the text is not JSON.</summary>
    public static IEnumerable<string> TextsOf(string json, Func<string, bool> isWanted)
    {
        using var document = Read(json);
        return document is null ? [] : Find(document.RootElement, isWanted, isInside: false).ToList();
    }

    /// <summary>The JSON without the values; anything that is not JSON is treated as a text.</summary>
    public static string? Conceal(string? json, ConcealedValues values)
    {
        if (json is null)
        {
            return null;
        }

        if (values.HasMore)
        {
            return PrivacyPolicy.Withheld;
        }

        using var document = Read(json);
        if (document is null)
        {
            return values.Conceal(json);
        }

        var output = new ArrayBufferWriter<byte>(json.Length + 64);
        using (var writer = new Utf8JsonWriter(output, WriterOptions))
        {
            Write(document.RootElement, name: null, values, writer);
        }

        return output.WrittenCount == 0 ? null : Encoding.UTF8.GetString(output.WrittenSpan);
    }

    private static JsonDocument? Read(string json)
    {
        try
        {
            return JsonDocument.Parse(json, Options);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static IEnumerable<string> Find(JsonElement element, Func<string, bool> isWanted, bool isInside) => element.ValueKind switch
    {
        JsonValueKind.Object => element.EnumerateObject()
            .SelectMany(member => Find(member.Value, isWanted, isInside || isWanted(ElementText.NameOf(member)))),
        JsonValueKind.Array => element.EnumerateArray().SelectMany(item => Find(item, isWanted, isInside)),
        JsonValueKind.String when isInside => [ElementText.Of(element)],
        JsonValueKind.Number when isInside => [element.GetRawText()],
        _ => [],
    };

    private static void Write(JsonElement element, string? name, ConcealedValues values, Utf8JsonWriter writer)
    {
        var text = element.ValueKind switch
        {
            JsonValueKind.String => ElementText.Of(element),
            JsonValueKind.Number => element.GetRawText(),
            _ => null,
        };
        var concealed = values.Conceal(text);
        if (text is not null && concealed is null)
        {
            return;
        }

        if (name is not null)
        {
            writer.WritePropertyName(values.ConcealName(name));
        }

        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                writer.WriteStartObject();
                foreach (var member in element.EnumerateObject())
                {
                    Write(member.Value, ElementText.NameOf(member), values, writer);
                }

                writer.WriteEndObject();
                break;
            case JsonValueKind.Array:
                writer.WriteStartArray();
                foreach (var item in element.EnumerateArray())
                {
                    Write(item, name: null, values, writer);
                }

                writer.WriteEndArray();
                break;
            case JsonValueKind.Number when concealed == text:
                writer.WriteRawValue(text!, skipInputValidation: true);
                break;
            case JsonValueKind.Number or JsonValueKind.String:
                writer.WriteStringValue(concealed);
                break;
            default:
                element.WriteTo(writer);
                break;
        }
    }
}
