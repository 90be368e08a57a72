using System.Text.Json;
using SiemForwarder.Events;

namespace SiemForwarder.Detections.Fields;

/// <summary>The fields of the event at hand, each found at most once, however many rules ask for it. One for each engine, used again for each event.</summary>
internal sealed class EventFields(FieldTable table)
{
    private readonly FieldValue[] values = new FieldValue[table.Count];
    private readonly int[] stamps = new int[table.Count];
    private readonly List<string> texts = [];
    private int stamp;
    private long atMs;
    private JsonDocument? raw;
    private JsonDocument? representation;
    private Reading rawReading;
    private Reading representationReading;
    private bool hasTexts;

    private enum Reading
    {
        NotYet,
        Read,
        Unreadable,
    }

    /// <summary>Which fields events have had.</summary>
    public FieldSightings Sightings { get; } = new(table);

    public SecurityEvent Event { get; private set; } = null!;

    public LocalCalendar Calendar { get; private set; } = LocalCalendar.Utc;

    /// <summary>What the representation holds under the watched paths, and what it held before; null where it is not known.</summary>
    public ObjectChange? Change { get; set; }

    public void Load(SecurityEvent securityEvent, LocalCalendar calendar)
    {
        Event = securityEvent;
        Calendar = calendar;
        atMs = securityEvent.OccurredAt.ToUnixTimeMilliseconds();
        Change = null;
        stamp++;
        hasTexts = false;
        rawReading = Reading.NotYet;
        representationReading = Reading.NotYet;
        raw?.Dispose();
        representation?.Dispose();
        raw = null;
        representation = null;
    }

    public ref readonly FieldValue this[int slot]
    {
        get
        {
            if (stamps[slot] != stamp)
            {
                values[slot] = table.Resolvers[slot](this);
                stamps[slot] = stamp;
                Sightings.Note(slot, atMs, !values[slot].IsAbsentOrNull);
            }

            return ref values[slot];
        }
    }

    /// <summary>A field of the event as its sender wrote it.</summary>
    public FieldValue FindRaw(string path) => Root(ref rawReading, ref raw, Event.Raw) is { } root ? JsonPaths.Find(root, path) : FieldValue.Absent;

    /// <summary>A member of the representation of an admin event; absent where that is no JSON (older servers cut it).</summary>
    public FieldValue FindInRepresentation(string path)
    {
        if (representationReading == Reading.NotYet)
        {
            representationReading = Reading.Unreadable;
            representation = Event.Admin?.Representation is { } json ? Parse(System.Text.Encoding.UTF8.GetBytes(json)) : null;
        }

        return representation is null ? FieldValue.Absent : JsonPaths.Find(representation.RootElement, path);
    }

    /// <summary>All text values of the event, for keywords.</summary>
    public List<string> Texts
    {
        get
        {
            if (!hasTexts)
            {
                texts.Clear();
                hasTexts = true;
                if (Root(ref rawReading, ref raw, Event.Raw) is { } root)
                {
                    JsonPaths.CollectTexts(root, texts);
                }
            }

            return texts;
        }
    }

    private static JsonElement? Root(ref Reading reading, ref JsonDocument? document, ReadOnlyMemory<byte> json)
    {
        if (reading == Reading.NotYet)
        {
            document = Parse(json);
            reading = document is null ? Reading.Unreadable : Reading.Read;
        }

        return document?.RootElement;
    }

    private static JsonDocument? Parse(ReadOnlyMemory<byte> json)
    {
        try
        {
            return json.IsEmpty ? null : JsonDocument.Parse(json);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
