using System.Text.Json;

namespace SiemForwarder.Events.Lint;

/// <summary>Converts JSON into fields: names with dots between the levels, and an index in brackets if a list contains several objects.</summary>
internal static class JsonFields
{
    private const int MaxDepth = 128;

    /// <summary>Adds the fields of one value, or of several consecutive ones; false if it is not JSON.</summary>
    public static bool Read(ReadOnlyMemory<byte> json, ParsedMessage reading, bool isSequence)
    {
        CheckNames(json.Span, reading, isSequence);
        var reader = new Utf8JsonReader(json.Span, new JsonReaderOptions { MaxDepth = MaxDepth, AllowMultipleValues = isSequence });
        try
        {
            while (reader.Read())
            {
                using var document = JsonDocument.ParseValue(ref reader);
                Add("", document.RootElement, reading);
            }

            return true;
        }
        catch (JsonException)
        {
            reading.Error("json.syntax", "The text is not valid JSON throughout (RFC 8259).");
            return false;
        }
        catch (InvalidOperationException)
        {
            // Thrown by the parser for a text that is not valid Unicode.
            reading.Error("json.surrogate", "A name or text contains a lone surrogate, which receivers treat differently (RFC 8259 section 8.2).");
            return false;
        }
    }

    private static void Add(string path, JsonElement element, ParsedMessage reading)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (var member in element.EnumerateObject())
                {
                    Add(Join(path, member.Name), member.Value, reading);
                }

                break;
            case JsonValueKind.Array:
                AddList(path, element, reading);
                break;
            case JsonValueKind.String:
                reading.AddField(path, element.GetString()!);
                break;
            default:
                reading.AddField(path, element.GetRawText(), TypeOf(element.ValueKind));
                break;
        }
    }

    private static void AddList(string path, JsonElement list, ParsedMessage reading)
    {
        var index = 0;
        foreach (var item in list.EnumerateArray())
        {
            // Lists of keys and values, as in OpenTelemetry, become fields with those names.
            if (item.ValueKind == JsonValueKind.Object && item.TryGetProperty("key", out var key) && key.ValueKind == JsonValueKind.String
                && item.TryGetProperty("value", out var value))
            {
                Add(Join(path, key.GetString()!), value, reading);
            }
            else
            {
                var isOneOfSeveral = list.GetArrayLength() > 1 && item.ValueKind is JsonValueKind.Object or JsonValueKind.Array;
                Add(isOneOfSeveral ? $"{path}[{index}]" : path, item, reading);
            }

            index++;
        }
    }

    /// <summary>Reports names that occur twice in one object: receivers may keep either value.</summary>
    private static void CheckNames(ReadOnlySpan<byte> json, ParsedMessage reading, bool isSequence)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = MaxDepth, AllowMultipleValues = isSequence });
        var names = new Stack<HashSet<string>>();
        try
        {
            while (reader.Read())
            {
                switch (reader.TokenType)
                {
                    case JsonTokenType.StartObject:
                        names.Push(new HashSet<string>(StringComparer.Ordinal));
                        break;
                    case JsonTokenType.EndObject:
                        names.Pop();
                        break;
                    case JsonTokenType.PropertyName when !names.Peek().Add(reader.GetString()!):
                        reading.Error(
                            "json.duplicate",
                            $"The name {ParsedMessage.Shown(reader.GetString()!)} occurs twice in one object (RFC 8259 section 4).");
                        break;
                    default:
                        break;
                }
            }
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // Reported when the values are read.
            return;
        }
    }

    private static string Join(string path, string name) => path.Length == 0 ? name : $"{path}.{name}";

    private static string TypeOf(JsonValueKind kind) => kind switch
    {
        JsonValueKind.Number => ParsedField.Number,
        JsonValueKind.True or JsonValueKind.False => "boolean",
        _ => "null",
    };
}
