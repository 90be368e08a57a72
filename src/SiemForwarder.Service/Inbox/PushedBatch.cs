using System.Text.Json;
using Microsoft.Net.Http.Headers;
using SiemForwarder.Events.Json;
using SiemForwarder.Events.Pushed;
using SiemForwarder.Service.EventLog;

namespace SiemForwarder.Service.Inbox;

/// <summary>The valid events of one request, in order and with their exact bytes, and the rejected ones.</summary>
internal sealed class PushedBatch
{
    // The depth limit is checked for each event; this only bounds the search for its end.
    private const int MaxDepth = 1000;

    // The list is as long as it gets, nearly always: a login event has some 600 bytes.
    private const int UsualEventBytes = 512;

    private readonly InboxSettings inbox;
    private readonly InboxOptions limits;
    private readonly long receivedMs;
    private readonly PushedKeys keys = new();
    private int count;

    private PushedBatch(int bytes, InboxSettings inbox, InboxOptions limits, long receivedMs)
    {
        Events = new List<IncomingEvent>(1 + (bytes / UsualEventBytes));
        this.inbox = inbox;
        this.limits = limits;
        this.receivedMs = receivedMs;
    }

    public List<IncomingEvent> Events { get; }

    public List<RejectedEvent> Rejected { get; } = [];

    /// <summary>Whether a media type means one event per line; null if the inbox does not accept it.</summary>
    public static bool? IsLines(string? contentType) => MediaTypeHeaderValue.TryParse(contentType, out var type)
        ? type.MediaType.Value?.ToLowerInvariant() switch
        {
            "application/x-ndjson" or "application/ndjson" or "application/jsonl" or "application/x-jsonlines" => true,
            "application/json" => false,
            _ => null,
        }
        : null;

    /// <summary>Whether a media type names no charset or UTF-8, the only encoding of JSON (RFC 8259 section 8.1).</summary>
    public static bool IsUtf8(string? contentType) =>
        !MediaTypeHeaderValue.TryParse(contentType, out var type) || type.Charset.Value?.Trim('"').ToLowerInvariant() is null or "" or "utf-8" or "utf8";

    /// <summary>Splits a body into events.</summary>
    /// <param name="body">The uncompressed body.</param>
    /// <param name="isLines">True for one event per line; otherwise one object or an array.</param>
    /// <param name="inbox">Settings of the source.</param>
    /// <param name="limits">Limits set by the operator.</param>
    /// <param name="receivedMs">Time of receipt, for events without their own time.</param>
    public static (PushedBatch? Batch, PushRefusal? Refusal) Read(
        ReadOnlyMemory<byte> body, bool isLines, InboxSettings inbox, InboxOptions limits, long receivedMs)
    {
        var batch = new PushedBatch(body.Length, inbox, limits, receivedMs);
        var json = body.Span.StartsWith("\uFEFF"u8) ? body[3..] : body;
        try
        {
            var refusal = isLines ? batch.TakeLines(json) : batch.TakeJson(json);
            return refusal is null && batch.count == 0
                ? (null, PushRefusal.Malformed("The body contains no event: send one JSON object, an array of them, or NDJSON as application/x-ndjson."))
                : (refusal is null ? batch : null, refusal);
        }
        catch (JsonException)
        {
            var place = JsonCursor.FindFault(json.Span, MaxDepth) is { } fault ? Where(fault) : "";
            return (null, PushRefusal.Malformed($"The body is not valid JSON, so nothing was stored. {place}"));
        }
    }

    private PushRefusal? TakeLines(ReadOnlyMemory<byte> body)
    {
        while (!body.IsEmpty)
        {
            var end = body.Span.IndexOf((byte)'\n');
            var line = Trimmed(end < 0 ? body : body[..end]);
            body = end < 0 ? default : body[(end + 1)..];
            if (!line.IsEmpty && Take(line) is { } refusal)
            {
                return refusal;
            }
        }

        return null;
    }

