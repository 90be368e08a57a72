using System.Diagnostics.CodeAnalysis;
using System.Text.Encodings.Web;
using System.Text.Json;
using SiemForwarder.Events.Formats.Text;

namespace SiemForwarder.Events.Formats.Json;

/// <summary>
/// Writes the members of one compact JSON object (RFC 8259); empty values are omitted, as are objects and lists without members and, if
/// space is short, the least valuable members.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "The writer owns nothing: it writes to the formatter's buffer.")]
internal sealed class JsonMembers
{
    private static readonly JsonWriterOptions WriterOptions = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true, MaxDepth = 1000,
    };

    // Id and type are cut last: they identify the event.
    private const int IdentityLength = 64;

    // Required by a schema, but others could make it long.
    private const int RequiredLength = 16;

    private readonly JsonRoom room = new();
    private readonly OpenNames open = new();
    private readonly DetailNames detailNames = new();

    // Three bytes of UTF-8 per UTF-16 unit plus the name stay below Lucene's maximum term length of 32766 bytes: with one longer value in a
    // field of OpenSearch's type flat_object, the whole document is rejected.
    private const int DetailLength = 8191;

    private int textLength;
    private bool hasCutDetail;
    private int markBytes;

    // Nesting depth within an object or list that is omitted.
    private int leftOutLevels;

    // Nesting depth within an object or list that is kept or omitted as a whole; its number and where it started.
    private int wholeLevels;
    private int wholeNumber;
    private int wholeStart;

    public Utf8JsonWriter Writer { get; } = new(Stream.Null, WriterOptions);

    /// <summary>True if only what identifies the event is written.</summary>
    public bool IsScarce => textLength == 0;

    /// <summary>Bytes that the mark of <see cref="Shortened"/> would have taken in the last event if it had been written.</summary>
    public int MarkBytes => markBytes;

    /// <summary>True if something was cut after the mark's position, so that the event must be written again.</summary>
    public bool LacksMark => IsShortened && markBytes > 0;

    private bool IsShortened => textLength != int.MaxValue || room.HasLeftOut || hasCutDetail;

    private int Length => (int)(Writer.BytesCommitted + Writer.BytesPending);

    /// <summary>Starts an event that is complete except for cut texts.</summary>
    /// <param name="output">Where to write.</param>
    /// <param name="longestText">Maximum text length in UTF-16 units.</param>
    public void Begin(Utf8Buffer output, int longestText)
    {
        textLength = longestText;
        hasCutDetail = false;
        room.Clear();
        Again(output);
    }

    /// <summary>Starts the same event again, without the members omitted to save space.</summary>
    public void Again(Utf8Buffer output)
    {
        Writer.Reset(output);
        room.Again();
        open.Clear();
        (markBytes, leftOutLevels, wholeLevels) = (0, 0, 0);
    }

    /// <summary>Selects members to omit until the event is the given number of bytes shorter; false if none was left.</summary>
    public bool Save(int bytes) => room.Save(bytes);

    /// <summary>Restores omitted members that fit into the given number of bytes; false if none does.</summary>
    public bool Restore(int bytes) => room.HasLeftOut && room.Restore(bytes);

    /// <summary>Opens an object; with less worth than <see cref="Worth.Core"/> it is kept or omitted as a whole.</summary>
    public void Open(ReadOnlySpan<byte> name, Worth worth = Worth.Core) => Open(Bracket.Object, name, worth);

    /// <summary>Opens an object in a list.</summary>
    public void OpenItem() => Open(Bracket.Item, [], Worth.Core);

    /// <summary>Opens a list; with less worth than <see cref="Worth.Core"/> it is kept or omitted as a whole.</summary>
    public void OpenList(ReadOnlySpan<byte> name, Worth worth = Worth.Core) => Open(Bracket.List, name, worth);

    /// <summary>Closes the most recently opened object or list.</summary>
    public void Close()
    {
        if (leftOutLevels > 0)
        {
            leftOutLevels--;
            return;
        }

        if (open.Close(Writer) is { } begun)
        {
            room.Begun(begun);
        }

        if (wholeLevels > 0 && --wholeLevels == 0)
        {
            room.Measured(wholeNumber, Length - wholeStart);
        }
    }

    /// <summary>A text, cut if it is too long.</summary>
    public void Text(ReadOnlySpan<byte> name, ReadOnlySpan<char> text, Worth worth = Worth.Fact)
    {
        if (!text.IsEmpty && textLength > 0 && Starts(worth, out var number, out var start))
        {
            Writer.WriteString(name, Texts.Cut(text, textLength));
            Ends(number, start);
        }
    }

    /// <summary>A constant text.</summary>
    public void Text(ReadOnlySpan<byte> name, ReadOnlySpan<byte> text, Worth worth = Worth.Core)
    {
        if (!text.IsEmpty && Starts(worth, out var number, out var start))
        {
            Writer.WriteString(name, text);
            Ends(number, start);
        }
    }

    /// <summary>A text that is kept even if others are not: an id, a type.</summary>
    public void Identity(ReadOnlySpan<byte> name, ReadOnlySpan<char> text) => Kept(name, text, IdentityLength);

    /// <summary>A text required by the schema, reduced to a few characters if space is short.</summary>
    public void Required(ReadOnlySpan<byte> name, ReadOnlySpan<char> text) => Kept(name, text, RequiredLength);

    /// <summary>An address, which is short and would become a different one if it were cut.</summary>
    public void Address(ReadOnlySpan<byte> name, ReadOnlySpan<char> address, Worth worth = Worth.Core)
    {
        if (Starts(worth, out var number, out var start))
        {
            Writer.WriteString(name, address);
            Ends(number, start);
        }
    }

    public void Number(ReadOnlySpan<byte> name, long value, Worth worth = Worth.Core)
    {
        if (Starts(worth, out var number, out var start))
        {
            Writer.WriteNumber(name, value);
            Ends(number, start);
        }
    }

    /// <summary>A number that may be unknown.</summary>
    public void Number(ReadOnlySpan<byte> name, double? value, Worth worth = Worth.Context)
    {
        if (value is { } known && Starts(worth, out var number, out var start))
        {
            Writer.WriteNumber(name, known);
            Ends(number, start);
        }
    }

    public void Instant(ReadOnlySpan<byte> name, DateTimeOffset instant, Worth worth = Worth.Core)
    {
        Span<byte> text = stackalloc byte[Instants.MillisecondsLength];
        Instants.Format(instant, text);
        Text(name, text, worth);
    }

    /// <c>true</c> if a mark is set, otherwise nothing.
    public void Mark(ReadOnlySpan<byte> name, bool isSet, Worth worth = Worth.Core)
    {
        if (isSet && Starts(worth, out var number, out var start))
        {
            Writer.WriteBoolean(name, true);
            Ends(number, start);
        }
    }

    /// <summary>The mark of an event that is incomplete.</summary>
    public void Shortened(ReadOnlySpan<byte> name)
    {
        Mark(name, IsShortened);
        // Nothing if it was written.
        markBytes = IsShortened ? 0 : name.Length + ",\"\":true".Length;
    }

    /// <summary>JSON that is known to be valid, or a text if it is not JSON.</summary>
    public void Json(ReadOnlySpan<byte> name, string? json, Worth worth)
    {
        if (string.IsNullOrEmpty(json) || !Starts(worth, out var number, out var start))
        {
            return;
        }

        if (json.StartsWith('{') || json.StartsWith('['))
        {
            Writer.WritePropertyName(name);
            Writer.WriteRawValue(json, skipInputValidation: true);
        }
        else
        {
            Writer.WriteString(name, Texts.Cut(json, textLength));
        }

        Ends(number, start);
    }

    /// <summary>An array of constant texts.</summary>
    public void List(ReadOnlySpan<byte> name, IReadOnlyList<string> texts)
    {
        OpenList(name);
        for (var index = 0; index < texts.Count; index++)
        {
            Item(texts[index], Worth.Core);
        }

        Close();
    }

    /// <summary>A text in a list; with <see cref="Worth.Core"/> it always keeps at least a few characters.</summary>
    public void Item(ReadOnlySpan<char> text, Worth worth = Worth.Fact)
    {
        var length = worth == Worth.Core ? Math.Max(textLength, RequiredLength) : textLength;
        if (!text.IsEmpty && length > 0 && Starts(worth, out var number, out var start))
        {
            Writer.WriteStringValue(Texts.Cut(text, length));
            Ends(number, start);
        }
    }

    /// <summary>A constant text in a list.</summary>
    public void Item(ReadOnlySpan<byte> text)
    {
        if (Starts(Worth.Core, out _, out _))
        {
            Writer.WriteStringValue(text);
        }
    }

    /// <summary>An address in a list, never cut.</summary>
    public void AddressItem(ReadOnlySpan<char> address)
    {
        if (Starts(Worth.Core, out _, out _))
        {
            Writer.WriteStringValue(address);
        }
    }

    /// <summary>A number in a list.</summary>
    public void Item(double value)
    {
        if (Starts(Worth.Core, out _, out _))
        {
            Writer.WriteNumberValue(value);
        }
    }

    /// <summary>The details as one object; each can be omitted individually.</summary>
    /// <param name="name">Name of the object.</param>
    /// <param name="details">Names and values.</param>
    /// <param name="asSent">True to keep the names as sent by the source, including those that a document store cannot index.</param>
    public void Details(ReadOnlySpan<byte> name, IReadOnlyList<KeyValuePair<string, string>> details, bool asSent = false)
    {
        Open(name);
        detailNames.Begin(details.Count);
        for (var index = 0; index < details.Count; index++)
        {
            var (key, value) = details[index];
            var shown = asSent ? Texts.Cut(key, textLength) : detailNames.Next(key);
            var length = asSent ? textLength : Math.Min(textLength, DetailLength);
            if (length > 0 && Starts(Worth.Detail, out var number, out var start))
            {
                hasCutDetail |= value.Length > length;
                Writer.WriteString(shown, Texts.Cut(value, length));
                Ends(number, start);
            }
        }

        Close();
    }

    private void Kept(ReadOnlySpan<byte> name, ReadOnlySpan<char> text, int least)
    {
        if (Starts(Worth.Core, out _, out _))
        {
            Writer.WriteString(name, Texts.Cut(text, Math.Max(textLength, least)));
        }
    }

    private void Open(Bracket bracket, ReadOnlySpan<byte> name, Worth worth)
    {
        if (leftOutLevels > 0)
        {
            leftOutLevels++;
            return;
        }

        if (wholeLevels > 0)
        {
            wholeLevels++;
        }
        else if (worth != Worth.Core)
        {
            if (!room.Takes(worth, out wholeNumber))
            {
                room.Surrounded(wholeNumber, open.Waiting);
                leftOutLevels = 1;
                return;
            }

            open.Write(Writer, room.Next);
            (wholeLevels, wholeStart) = (1, Length);
        }

        open.Add(bracket, name, room.Next);
    }

    // False if the member must not be written.
    private bool Starts(Worth worth, out int number, out int start)
    {
        (number, start) = (-1, 0);
        if (leftOutLevels > 0)
        {
            return false;
        }

        if (worth != Worth.Core && wholeLevels == 0 && !room.Takes(worth, out number))
        {
            room.Surrounded(number, open.Waiting);
            return false;
        }

        open.Write(Writer, room.Next);
        start = Length;
        return true;
    }

    private void Ends(int number, int start)
    {
        if (number >= 0)
        {
            room.Measured(number, Length - start);
        }
    }
}
