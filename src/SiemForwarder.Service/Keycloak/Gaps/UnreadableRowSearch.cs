using SiemForwarder.Events;
using SiemForwarder.Service.Keycloak.Client;
using SiemForwarder.Service.Keycloak.Polling;

namespace SiemForwarder.Service.Keycloak.Gaps;

/// <summary>Finds the millisecond of the first row that the server cannot read, by querying shorter and shorter spans.</summary>
internal sealed class UnreadableRowSearch(StreamPollContext tail, PollFailure seen)
{
    private const long MaxSpanMs = 1L << 43;

    /// <summary>The time of the row; no time and no failure if everything can be read after all.</summary>
    public async Task<(long? TimeMs, PollFailure? Failure)> FindAsync(long fromMs, long? toMs, CancellationToken cancellationToken)
    {
        // A server in trouble fails every query; then no row is to blame.
        var health = await ProbeAsync(1, 1, cancellationToken);
        if (health is not null)
        {
            return (null, health.Suspect == PageSuspicion.UnreadableRow ? seen : health);
        }

        var (good, span) = (fromMs - 1, 0L);
        while (true)
        {
            var end = Math.Min(fromMs + span, toMs ?? long.MaxValue);
            var failure = await ProbeAsync(fromMs, end, cancellationToken);
            if (failure is not null)
            {
                return failure.Suspect == PageSuspicion.UnreadableRow
                    ? await NarrowAsync(fromMs, good, end, cancellationToken)
                    : (null, failure);
            }

            if (end == toMs || span > MaxSpanMs)
            {
                return (null, null);
            }

            (good, span) = (end, (span * 2) + 1);
        }
    }

    private async Task<(long? TimeMs, PollFailure? Failure)> NarrowAsync(long fromMs, long good, long bad, CancellationToken cancellationToken)
    {
        while (bad - good > 1)
        {
            var middle = good + ((bad - good) / 2);
            var failure = await ProbeAsync(fromMs, middle, cancellationToken);
            if (failure is not null && failure.Suspect != PageSuspicion.UnreadableRow)
            {
                return (null, failure);
            }

            (good, bad) = failure is null ? (middle, bad) : (good, middle);
        }

        return (bad, null);
    }

    private async Task<PollFailure?> ProbeAsync(long fromMs, long toMs, CancellationToken cancellationToken)
    {
        var query = EventQuery.Ascending(tail.Stream, fromMs, toMs, tail.PageSize.Rows);
        var (page, failure) = await tail.FetchAsync(query, KeycloakClient.MaxPageBytes, cancellationToken);
        page?.Dispose();
        return failure;
    }
}

/// <summary>Finds the offset of the first row that a server without ids cannot read, and the number of consecutive unreadable rows.</summary>
internal sealed class UnreadableOffsetSearch(StreamPollContext tail, PollFailure seen, Func<int, int, EventQuery> query)
{
    private const int MaxInARow = 200;

    /// <summary>How many of <paramref name="rows"/> rows from <paramref name="first"/> can be read before one cannot; null if all
    /// can, or none of the server's responses can be trusted.</summary>
    public async Task<(int? Readable, PollFailure? Failure)> FindAsync(int first, int rows, CancellationToken cancellationToken)
    {
        var health = await ProbeAsync(0, 0, cancellationToken);
        if (health is not null)
        {
            return (null, health.Suspect == PageSuspicion.UnreadableRow ? seen : health);
        }

        var (good, bad) = (0, rows + 1);
        while (bad - good > 1)
        {
            var middle = (good + bad) / 2;
            var failure = await ProbeAsync(first, middle, cancellationToken);
            if (failure is not null && failure.Suspect != PageSuspicion.UnreadableRow)
            {
                return (null, failure);
            }

            (good, bad) = failure is null ? (middle, bad) : (good, middle);
        }

        return good >= rows ? (null, null) : (good, null);
    }

    /// <summary>How many rows from <paramref name="offset"/> cannot be read, and the time of the next that can; null if none follows.</summary>
    public async Task<(int Unreadable, long? BelowMs, PollFailure? Failure)> CountAsync(int offset, CancellationToken cancellationToken)
    {
        for (var count = 0; count < MaxInARow; count++)
        {
            var (fetched, failure) = await tail.FetchAsync(query(offset + count, 1), KeycloakClient.MaxPageBytes, cancellationToken);
            using var page = fetched;
            if (failure is { Suspect: not PageSuspicion.UnreadableRow })
            {
                return (0, null, failure);
            }

            if (page is not null)
            {
                return (count, page.Count == 0 ? null : page.FirstTimeMs, null);
            }
        }

        return (0, null, seen);
    }

    private async Task<PollFailure?> ProbeAsync(int first, int max, CancellationToken cancellationToken)
    {
        var (page, failure) = await tail.FetchAsync(query(first, max), KeycloakClient.MaxPageBytes, cancellationToken);
        page?.Dispose();
        return failure;
    }
}

/// <summary>Reads a millisecond with an unreadable row one row at a time, and tracks what is missing.</summary>
internal sealed class UnreadableMillisecond(StreamPollContext tail, PageKeys keys)
{
    private const int MaxRounds = 10;
    private const int MaxSteps = 500;

    /// <summary>Stores the readable rows of the millisecond and records the gap; the pass continues where it was and skips the gap.</summary>
    public async Task<PollFailure?> RecordAsync(long timeMs, CancellationToken cancellationToken)
    {
        var (unreadable, failure) = await ReadAsync(timeMs, cancellationToken);
        if (failure is not null || unreadable == 0)
        {
            return failure;
        }

        return await PollGaps.AddAsync(tail, new PollGap(timeMs, timeMs, unreadable, tail.Clock.NowMs), cancellationToken);
    }

    /// <summary>Stores the readable rows of the millisecond; returns how many rows cannot be read.</summary>
    public async Task<(int Unreadable, PollFailure? Failure)> ReadAsync(long timeMs, CancellationToken cancellationToken)
    {
        var found = new HashSet<EventKey>();
        var unreadable = 0;

        // The order within a millisecond may differ between queries, so one round may see a row twice and another not at all.
        for (var (round, quietRounds) = (0, 0); round < MaxRounds && quietRounds < 3; round++, quietRounds++)
        {
            var (failed, before) = (0, found.Count);
            for (var first = 0; first < MaxSteps; first++)
            {
                var query = EventQuery.Ascending(tail.Stream, timeMs, timeMs, 1) with { First = first };
                var (fetched, failure) = await tail.FetchAsync(query, KeycloakClient.MaxPageBytes, cancellationToken);
                using var page = fetched;
                if (failure is { Suspect: not PageSuspicion.UnreadableRow })
                {
                    return (0, failure);
                }

                if (page is { Count: 0 })
                {
                    break;
                }

                failed += page is null ? 1 : 0;
                if (page is not null && page.Events[0].Key is { } key && found.Add(key))
                {
                    var events = keys.ById(page, tail.Checkpoint.StartMs, tail.Checkpoint.HashedThroughMs);
                    var unstored = await tail.StoreAsync(events, tail.Checkpoint, cancellationToken);
                    if (unstored is not null)
                    {
                        return (0, unstored);
                    }
                }
            }

            unreadable = Math.Max(unreadable, failed);
            quietRounds = found.Count > before ? 0 : quietRounds;
        }

        return (unreadable, null);
    }
}
