using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace SiemForwarder.Events.Json;

/// <summary>Takes secrets out of JSON that came from a source, whether or not the source masked them.</summary>
internal static class SecretRedactor
{
    /// <summary>Stands in for a secret; the mask that Keycloak uses.</summary>
    public const string Mask = "**********";

    /// <summary>Stands in for a text that cannot be read as JSON, so that nobody can tell what it holds.</summary>
    public const string Unreadable = "(withheld: not readable as JSON, so it could hold secrets)";

    private static readonly JsonWriterOptions WriterOptions = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true, MaxDepth = 1000,
    };

    /// <summary>The JSON in compact form with every secret masked, or <see cref="Unreadable"/>.</summary>
    /// <param name="json">One JSON value as UTF-8.</param>
    /// <param name="valueIsSecret">True where members named <c>value</c> hold the secret, as in the answer of <c>clients/{id}/client-secret</c>.</param>
    public static string Redact(ReadOnlySpan<byte> json, bool valueIsSecret = false)
    {
        var output = new ArrayBufferWriter<byte>(json.Length + 64);
        try
        {
            using var writer = new Utf8JsonWriter(output, WriterOptions);
            Copy(json, writer, valueIsSecret);
            writer.Flush();
        }
        catch (JsonException)
        {
            return Unreadable;
        }

        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    private static void Copy(ReadOnlySpan<byte> json, Utf8JsonWriter writer, bool valueIsSecret)
    {
        var reader = new Utf8JsonReader(json, JsonText.ReaderOptions);
        var credentialsDepth = int.MaxValue;
        while (reader.Read())
        {
            switch (reader.TokenType)
            {
                case JsonTokenType.PropertyName:
                    var name = JsonText.ReadString(ref reader);
                    writer.WritePropertyName(name);
                    reader.Read();
                    var inCredentials = reader.CurrentDepth > credentialsDepth;
                    if (IsSecret(name, valueIsSecret || inCredentials)
                        && reader.TokenType is not (JsonTokenType.True or JsonTokenType.False or JsonTokenType.Null))
                    {
                        reader.Skip();
                        writer.WriteStringValue(Mask);
                        break;
                    }

                    if (!inCredentials && name is "credentials" && reader.TokenType is JsonTokenType.StartArray)
                    {
                        credentialsDepth = reader.CurrentDepth;
                    }

                    CopyValue(ref reader, writer);
                    break;
                case JsonTokenType.EndObject:
                    writer.WriteEndObject();
                    break;
                case JsonTokenType.EndArray:
                    writer.WriteEndArray();
                    break;
                default:
                    CopyValue(ref reader, writer);
                    break;
            }

            if (reader.TokenType == JsonTokenType.EndArray && reader.CurrentDepth == credentialsDepth)
            {
                credentialsDepth = int.MaxValue;
            }
        }
    }

    private static void CopyValue(ref Utf8JsonReader reader, Utf8JsonWriter writer)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                writer.WriteStartObject();
                break;
            case JsonTokenType.StartArray:
                writer.WriteStartArray();
                break;
            case JsonTokenType.String:
                writer.WriteStringValue(HoldsPrivateKey(reader.ValueSpan) ? Mask : JsonText.ReadString(ref reader));
                break;
            default:
                writer.WriteRawValue(reader.ValueSpan, skipInputValidation: true);
                break;
        }
    }

    private static bool IsSecret(string name, bool valueIsSecret) => SecretNames.IsSecret(name) || (valueIsSecret && name is "value");

    private static bool HoldsPrivateKey(ReadOnlySpan<byte> text) => text.IndexOf("PRIVATE KEY-----"u8) >= 0;
}
