using SiemForwarder.Service.EventLog;

namespace SiemForwarder.Service.Keycloak;

/// <summary>Where a pass goes on, and the checkpoint to store with what was read; the pass may change the checkpoint.</summary>
internal readonly record struct SweepChange(PollCheckpoint Checkpoint, long? NextMs);

/// <summary>One step of a pass: the time to go on from, null at the end of the stream, or the failure.</summary>
internal readonly record struct PassStep(long? NextMs, PollFailure? Failure);

/// <summary>Reads one page ascending from a time and stores it; knows what to do with ties, gaps and rows the server cannot read.</summary>
internal sealed class AscendingReader
{
    private readonly TailedStream tail;
    private readonly PageKeys keys = new();
    private readonly UnreadableMillisecond unreadable;

    public AscendingReader(TailedStream tail)
    {
        this.tail = tail;
        unreadable = new UnreadableMillisecond(tail, keys);
    }

    /// <summary>Reads and stores one page.</summary>
    /// <param name="fromMs">Lowest time, inclusive.</param>
    /// <param name="change">Gives the checkpoint what the pass has to remember.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    public async Task<PassStep> ReadAsync(long fromMs, Func<SweepChange, SweepChange> change, CancellationToken cancellationToken)
    {
        var gap = tail.Checkpoint.Gaps.Where(gap => gap.ToMs >= fromMs).MinBy(gap => gap.FromMs);
        if (gap is not null && gap.FromMs <= fromMs)
        {
            return await StoreAsync([], fromMs, gap.ToMs + 1, change, cancellationToken).ConfigureAwait(false);
        }

        var rows = tail.PageSize.Rows;
        var query = EventQuery.Ascending(tail.Stream, fromMs, gap?.FromMs - 1, rows);
        var (fetched, failure) = await tail.FetchAsync(query, KeycloakClient.MaxPageBytes, cancellationToken).ConfigureAwait(false);
        using var page = fetched;
        if (page is null)
        {
            return await RecoverAsync(failure!, fromMs, gap?.FromMs - 1, cancellationToken).ConfigureAwait(false);
        }

        tail.PageSize.NoteGoodPage();
        var events = keys.ById(page, tail.Checkpoint.StartMs, tail.Checkpoint.HashedThroughMs);
        if (page.Count < rows)
        {
            return await StoreAsync(events, page.Count == 0 ? fromMs : page.LastTimeMs, gap is null ? null : gap.ToMs + 1, change, cancellationToken)
                .ConfigureAwait(false);
        }

        return page.LastTimeMs > fromMs
            ? await StoreAsync(events, page.LastTimeMs, page.LastTimeMs, change, cancellationToken).ConfigureAwait(false)
            : await ReadTieAsync(fromMs, rows, change, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>A whole page of one millisecond has no end to go on from: all its rows are asked for in one query, larger and larger.</summary>
    private async Task<PassStep> ReadTieAsync(long timeMs, int rows, Func<SweepChange, SweepChange> change, CancellationToken cancellationToken)
    {
        for (var (max, first) = (rows * 2, 0); ;)
        {
            max = Math.Min(max, PollTiming.MaxTieRows);
            var query = EventQuery.Ascending(tail.Stream, timeMs, timeMs, max) with { First = first };
            var (fetched, failure) = await tail.FetchAsync(query, KeycloakClient.MaxTieBytes, cancellationToken).ConfigureAwait(false);
            using var page = fetched;
            if (page is null)
            {
                return await RecoverAsync(failure!, timeMs, timeMs, cancellationToken).ConfigureAwait(false);
            }

            var isWhole = page.Count < max;
            if (isWhole || max == PollTiming.MaxTieRows)
            {
                var events = keys.ById(page, tail.Checkpoint.StartMs, tail.Checkpoint.HashedThroughMs);
                var step = await StoreAsync(events, timeMs, isWhole ? timeMs + 1 : timeMs, change, cancellationToken).ConfigureAwait(false);
                if (isWhole || step.Failure is not null)
                {
                    return step;
                }

                first += max - 1000;
            }

            max *= 2;
        }
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

        // Recorded or readable meanwhile: the pass goes on from the same place, and steps over what is recorded.
        var (timeMs, unfound) = await new UnreadableRowSearch(tail, failure).FindAsync(fromMs, toMs, cancellationToken).ConfigureAwait(false);
        return new PassStep(fromMs, timeMs is { } found ? await unreadable.RecordAsync(found, cancellationToken).ConfigureAwait(false) : unfound);
    }

    private async Task<PassStep> StoreAsync(
        List<IncomingEvent> events, long maxTimeMs, long? nextMs, Func<SweepChange, SweepChange> change, CancellationToken cancellationToken)
    {
        foreach (var incoming in events)
        {
            maxTimeMs = Math.Max(maxTimeMs, incoming.OccurredAtMs);
        }

        var next = change(new SweepChange(tail.Advanced(maxTimeMs), nextMs));
        var failure = await tail.StoreAsync(events, next.Checkpoint, cancellationToken).ConfigureAwait(false);
        return new PassStep(nextMs, failure);
    }
}
