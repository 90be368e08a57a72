using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace SiemForwarder.Events.Json;

/// <summary>Removes secrets from a source's JSON, whether or not the source masked them.</summary>
internal static class SecretRedactor
{
    /// <summary>Replaces a secret; the mask that Keycloak uses.</summary>
    public const string Mask = "**********";

    /// <summary>Replaces a text that is not readable as JSON, whose content is therefore unknown.</summary>
    public const string Unreadable = "(withheld: not readable as JSON, so it could hold secrets)";

    // The redirect addresses of applications repeat from login to login.
    private static readonly TextMemo<string> MaskedTexts = new(SecretText.Mask);

    private static readonly JsonWriterOptions WriterOptions = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true, MaxDepth = 1000,
    };

    /// <summary>The compact JSON with every secret masked, or <see cref="Unreadable"/>.</summary>
    /// <param name="json">One JSON value as UTF-8.</param>
    /// <param name="valueIsSecret">True if members named <c>value</c> contain the secret, as in the response of <c>clients/{id}/client-secret</c>.</param>
    public static string Redact(ReadOnlySpan<byte> json, bool valueIsSecret = false) => TryRedact(json, valueIsSecret) ?? Unreadable;

    /// <summary>A free text: JSON in it is redacted, tokens and secrets in URIs are masked.</summary>
    public static string RedactText(string text) =>
        text.Length > 1 && text[0] is '{' or '[' && TryRedact(Encoding.UTF8.GetBytes(text), valueIsSecret: false) is { } json ? json
        : SecretText.MayHoldSecret(text) ? MaskedTexts.Of(text)
        : text;

    private static string? TryRedact(ReadOnlySpan<byte> json, bool valueIsSecret)
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
            return null;
        }

        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    private static void Copy(ReadOnlySpan<byte> json, Utf8JsonWriter writer, bool valueIsSecret)
    {
        var reader = new Utf8JsonReader(json, JsonText.ReaderOptions);
        var scope = new SecretScope(valueIsSecret);
        while (reader.Read())
        {
            switch (reader.TokenType)
            {
                case JsonTokenType.PropertyName:
                    var name = JsonText.ReadString(ref reader);
                    writer.WritePropertyName(name);
                    reader.Read();
                    if (scope.Masks(name, ref reader))
                    {
                        reader.Skip();
                        writer.WriteStringValue(Mask);
                        break;
                    }

                    CopyValue(ref reader, writer, scope);
                    break;
                case JsonTokenType.EndObject:
                    writer.WriteEndObject();
                    break;
                case JsonTokenType.EndArray:
                    writer.WriteEndArray();
                    break;
                default:
                    CopyValue(ref reader, writer, scope);
                    break;
            }

            scope.Leave(ref reader);
        }
    }

    private static void CopyValue(ref Utf8JsonReader reader, Utf8JsonWriter writer, in SecretScope scope)
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
                writer.WriteStringValue(scope.MasksText(ref reader) ? Mask : RedactText(JsonText.ReadString(ref reader)));
                break;
            default:
                writer.WriteRawValue(reader.ValueSpan, skipInputValidation: true);
                break;
        }
    }
}

/// <summary>Determines, member by member, which values in JSON are secrets: by name, every <c>value</c> inside <c>credentials</c>, and
/// anything inside <c>config</c> that looks like a generated key.</summary>
/// <param name="valueIsSecret">True if members named <c>value</c> are secrets everywhere.</param>
internal struct SecretScope(bool valueIsSecret)
{
    private int credentialsDepth = int.MaxValue;
    private int configDepth = int.MaxValue;
    private bool isOrdinary;

    /// <summary>Whether the reader's current value is a secret; must be called for every member that is not skipped.</summary>
    public bool Masks(scoped ReadOnlySpan<char> name, ref Utf8JsonReader reader)
    {
        var inCredentials = reader.CurrentDepth > credentialsDepth;
        if ((SecretNames.IsSecret(name) || ((valueIsSecret || inCredentials) && name is "value"))
            && reader.TokenType is not (JsonTokenType.True or JsonTokenType.False or JsonTokenType.Null) && !IsSwitch(ref reader))
        {
            return true;
        }

        isOrdinary = reader.CurrentDepth <= configDepth || SecretNames.IsOrdinary(name);
        if (configDepth == int.MaxValue && name is "config" && reader.TokenType is JsonTokenType.StartObject)
        {
            configDepth = reader.CurrentDepth;
        }

        if (!inCredentials && name is "credentials" && reader.TokenType is JsonTokenType.StartArray)
        {
            credentialsDepth = reader.CurrentDepth;
        }

        return false;
    }

    /// <summary>Whether the reader's current text is a secret by its appearance.</summary>
    public readonly bool MasksText(ref Utf8JsonReader reader)
    {
        const int MaxKeyLength = 2048;
        if (SecretText.HoldsPrivateKey(reader.ValueSpan))
        {
            return true;
        }

        if (reader.CurrentDepth <= configDepth || isOrdinary || reader.ValueSpan.Length > MaxKeyLength)
        {
            return false;
        }

        Span<byte> text = stackalloc byte[MaxKeyLength];
        return SecretText.IsRandom(reader.ValueIsEscaped ? text[..JsonText.Unescape(reader.ValueSpan, text)] : reader.ValueSpan);
    }

    // Keycloak stores settings as texts, including those that are on or off.
    private static bool IsSwitch(ref Utf8JsonReader reader) =>
        reader.TokenType == JsonTokenType.String && (reader.ValueSpan.SequenceEqual("true"u8) || reader.ValueSpan.SequenceEqual("false"u8));

    /// <summary>Must be called for every token that ends something.</summary>
    public void Leave(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.EndArray && reader.CurrentDepth == credentialsDepth)
        {
            credentialsDepth = int.MaxValue;
        }

        if (reader.TokenType == JsonTokenType.EndObject && reader.CurrentDepth == configDepth)
        {
            configDepth = int.MaxValue;
        }
    }
}
