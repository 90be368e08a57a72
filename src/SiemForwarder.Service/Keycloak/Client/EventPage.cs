using System.Buffers.Text;
using System.Text.Json;
using SiemForwarder.Events;
using SiemForwarder.Events.Json;

namespace SiemForwarder.Service.Keycloak.Client;

/// <summary>One event of a page: the location of its exact bytes, its time, and its key if it has an id.</summary>
internal readonly record struct PageEvent(long TimeMs, EventKey? Key, int Start, int Length);

/// <summary>A page of events, parsed completely before any of it is used; holds the response buffer until disposed.</summary>
/// <remarks>A row that Keycloak cannot read truncates a page with status 200 and well-formed chunks; only the missing end of the array reveals it.</remarks>
internal sealed class EventPage : IDisposable
{
    private const int MaxDepth = 128;

    private readonly KeycloakBody body;

    private EventPage(KeycloakBody body, List<PageEvent> events)
    {
        this.body = body;
        Events = events;
    }

    public List<PageEvent> Events { get; }

    public int Count => Events.Count;

    public long FirstTimeMs => Events[0].TimeMs;

    public long LastTimeMs => Events[^1].TimeMs;

    /// <summary>The exact bytes of one event.</summary>
    public ReadOnlyMemory<byte> Json(PageEvent pageEvent) => body.Bytes.Slice(pageEvent.Start, pageEvent.Length);

    /// <summary>Takes ownership of the body; null, with the body released, if it is not one complete JSON array of events with times.</summary>
    public static EventPage? Find(KeycloakBody body)
    {
        var events = new List<PageEvent>();
        if (TryRead(body.Bytes.Span, events))
        {
            return new EventPage(body, events);
        }

        body.Dispose();
        return null;
    }

    public void Dispose() => body.Dispose();

    private static bool TryRead(ReadOnlySpan<byte> json, List<PageEvent> events)
    {
        var cursor = new JsonCursor(json, MaxDepth, allowsTrailingCommas: false);
        try
        {
            cursor.ReadRoot();
            if (cursor.Kind != JsonTokenType.StartArray)
            {
                return false;
            }

            cursor.Enter();
            while (cursor.NextElement())
            {
                if (!TryReadEvent(ref cursor, out var pageEvent))
                {
                    return false;
                }

                events.Add(pageEvent);
            }

            return cursor.IsAtEnd();
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static bool TryReadEvent(ref JsonCursor cursor, out PageEvent pageEvent)
    {
        pageEvent = default;
        if (cursor.Kind != JsonTokenType.StartObject)
        {
            return false;
        }

        var start = cursor.ValueStart;
        long? timeMs = null;
        EventKey? key = null;
        cursor.Enter();
        while (cursor.NextMember())
        {
            if (cursor.Kind == JsonTokenType.Number && cursor.Name.SequenceEqual("time"u8))
            {
                timeMs = Utf8Parser.TryParse(cursor.Value, out long time, out var used) && used == cursor.Value.Length ? time : timeMs;
            }
            else if (cursor.Kind == JsonTokenType.String && cursor.Name.SequenceEqual("id"u8))
            {
                key = EventKey.FromId(cursor.IsEscaped ? EscapedText.Unescape(cursor.Value) : cursor.Value);
            }
        }

        pageEvent = new PageEvent(timeMs ?? 0, key, start, cursor.Position - start);
        return timeMs is not null;
    }
}
