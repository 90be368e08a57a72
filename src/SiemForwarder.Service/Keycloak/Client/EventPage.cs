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
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 128 });
        try
        {
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartArray)
            {
                return false;
            }

            while (reader.Read() && reader.TokenType == JsonTokenType.StartObject)
            {
                if (!TryReadEvent(ref reader, out var pageEvent))
                {
                    return false;
                }

                events.Add(pageEvent);
            }

            return reader.TokenType == JsonTokenType.EndArray && !reader.Read();
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static bool TryReadEvent(ref Utf8JsonReader reader, out PageEvent pageEvent)
    {
        var start = (int)reader.TokenStartIndex;
        long? timeMs = null;
        EventKey? key = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = Text(ref reader);
            var (isTime, isId) = (name.SequenceEqual("time"u8), name.SequenceEqual("id"u8));
            reader.Read();
            if (isTime && reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var time))
            {
                timeMs = time;
            }
            else if (isId && reader.TokenType == JsonTokenType.String)
            {
                key = EventKey.FromId(Text(ref reader));
            }
            else
            {
                reader.Skip();
            }
        }

        pageEvent = new PageEvent(timeMs ?? 0, key, start, (int)reader.BytesConsumed - start);
        return timeMs is not null;
    }

    private static ReadOnlySpan<byte> Text(ref Utf8JsonReader reader) =>
        reader.ValueIsEscaped ? EscapedText.Unescape(reader.ValueSpan) : reader.ValueSpan;
}