    // Every event is read where it stands, in one pass over the body.
    private PushRefusal? TakeJson(ReadOnlyMemory<byte> body)
    {
        var cursor = new JsonCursor(body.Span, MaxDepth, allowsTrailingCommas: false);
        cursor.ReadRoot();
        if (cursor.Kind != JsonTokenType.StartArray)
        {
            return Take(Trimmed(body));
        }

        cursor.Enter();
        while (cursor.NextElement())
        {
            if (CountOne() is { } refusal)
            {
                return refusal;
            }

            var before = cursor;
            cursor.MaxDepth = PushedEventLimits.MaxDepth + 1;
            string? fault;
            IncomingEvent incoming;
            try
            {
                var outline = PushedOutline.Read(ref cursor);
                cursor.MaxDepth = MaxDepth;
                fault = Identify(outline, body[before.ValueStart..cursor.Position], out incoming);
            }
            catch (JsonException)
            {
                // Broken JSON ends the whole request here; what is no object, or nests too deep, is this event's own fault.
                cursor = before;
                cursor.Skip();
                fault = Identify(body[before.ValueStart..cursor.Position], out incoming);
            }

            Keep(fault, incoming);
        }

        return cursor.IsAtEnd() ? null : throw new JsonException("Something follows the array.");
    }

    private PushRefusal? Take(ReadOnlyMemory<byte> json)
    {
        if (CountOne() is { } refusal)
        {
            return refusal;
        }

        Keep(Identify(json, out var incoming), incoming);
        return null;
    }

    private PushRefusal? CountOne() => ++count > limits.MaxRequestEvents
        ? PushRefusal.TooLarge($"A request may contain at most {limits.MaxRequestEvents} events; split it. Nothing of it was stored.")
        : null;

    private void Keep(string? fault, in IncomingEvent incoming)
    {
        if (fault is null)
        {
            Events.Add(incoming);
        }
        else
        {
            Rejected.Add(new RejectedEvent(count - 1, fault));
        }
    }

    private string? Identify(ReadOnlyMemory<byte> json, out IncomingEvent incoming)
    {
        incoming = default;
        try
        {
            return FindSizeFault(json) ?? Identify(PushedOutline.Read(json.Span), json, out incoming);
        }
        catch (JsonException exception)
        {
            return $"An event must be one JSON object, nested at most {PushedEventLimits.MaxDepth} deep. {Where(exception)}";
        }
    }

    private string? Identify(in PushedOutline outline, ReadOnlyMemory<byte> json, out IncomingEvent incoming)
    {
        incoming = default;
        if ((FindSizeFault(json) ?? PushedEventLimits.FindFault(outline) ?? FindForeignRealm(outline)) is { } fault)
        {
            return fault;
        }

        var (key, former) = keys.Of(outline, json, inbox.PulledRealm is not null, inbox.PulledByContent);
        // A time far from now is not used in the log: it would widen every lookup and stay at the top of searches forever.
        var isAtOwnTime = outline.TimeMs is { } own && limits.IsNear(own, receivedMs);
        incoming = new IncomingEvent(isAtOwnTime ? outline.TimeMs!.Value : receivedMs, key, former, json, IsTimeOfReceipt: !isAtOwnTime);
        return null;
    }

    private string? FindSizeFault(ReadOnlyMemory<byte> json) => json.Length > limits.MaxEventBytes
        ? $"An event may have at most {limits.MaxEventBytes} bytes; this one has {json.Length}."
        : null;

    private string? FindForeignRealm(in PushedOutline outline) =>
        inbox.PulledRealm is { } realm && outline.RealmName is { Length: > 0 } named && named != realm
            ? $"The event belongs to another realm than '{realm}', which this source polls; push it to a separate source."
            : null;

    private static string Where(JsonException exception) => exception.LineNumber is { } line
        ? $"Reading stopped at line {line + 1}, byte {exception.BytePositionInLine + 1}."
        : exception.Message;

    private static ReadOnlyMemory<byte> Trimmed(ReadOnlyMemory<byte> text)
    {
        var from = text.Span.IndexOfAnyExcept(" \t\r\n"u8);
        return from < 0 ? default : text[from..(text.Span.LastIndexOfAnyExcept(" \t\r\n"u8) + 1)];
    }
}
