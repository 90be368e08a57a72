using SiemForwarder.Events;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Keycloak.Client;
using SiemForwarder.Service.Keycloak.Gaps;
using SiemForwarder.Service.Keycloak.Polling;

namespace SiemForwarder.Service.Keycloak.Tail;

/// <summary>Where a pass continues, and the checkpoint to store with what was read; the pass may change the checkpoint.</summary>
internal readonly record struct SweepChange(PollCheckpoint Checkpoint, long? NextMs);

/// <summary>One step of a pass: the time to continue from, null at the end of the stream, or the failure.</summary>
internal readonly record struct PassStep(long? NextMs, PollFailure? Failure);

/// <summary>Reads one page in ascending order from a time and stores it; handles ties, gaps and rows the server cannot read.</summary>
internal sealed class AscendingReader
{
    private readonly StreamPollContext tail;
    private readonly PageKeys keys = new();
    private readonly UnreadableMillisecond unreadable;

    public AscendingReader(StreamPollContext tail)
    {
        this.tail = tail;
        unreadable = new UnreadableMillisecond(tail, keys);
    }

    /// <summary>Reads and stores one page.</summary>
    /// <param name="fromMs">Lowest time, inclusive.</param>
    /// <param name="toMs">Highest time, inclusive; null for all.</param>
    /// <param name="change">Gives the checkpoint what the pass has to remember.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    public async Task<PassStep> ReadAsync(long fromMs, long? toMs, Func<SweepChange, SweepChange> change, CancellationToken cancellationToken)
    {
        var gap = tail.Checkpoint.Gaps.Where(gap => gap.ToMs >= fromMs && !(gap.FromMs > toMs)).MinBy(gap => gap.FromMs);
        if (gap is not null && gap.FromMs <= fromMs)
        {
            return await StoreAsync([], fromMs, gap.ToMs + 1, change, cancellationToken);
        }

        var rows = tail.PageSize.Rows;
        var query = EventQuery.Ascending(tail.Stream, fromMs, gap?.FromMs - 1 ?? toMs, rows);
        var (fetched, failure) = await tail.FetchAsync(query, KeycloakClient.MaxPageBytes, cancellationToken);
        using var page = fetched;
        if (page is null)
        {
            return await RecoverAsync(failure!, fromMs, gap?.FromMs - 1 ?? toMs, cancellationToken);
        }

        tail.PageSize.NoteGoodPage();
        var events = keys.ById(page, tail.Checkpoint.StartMs, tail.Checkpoint.HashedThroughMs);
        if (page.Count < rows)
        {
            return await StoreAsync(events, page.Count == 0 ? fromMs : page.LastTimeMs, gap is null ? null : gap.ToMs + 1, change, cancellationToken);
        }

        return page.LastTimeMs > fromMs
            ? await StoreAsync(events, page.LastTimeMs, page.LastTimeMs, change, cancellationToken)
            : await ReadTieAsync(fromMs, rows, change, cancellationToken);
    }

    /// <summary>A whole page of one millisecond has no time to continue from: all its rows are requested in one query of increasing size.</summary>
    /// <param name="timeMs">The millisecond.</param>
    /// <param name="rows">How many rows of it were on the page.</param>
    /// <param name="change">Gives the checkpoint what the pass has to remember.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    private async Task<PassStep> ReadTieAsync(long timeMs, int rows, Func<SweepChange, SweepChange> change, CancellationToken cancellationToken)
    {
        var (least, most) = (rows, PollTiming.MaxTieRows);
        for (var max = Math.Min(rows * 2, most); ; max = Math.Min(max * 2, most))
        {
            var query = EventQuery.Ascending(tail.Stream, timeMs, timeMs, max);
            var (fetched, failure) = await tail.FetchAsync(query, KeycloakClient.MaxTieBytes, cancellationToken);
            using var page = fetched;
            if (page is null && failure!.Suspect == PageSuspicion.TooLarge && max > rows)
            {
                most = max / 2;
                return await ReadPartsAsync(timeMs, most, change, cancellationToken);
            }

            if (page is null)
            {
                return await RecoverAsync(failure!, timeMs, timeMs, cancellationToken);
            }

            if (page.Count < least)
            {
                return new PassStep(null, KeycloakAnswers.Fewer(tail.Source));
            }

            if (page.Count < max)
            {
                var events = keys.ById(page, tail.Checkpoint.StartMs, tail.Checkpoint.HashedThroughMs);
                return await StoreAsync(events, timeMs, timeMs + 1, change, cancellationToken);
            }

            if (max == most)
            {
                return await ReadPartsAsync(timeMs, most, change, cancellationToken);
            }

            least = page.Count;
        }
    }

    /// <summary>Reads more rows of one millisecond than can be requested at once: in parts by offset, although the order may change between parts.</summary>
    private async Task<PassStep> ReadPartsAsync(long timeMs, int rows, Func<SweepChange, SweepChange> change, CancellationToken cancellationToken)
    {
        var failed = await tail.TellCrowdedAsync(timeMs, cancellationToken);
        var seen = new HashSet<EventKey>();
        for (var first = 0; failed is null; first += rows - (rows / 50))
        {
            var query = EventQuery.Ascending(tail.Stream, timeMs, timeMs, rows) with { First = first };
            var (fetched, failure) = await tail.FetchAsync(query, KeycloakClient.MaxTieBytes, cancellationToken);
            using var page = fetched;
            if (page is null)
            {
                return await RecoverAsync(failure!, timeMs, timeMs, cancellationToken);
            }

            var before = seen.Count;
            var events = keys.ById(page, tail.Checkpoint.StartMs, tail.Checkpoint.HashedThroughMs);
            seen.UnionWith(events.Select(incoming => incoming.Key));

            // A server that ignores the offset would return the same rows forever.
            var isLast = page.Count < rows || seen.Count == before;
            var step = await StoreAsync(events, timeMs, isLast ? timeMs + 1 : timeMs, change, cancellationToken);
            if (isLast || step.Failure is not null)
            {
                return step;
            }
        }

        return new PassStep(null, failed);
    }

    private async Task<PassStep> RecoverAsync(PollFailure failure, long fromMs, long? toMs, CancellationToken cancellationToken)
    {
        if (failure.Suspect == PageSuspicion.TooLarge)
        {
            tail.PageSize.Halve();
        }

        if (failure.Suspect != PageSuspicion.UnreadableRow)
        {
            return new PassStep(null, failure);
        }

        // Recorded or readable meanwhile: the pass continues from the same place, and skips what is recorded.
        var (timeMs, unfound) = await new UnreadableRowSearch(tail, failure).FindAsync(fromMs, toMs, cancellationToken);
        return new PassStep(fromMs, timeMs is { } found ? await unreadable.RecordAsync(found, cancellationToken) : unfound);
    }

    private async Task<PassStep> StoreAsync(
        List<IncomingEvent> events, long maxTimeMs, long? nextMs, Func<SweepChange, SweepChange> change, CancellationToken cancellationToken)
    {
        foreach (var incoming in events)
        {
            maxTimeMs = Math.Max(maxTimeMs, incoming.OccurredAtMs);
        }

        if (events.Count > 0)
        {
            tail.NoteRead(events[^1].OccurredAtMs);
        }

        var next = change(new SweepChange(tail.Advanced(maxTimeMs), nextMs));
        var failure = await tail.StoreAsync(events, next.Checkpoint, cancellationToken);
        return new PassStep(nextMs, failure);
    }
}
