using System.Diagnostics.CodeAnalysis;
using System.Text.Encodings.Web;
using System.Text.Json;
using SiemForwarder.Events.Formats.Text;

namespace SiemForwarder.Events.Formats.Json;

/// <summary>Writes the members of one compact JSON object (RFC 8259); what is empty is left out, what is too long is cut.</summary>
[SuppressMessage("Design", "CA1001", Justification = "The writer owns nothing: it writes to the buffer of the formatter.")]
internal sealed class JsonMembers
{
    private static readonly JsonWriterOptions WriterOptions = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true, MaxDepth = 1000,
    };

    // Id and type are cut last: they tell which event it was.
    private const int IdentityLength = 64;

    // What a schema requires, but others could make long.
    private const int RequiredLength = 16;

    private int textLength;

    public Utf8JsonWriter Writer { get; } = new(Stream.Null, WriterOptions);

    /// <summary>Begins anew at the end of a buffer.</summary>
    /// <param name="output">Where to write.</param>
    /// <param name="longestText">Longest text in UTF-16 units.</param>
    public void Begin(Utf8Buffer output, int longestText)
    {
        Writer.Reset(output);
        textLength = longestText;
    }

    /// <summary>True where only what identifies the event is written.</summary>
    public bool IsScarce => textLength == 0;

    public void Open(ReadOnlySpan<byte> name) => Writer.WriteStartObject(name);

    public void Close() => Writer.WriteEndObject();

    public void Text(ReadOnlySpan<byte> name, ReadOnlySpan<char> text)
    {
        if (!text.IsEmpty && textLength > 0)
        {
            Writer.WriteString(name, Texts.Cut(text, textLength));
        }
    }

    /// <summary>A text of ours.</summary>
    public void Text(ReadOnlySpan<byte> name, ReadOnlySpan<byte> text)
    {
        if (!text.IsEmpty)
        {
            Writer.WriteString(name, text);
        }
    }

    /// <summary>A text that is kept when others are not: an id, a type.</summary>
    public void Identity(ReadOnlySpan<byte> name, ReadOnlySpan<char> text) => Writer.WriteString(name, Texts.Cut(text, Math.Max(textLength, IdentityLength)));

    /// <summary>A text that the schema requires: of a few characters where room is scarce.</summary>
    public void Required(ReadOnlySpan<byte> name, ReadOnlySpan<char> text) => Writer.WriteString(name, Texts.Cut(text, Math.Max(textLength, RequiredLength)));

    /// <summary>An address, which is short and would mean another one if it were cut.</summary>
    public void Address(ReadOnlySpan<byte> name, ReadOnlySpan<char> address) => Writer.WriteString(name, address);

    public void Number(ReadOnlySpan<byte> name, long number) => Writer.WriteNumber(name, number);

    public void Instant(ReadOnlySpan<byte> name, DateTimeOffset instant)
    {
        Span<byte> text = stackalloc byte[Instants.MillisecondsLength];
        Instants.Format(instant, text);
        Writer.WriteString(name, text);
    }

    /// <summary><c>true</c> where a mark is set, else nothing.</summary>
    public void Mark(ReadOnlySpan<byte> name, bool isSet)
    {
        if (isSet)
        {
            Writer.WriteBoolean(name, true);
        }
    }

    /// <summary>An array of constant texts.</summary>
    public void List(ReadOnlySpan<byte> name, IReadOnlyList<string> texts)
    {
        Writer.WriteStartArray(name);
        for (var index = 0; index < texts.Count; index++)
        {
            Writer.WriteStringValue(texts[index]);
        }

        Writer.WriteEndArray();
    }

    /// <summary>A text in an array.</summary>
    public void Item(ReadOnlySpan<char> text)
    {
        if (!text.IsEmpty && textLength > 0)
        {
            Writer.WriteStringValue(Texts.Cut(text, textLength));
        }
    }

    /// <summary>The details as one object; none where <paramref name="length"/> is 0.</summary>
    public void Details(ReadOnlySpan<byte> name, IReadOnlyList<KeyValuePair<string, string>> details, int length)
    {
        if (details.Count == 0 || length == 0)
        {
            return;
        }

        Writer.WriteStartObject(name);
        for (var index = 0; index < details.Count; index++)
        {
            Writer.WriteString(Texts.Cut(details[index].Key, length), Texts.Cut(details[index].Value, length));
        }

        Writer.WriteEndObject();
    }
}
