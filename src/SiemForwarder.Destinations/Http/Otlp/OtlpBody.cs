using System.Globalization;
using System.Text;
using System.Text.Json;
using SiemForwarder.Events.Bytes;

namespace SiemForwarder.Destinations.Http.Otlp;

/// <summary>
/// Writes the formatted event as the body of a record: JSON as a map, so that backends can query its members (opentelemetry-proto, AnyValue),
/// anything else as a string.
/// </summary>
internal static class OtlpBody
{
    private static readonly JsonReaderOptions ReaderOptions = new() { MaxDepth = 64 };

    /// <summary>Writes an AnyValue in OTLP's JSON.</summary>
    public static void Write(Utf8JsonWriter writer, ReadOnlySpan<byte> formatted, bool isJson)
    {
        if (!isJson || !IsMap(formatted))
        {
            writer.WriteStartObject();
            writer.WriteString("stringValue"u8, formatted);
            writer.WriteEndObject();
            return;
        }

        var reader = ReaderOf(formatted);
        WriteValue(writer, ref reader);
    }

    /// <summary>A reader positioned at the start of a map.</summary>
    public static Utf8JsonReader ReaderOf(ReadOnlySpan<byte> map)
    {
        var reader = new Utf8JsonReader(map, ReaderOptions);
        reader.Read();
        return reader;
    }

    /// <summary>True for an object that can be read to its end and whose texts are all valid Unicode.</summary>
    public static bool IsMap(ReadOnlySpan<byte> json)
    {
        if (!json.StartsWith("{"u8))
        {
            return false;
        }

        var reader = new Utf8JsonReader(json, ReaderOptions);
        try
        {
            while (reader.Read())
            {
                // An escaped lone surrogate is valid JSON but not valid text.
                if (reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName && reader.ValueIsEscaped)
                {
                    _ = reader.GetString();
                }
            }

            return true;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return false;
        }
    }

    private static void WriteValue(Utf8JsonWriter writer, ref Utf8JsonReader reader)
    {
        writer.WriteStartObject();
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                writer.WriteStartObject("kvlistValue"u8);
                writer.WriteStartArray("values"u8);
                while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
                {
                    writer.WriteStartObject();
                    writer.WriteString("key"u8, reader.GetString());
                    reader.Read();
                    writer.WritePropertyName("value"u8);
                    WriteValue(writer, ref reader);
                    writer.WriteEndObject();
                }

                writer.WriteEndArray();
                writer.WriteEndObject();
                break;
            case JsonTokenType.StartArray:
                writer.WriteStartObject("arrayValue"u8);
                writer.WriteStartArray("values"u8);
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                {
                    WriteValue(writer, ref reader);
                }

                writer.WriteEndArray();
                writer.WriteEndObject();
                break;
            case JsonTokenType.String:
                writer.WriteString("stringValue"u8, reader.GetString());
                break;
            case JsonTokenType.Number when reader.TryGetInt64(out var number):
                writer.WriteString("intValue"u8, number.ToString(CultureInfo.InvariantCulture));
                break;
            case JsonTokenType.Number:
                writer.WriteNumber("doubleValue"u8, reader.GetDouble());
                break;
            case JsonTokenType.True or JsonTokenType.False:
                writer.WriteBoolean("boolValue"u8, reader.GetBoolean());
                break;
        }

        writer.WriteEndObject();
    }
}

/// <summary>Writes the same bodies in OTLP's binary form (opentelemetry-proto 1.11, common/v1).</summary>
internal sealed class OtlpProtobufBody : IDisposable
{
    // AnyValue
    private const int StringValue = 1;
    private const int BoolValue = 2;
    private const int IntValue = 3;
    private const int DoubleValue = 4;
    private const int ArrayValue = 5;
    private const int KeyValueList = 6;

    // ArrayValue and KeyValueList
    private const int Values = 1;

    // KeyValue
    private const int Key = 1;
    private const int Value = 2;

    // A message is preceded by its length, so nested messages are written separately first.
    private readonly List<PooledBuffer> levels = [];

    /// <summary>An AnyValue; valid until the next call.</summary>
    public ReadOnlySpan<byte> Write(ReadOnlySpan<byte> formatted, bool isJson)
    {
        var output = Level(0);
        if (isJson && OtlpBody.IsMap(formatted))
        {
            var reader = OtlpBody.ReaderOf(formatted);
            WriteValue(ref reader, output, 1);
        }
        else
        {
            ProtobufOutput.WriteBytes(output, StringValue, formatted);
        }

        return output.Written;
    }

    /// <summary>A KeyValue with a number; valid until the next call.</summary>
    public ReadOnlySpan<byte> WriteNumber(string key, long number)
    {
        var output = Level(0);
        var value = Level(1);
        ProtobufOutput.WriteChosen(value, IntValue, (ulong)number);
        ProtobufOutput.WriteString(output, Key, key);
        ProtobufOutput.WriteBytes(output, Value, value.Written);
        return output.Written;
    }

    public void Dispose() => levels.ForEach(static level => level.Dispose());

    private void WriteValue(ref Utf8JsonReader reader, PooledBuffer output, int depth)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                WriteMap(ref reader, output, depth);
                break;
            case JsonTokenType.StartArray:
                var items = Level(depth);
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                {
                    var item = Level(depth + 1);
                    WriteValue(ref reader, item, depth + 2);
                    ProtobufOutput.WriteBytes(items, Values, item.Written);
                }

                ProtobufOutput.WriteBytes(output, ArrayValue, items.Written);
                break;
            case JsonTokenType.String:
                ProtobufOutput.WriteBytes(output, StringValue, TextOf(ref reader));
                break;
            case JsonTokenType.Number when reader.TryGetInt64(out var number):
                ProtobufOutput.WriteChosen(output, IntValue, (ulong)number);
                break;
            case JsonTokenType.Number:
                ProtobufOutput.WriteChosen(output, DoubleValue, reader.GetDouble());
                break;
            case JsonTokenType.True or JsonTokenType.False:
                ProtobufOutput.WriteChosen(output, BoolValue, reader.GetBoolean() ? 1UL : 0UL);
                break;
        }
    }

    private void WriteMap(ref Utf8JsonReader reader, PooledBuffer output, int depth)
    {
        var members = Level(depth);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var member = Level(depth + 1);
            ProtobufOutput.WriteBytes(member, Key, TextOf(ref reader));
            reader.Read();
            var value = Level(depth + 2);
            WriteValue(ref reader, value, depth + 3);
            ProtobufOutput.WriteBytes(member, Value, value.Written);
            ProtobufOutput.WriteBytes(members, Values, member.Written);
        }

        ProtobufOutput.WriteBytes(output, KeyValueList, members.Written);
    }

    private static ReadOnlySpan<byte> TextOf(ref Utf8JsonReader reader) =>
        reader.ValueIsEscaped ? Encoding.UTF8.GetBytes(reader.GetString()!) : reader.ValueSpan;

    private PooledBuffer Level(int depth)
    {
        while (levels.Count <= depth)
        {
            levels.Add(new PooledBuffer());
        }

        levels[depth].Clear();
        return levels[depth];
    }
}
