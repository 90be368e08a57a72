using SiemForwarder.Events;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Keycloak.Client;
using SiemForwarder.Service.Keycloak.Gaps;
using SiemForwarder.Service.Keycloak.Polling;

namespace SiemForwarder.Service.Keycloak.Tail;

/// <summary>One pass over a range of rows, newest first by offset, page by page with an overlap.</summary>
/// <remarks>New rows arrive at the head, so offsets only shift towards older rows: duplicates, never gaps. The overlap contains the whole group of one time
/// at a page's edge, so that the order within the group does not matter and identical rows are counted on one page.</remarks>
internal sealed class DescendingReader(StreamPollContext tail, long floorMs, string? fromDay, string? toDay, int firstRows)
{
    private const int MinOverlap = 10;
    private const int MinRows = 2 * MinOverlap;
    private readonly PageKeys keys = new();
    private HashSet<(long TimeMs, EventKey Key)> previous = [];
    private int first;
    private int rows = Math.Max(MinRows, firstRows);
    private long aboveMs = long.MaxValue;
    private int leastRows;

    /// <summary>Largest event time of the pass.</summary>
    public long MaxTimeMs { get; private set; } = long.MinValue;

    public int PagesRead { get; private set; }

    /// <summary>Time of the oldest row read so far.</summary>
    public long ReachedMs => aboveMs;

    public bool IsDone { get; private set; }

    /// <summary>Reads and stores the next page; null, or the failure.</summary>
    public async Task<PollFailure?> ReadAsync(CancellationToken cancellationToken)
    {
        var (fetched, failure) = await tail.FetchAsync(Query(first, rows), KeycloakClient.MaxPageBytes, cancellationToken);
        using var page = fetched;
        if (page is null)
        {
            return await RecoverAsync(failure!, cancellationToken);
        }

        PagesRead++;
        tail.PageSize.NoteGoodPage();
        return await TakeAsync(page, rows, cancellationToken);
    }

    private EventQuery Query(int offset, int max) => new(tail.Stream, max) { First = offset, From = fromDay, To = toDay };

    private async Task<PollFailure?> TakeAsync(EventPage page, int asked, CancellationToken cancellationToken)
    {
        if (page.Count < Math.Min(leastRows, asked))
        {
            leastRows = 0;
            return KeycloakAnswers.Fewer(tail.Source);
        }

        var events = keys.ByContent(page, floorMs);
        if (first > 0 && previous.Count > 0 && page.Count > 0 && !events.Exists(incoming => previous.Contains((incoming.OccurredAtMs, incoming.Key))))
        {
            // Rows before this page were deleted meanwhile: go back until the pages overlap again, or to the head.
            first = Math.Max(0, first - asked);
            leastRows = 0;
            return null;
        }

        var failure = await StoreAsync(events, cancellationToken);
        if (failure is not null)
        {
            return failure;
        }

        IsDone = page.Count < asked || page.LastTimeMs < floorMs;
        return IsDone ? null : await AdvanceAsync(page, events, cancellationToken);
    }

    private async Task<PollFailure?> AdvanceAsync(EventPage page, List<IncomingEvent> events, CancellationToken cancellationToken)
    {
        aboveMs = page.LastTimeMs;
        var tie = 0;
        while (tie < page.Count && page.Events[page.Count - 1 - tie].TimeMs == page.LastTimeMs)
        {
            tie++;
        }

        var overlap = Math.Max(MinOverlap, tie);
        if (overlap >= page.Count && page.Count < PollTiming.MaxPageRows)
        {
            // The page covers little more than one millisecond: request a larger one from the same place, as long as the server copes.
            rows = Math.Min(PollTiming.MaxPageRows, page.Count * 2);
            leastRows = page.Count;
            return null;
        }

        leastRows = 0;
        if (overlap >= page.Count)
        {
            // One millisecond has more rows than the server can return at once: read in parts, although the order may change between parts.
            previous = [];
            first += page.Count - MinOverlap;
            return await tail.TellCrowdedAsync(page.LastTimeMs, cancellationToken);
        }

        previous = [.. events.Select(incoming => (incoming.OccurredAtMs, incoming.Key))];
        first += page.Count - overlap;
        rows = Math.Max(MinRows, tail.PageSize.Rows);
        return null;
    }

    private async Task<PollFailure?> StoreAsync(List<IncomingEvent> events, CancellationToken cancellationToken)
    {
        var hashedThroughMs = tail.Checkpoint.HashedThroughMs ?? long.MinValue;
        foreach (var incoming in events)
        {
            MaxTimeMs = Math.Max(MaxTimeMs, incoming.OccurredAtMs);
            hashedThroughMs = Math.Max(hashedThroughMs, incoming.OccurredAtMs);
        }

        var next = events.Count == 0 ? tail.Checkpoint : tail.Checkpoint with { HashedThroughMs = hashedThroughMs };
        return await tail.StoreAsync(events, next, cancellationToken);
    }

    private async Task<PollFailure?> RecoverAsync(PollFailure failure, CancellationToken cancellationToken)
    {
        if (failure.Suspect == PageSuspicion.TooLarge)
        {
            tail.PageSize.Halve();
            leastRows = 0;
            rows = Math.Min(rows, Math.Max(MinRows, tail.PageSize.Rows));
        }

        if (failure.Suspect != PageSuspicion.UnreadableRow)
        {
            return failure;
        }

        var search = new UnreadableOffsetSearch(tail, failure, Query);
        var (good, unfound) = await search.FindAsync(first, rows, cancellationToken);
        if (good is not { } readable)
        {
            return unfound;
        }

        return await StepPastAsync(search, readable, cancellationToken);
    }

    private async Task<PollFailure?> StepPastAsync(UnreadableOffsetSearch search, int readable, CancellationToken cancellationToken)
    {
        if (readable > 0)
        {
            var (fetched, failure) = await tail.FetchAsync(Query(first, readable), KeycloakClient.MaxPageBytes, cancellationToken);
            using var page = fetched;
            failure ??= await StoreAsync(keys.ByContent(page!, floorMs), cancellationToken);
            if (failure is not null)
            {
                return failure;
            }

            aboveMs = page!.Count > 0 ? page.LastTimeMs : aboveMs;
            if (aboveMs < floorMs)
            {
                IsDone = true;
                return null;
            }
        }

        var (unreadable, belowMs, lost) = await search.CountAsync(first + readable, cancellationToken);
        if (lost is not null)
        {
            return lost;
        }

        first += readable + unreadable;
        leastRows = 0;
        previous = [];
        IsDone = belowMs is null || belowMs < floorMs;
        var gap = new PollGap(belowMs ?? floorMs, Math.Min(aboveMs, tail.Clock.NowMs), unreadable, tail.Clock.NowMs);
        return await PollGaps.AddAsync(tail, gap, cancellationToken);
    }
}
