namespace SiemForwarder.Service.EventLog;

/// <summary>The new events of an append on their way into a segment, and the head as it is after them.</summary>
internal sealed class NewPage
{
    /// <param name="append">What was asked for.</param>
    /// <param name="events">What of it is new; not empty.</param>
    /// <param name="head">The head that it goes behind.</param>
    /// <param name="time">Clock.</param>
    public NewPage(LogAppend append, List<IncomingEvent> events, LogHead head, TimeProvider time)
    {
        (Append, Events, Head) = (append, events, head);
        // Never before the event before it, whatever the clocks of the engines say: days of a log follow each other like its positions.
        var now = time.GetUtcNow();
        ReceivedAt = now < head.LastReceivedAt ? head.LastReceivedAt.Value : now;
        (LowestAt, HighestAt) = (long.MaxValue, long.MinValue);
        foreach (var incoming in events)
        {
            LowestAt = Math.Min(LowestAt, incoming.OccurredAtMs);
            HighestAt = Math.Max(HighestAt, incoming.OccurredAtMs);
        }

        (Bytes, Ends) = SegmentCodec.Join(events);
        var day = DateOnly.FromDateTime(ReceivedAt.UtcDateTime);
        FormerDay = head.Days.Count > 0 && head.Days[^1].Day == day ? head.Days[^1] : null;
        Day = FormerDay?.Covering(LowestAt, HighestAt) ?? LogDay.Begin(day, head.NextPosition, LowestAt, HighestAt);
    }

    public LogAppend Append { get; }

    public List<IncomingEvent> Events { get; }

    public LogHead Head { get; }

    public DateTimeOffset ReceivedAt { get; }

    public long LowestAt { get; }

    public long HighestAt { get; }

    public byte[] Bytes { get; }

    public int[] Ends { get; }

    /// <summary>The day that it belongs to, with its bounds after it.</summary>
    public LogDay Day { get; }

    /// <summary>The same day before it; null where it is the first of its day.</summary>
    public LogDay? FormerDay { get; }

    /// <summary>Edition of the cache before it was stored.</summary>
    public int CacheEdition { get; set; }

    /// <summary>The head once the page is stored.</summary>
    public LogHead After => Head with
    {
        NextPosition = Head.NextPosition + Events.Count,
        LastReceivedAt = ReceivedAt,
        Days = Day == FormerDay ? Head.Days : [.. FormerDay is null ? Head.Days : Head.Days.Take(Head.Days.Count - 1), Day],
    };

    public LogSegment ToSegment() => new(
        Append.SourceId, Append.Stream, Head.NextPosition, ReceivedAt, Bytes, Ends, [.. Events.Select(one => one.Key)],
        [.. Events.Select(one => one.OccurredAtMs)], names: Append.Names);
}
