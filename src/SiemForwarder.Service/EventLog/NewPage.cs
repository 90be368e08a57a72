using SiemForwarder.Events;
using SiemForwarder.Events.Bytes;

namespace SiemForwarder.Service.EventLog;

/// <summary>The new events of an append, to be stored as a segment, and the log head after them.</summary>
internal sealed class NewPage
{
    /// <param name="append">The requested append.</param>
    /// <param name="events">The new events of the page; never empty.</param>
    /// <param name="head">The log head it is appended to.</param>
    /// <param name="time">Clock.</param>
    public NewPage(LogAppend append, IReadOnlyList<IncomingEvent> events, LogHead head, TimeProvider time)
    {
        (Append, Events, Head) = (append, events, head);
        // Never earlier than the previous event, whatever the engines' clocks say: the days of a log are ordered like its positions.
        var now = time.GetUtcNow();
        ReceivedAt = now < head.LastReceivedAt ? head.LastReceivedAt.Value : now;
        (LowestAt, HighestAt) = (long.MaxValue, long.MinValue);
        foreach (ref readonly var incoming in ListSpan.Of(events))
        {
            LowestAt = Math.Min(LowestAt, incoming.OccurredAtMs);
            HighestAt = Math.Max(HighestAt, incoming.OccurredAtMs);
        }

        Body = SegmentBody.Join(events);
        var day = DateOnly.FromDateTime(ReceivedAt.UtcDateTime);
        FormerDay = head.Days.Count > 0 && head.Days[^1].Day == day ? head.Days[^1] : null;
        Day = FormerDay?.Covering(LowestAt, HighestAt) ?? LogDay.Begin(day, head.NextPosition, LowestAt, HighestAt);
    }

    public LogAppend Append { get; }

    public IReadOnlyList<IncomingEvent> Events { get; }

    public LogHead Head { get; }

    public DateTimeOffset ReceivedAt { get; }

    public long LowestAt { get; }

    public long HighestAt { get; }

    /// <summary>The bytes of its events; held by the page.</summary>
    public SegmentBody Body { get; }

    /// <summary>The day it belongs to, with the bounds after the append.</summary>
    public LogDay Day { get; }

    /// <summary>The same day before the append; null if the page is the first of its day.</summary>
    public LogDay? FormerDay { get; }

    /// <summary>Edition of the cache before the page was stored.</summary>
    public int CacheEdition { get; set; }

    /// <summary>The head once the page is stored.</summary>
    public LogHead After => Head with
    {
        NextPosition = Head.NextPosition + Events.Count,
        LastReceivedAt = ReceivedAt,
        Days = Day == FormerDay ? Head.Days : [.. FormerDay is null ? Head.Days : Head.Days.Take(Head.Days.Count - 1), Day],
    };

    public LogSegment ToSegment()
    {
        var incoming = ListSpan.Of(Events);
        var (keys, times) = (new EventKey[incoming.Length], new long[incoming.Length]);
        for (var i = 0; i < keys.Length; i++)
        {
            (keys[i], times[i]) = (incoming[i].Key, incoming[i].OccurredAtMs);
        }

        return new LogSegment(Append.SourceId, Append.Stream, Head.NextPosition, ReceivedAt, Body, keys, times, names: Append.Names);
    }
}
