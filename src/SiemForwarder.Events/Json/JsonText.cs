using System.Buffers;
using System.Buffers.Text;
using System.Text;
using System.Text.Json;

namespace SiemForwarder.Events.Json;

/// <summary>Reads foreign JSON: never throws because of a string's content; lone surrogates and invalid UTF-8 become U+FFFD.</summary>
internal static class JsonText
{
    public static readonly JsonReaderOptions ReaderOptions = new() { MaxDepth = 200, AllowTrailingCommas = true };

    private const int MaxStackLength = 512;

    private static ReadOnlySpan<byte> Replacement => [0xEF, 0xBF, 0xBD];

    /// <summary>The current property name or string.</summary>
    public static string ReadString(ref Utf8JsonReader reader) => ToText(reader.ValueSpan, reader.ValueIsEscaped);

    /// <summary>What stands between the quotes of a string, checked by a reader, as text.</summary>
    public static string ToText(ReadOnlySpan<byte> value, bool isEscaped)
    {
        if (!isEscaped)
        {
            return Utf8StringPool.GetString(value);
        }

        var rented = value.Length > MaxStackLength ? ArrayPool<byte>.Shared.Rent(value.Length) : null;
        var unescaped = rented ?? stackalloc byte[MaxStackLength];
        var text = Utf8StringPool.GetString(unescaped[..Unescape(value, unescaped)]);
        if (rented is not null)
        {
            ArrayPool<byte>.Shared.Return(rented);
        }

        return text;
    }

    /// <summary>The current value as text: a string unchanged, a number or boolean as written, an object or array as redacted JSON, null as null.</summary>
    /// <param name="reader">Positioned on the value, and on its last token afterwards.</param>
    /// <param name="json">The text being read.</param>
    public static string? ReadText(ref Utf8JsonReader reader, ReadOnlySpan<byte> json)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.String:
                return ReadString(ref reader);
            case JsonTokenType.Number or JsonTokenType.True or JsonTokenType.False:
                return Utf8StringPool.GetString(reader.ValueSpan);
            case JsonTokenType.StartObject or JsonTokenType.StartArray:
                return SecretRedactor.Redact(ReadRaw(ref reader, json));
            default:
                return null;
        }
    }

    /// <summary>The current object or array, or a string containing one, as redacted JSON; null as null.</summary>
    public static string? ReadRedacted(ref Utf8JsonReader reader, ReadOnlySpan<byte> json) =>
        reader.TokenType == JsonTokenType.String ? SecretRedactor.Redact(Encoding.UTF8.GetBytes(ReadString(ref reader))) : ReadText(ref reader, json);

    /// <summary>The bytes of the current object or array; the reader is then positioned on its last token.</summary>
    public static ReadOnlySpan<byte> ReadRaw(ref Utf8JsonReader reader, ReadOnlySpan<byte> json)
    {
        var start = (int)reader.TokenStartIndex;
        reader.Skip();
        return json[start..(int)reader.BytesConsumed];
    }

    /// <summary>The number that a number or string holds, without its fraction; null if there is none.</summary>
    public static long? ToInteger(ReadOnlySpan<byte> value)
    {
        if (Utf8Parser.TryParse(value, out long integer, out var used) && used == value.Length)
        {
            return integer;
        }

        return Utf8Parser.TryParse(value, out double real, out used) && used == value.Length && Math.Abs(real) < 1e15 ? (long)real : null;
    }

    /// <summary>Removes the escapes from a JSON string.</summary>
    /// <param name="escaped">The text between the quotes, validated by the reader.</param>
    /// <param name="destination">At least as long as <paramref name="escaped"/>, because every escape is longer than what it represents.</param>
    /// <returns>Number of bytes written.</returns>
    public static int Unescape(ReadOnlySpan<byte> escaped, Span<byte> destination)
    {
        var written = 0;
        while (true)
        {
            var backslash = escaped.IndexOf((byte)'\\');
            var plain = backslash < 0 ? escaped : escaped[..backslash];
            plain.CopyTo(destination[written..]);
            written += plain.Length;
            if (backslash < 0 || backslash + 1 >= escaped.Length)
            {
                return written;
            }

            escaped = escaped[(backslash + 1)..];
            if (escaped[0] == (byte)'u')
            {
                written += UnescapeRune(ref escaped, destination[written..]);
                continue;
            }

            destination[written++] = escaped[0] switch
            {
                (byte)'n' => (byte)'\n',
                (byte)'r' => (byte)'\r',
                (byte)'t' => (byte)'\t',
                (byte)'b' => (byte)'\b',
                (byte)'f' => (byte)'\f',
                var other => other,
            };
            escaped = escaped[1..];
        }
    }

    private static int UnescapeRune(ref ReadOnlySpan<byte> escaped, Span<byte> destination)
    {
        var first = TakeUnit(ref escaped);
        if (Rune.TryCreate(first, out var rune))
        {
            return rune.EncodeToUtf8(destination);
        }

        if (char.IsHighSurrogate(first) && escaped.StartsWith("\\u"u8))
        {
            var rest = escaped[1..];
            if (Rune.TryCreate(first, TakeUnit(ref rest), out rune))
            {
                escaped = rest;
                return rune.EncodeToUtf8(destination);
            }
        }

        Replacement.CopyTo(destination);
        return Replacement.Length;
    }

    private static char TakeUnit(ref ReadOnlySpan<byte> escaped)
    {
        // The reader has verified that four hexadecimal digits follow.
        var unit = Utf8Parser.TryParse(escaped.Slice(1, 4), out ushort value, out _, 'x') ? (char)value : '\uFFFD';
        escaped = escaped[5..];
        return unit;
    }
}
