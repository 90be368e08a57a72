using SiemForwarder.Service.Keycloak.Client;
using SiemForwarder.Service.Keycloak.Polling;

namespace SiemForwarder.Service.Keycloak.Gaps;

/// <summary>Retries rows that the server could not read, on servers with ids.</summary>
internal sealed class GapRetry(StreamPollContext tail)
{
    private readonly PageKeys keys = new();

    /// <summary>Tries every gap once; null, or the first failure that is not about the rows.</summary>
    public async Task<PollFailure?> RetryAsync(CancellationToken cancellationToken)
    {
        foreach (var gap in tail.Checkpoint.Gaps)
        {
            var failure = await RetryAsync(gap, cancellationToken);
            if (failure is not null)
            {
                return failure;
            }
        }

        return null;
    }

    private async Task<PollFailure?> RetryAsync(PollGap gap, CancellationToken cancellationToken)
    {
        var query = EventQuery.Ascending(tail.Stream, gap.FromMs, gap.ToMs, PollTiming.MaxTieRows);
        var (fetched, failure) = await tail.FetchAsync(query, KeycloakClient.MaxTieBytes, cancellationToken);
        using var page = fetched;
        if (page is null)
        {
            return failure!.Suspect == PageSuspicion.UnreadableRow ? await ReadRestAsync(gap, cancellationToken) : failure;
        }

        var events = keys.ById(page, tail.Checkpoint.StartMs, tail.Checkpoint.HashedThroughMs);
        return await tail.StoreAsync(events, tail.Checkpoint, cancellationToken)
            ?? await PollGaps.CloseAsync(tail, gap, page.Count, cancellationToken);
    }

    private async Task<PollFailure?> ReadRestAsync(PollGap gap, CancellationToken cancellationToken)
    {
        if (gap.FromMs != gap.ToMs)
        {
            return null;
        }

        // A good row of the same millisecond may have been committed since.
        var (_, failure) = await new UnreadableMillisecond(tail, keys).ReadAsync(gap.FromMs, cancellationToken);
        return failure;
    }
}

/// <summary>Retries rows that a server without ids could not read: finds their offset by bisection, then reads the page around it.</summary>
internal sealed class OffsetGapRetry(StreamPollContext tail)
{
    private const int RowsAround = 50;
    private readonly PageKeys keys = new();

    /// <summary>Tries every gap once; null, or the first failure that is not about the rows.</summary>
    public async Task<PollFailure?> RetryAsync(CancellationToken cancellationToken)
    {
        foreach (var gap in tail.Checkpoint.Gaps)
        {
            var (offset, failure) = await FindOffsetAsync(gap.ToMs, cancellationToken);
            failure ??= await RetryAsync(gap, Math.Max(0, offset - RowsAround), cancellationToken);
            if (failure is not null)
            {
                return failure;
            }
        }

        return null;
    }

    private async Task<PollFailure?> RetryAsync(PollGap gap, int first, CancellationToken cancellationToken)
    {
        var rows = Math.Min(PollTiming.MaxPageRows, gap.Rows + (2 * RowsAround));
        var (fetched, failure) = await tail.FetchAsync(new EventQuery(tail.Stream, rows) { First = first }, KeycloakClient.MaxPageBytes, cancellationToken);
        using var page = fetched;
        if (page is null)
        {
            return failure!.Suspect == PageSuspicion.UnreadableRow ? null : failure;
        }

        return await tail.StoreAsync(keys.ByContent(page, tail.Checkpoint.StartMs), tail.Checkpoint, cancellationToken)
            ?? await PollGaps.CloseAsync(tail, gap, gap.Rows, cancellationToken);
    }

    /// <summary>The offset of the newest row not newer than the time, as far as unreadable rows allow.</summary>
    private async Task<(int Offset, PollFailure? Failure)> FindOffsetAsync(long timeMs, CancellationToken cancellationToken)
    {
        var (younger, notYounger) = (-1, 1);
        while (true)
        {
            var (isYounger, failure) = await IsYoungerAsync(notYounger, timeMs, cancellationToken);
            if (failure is not null)
            {
                return (0, failure);
            }

            if (!isYounger)
            {
                break;
            }

            (younger, notYounger) = (notYounger, notYounger * 2);
        }

        while (notYounger - younger > 1)
        {
            var middle = (younger + notYounger) / 2;
            var (isYounger, failure) = await IsYoungerAsync(middle, timeMs, cancellationToken);
            if (failure is not null)
            {
                return (0, failure);
            }

            (younger, notYounger) = isYounger ? (middle, notYounger) : (younger, middle);
        }

        return (notYounger, null);
    }

    private async Task<(bool IsYounger, PollFailure? Failure)> IsYoungerAsync(int offset, long timeMs, CancellationToken cancellationToken)
    {
        var (fetched, failure) = await tail.FetchAsync(new EventQuery(tail.Stream, 1) { First = offset }, KeycloakClient.MaxPageBytes, cancellationToken);
        using var page = fetched;
        return failure is { Suspect: not PageSuspicion.UnreadableRow } ? (false, failure) : (page is { Count: > 0 } && page.FirstTimeMs > timeMs, null);
    }
}

/// <summary>The gaps in a checkpoint: rows that the server cannot read now but may be able to read after an upgrade or repair.</summary>
internal static class PollGaps
{
    private const int MaxGaps = 500;

    /// <summary>Records a gap in the checkpoint and as an event; a known gap is not changed.</summary>
    public static async Task<PollFailure?> AddAsync(StreamPollContext tail, PollGap gap, CancellationToken cancellationToken)
    {
        if (tail.Checkpoint.Gaps.Any(known => (known.FromMs, known.ToMs) == (gap.FromMs, gap.ToMs) || (known.FromMs < gap.ToMs && known.ToMs > gap.FromMs)))
        {
            return null;
        }

        var notice = new PollNotice(
            PollNotice.Unreadable,
            gap.FoundAtMs,
            $"Keycloak cannot read {gap.Rows} of its own stored events of realm '{tail.Source.Realm}' around "
                + $"{DateTimeOffset.FromUnixTimeMilliseconds(gap.FromMs):u}; they are missing here. Its server log names the cause. They are retried "
                    + "every hour.",
            gap.FromMs,
            gap.ToMs,
            gap.Rows);
        var failure = await tail.RaiseAsync(notice, cancellationToken);
        if (failure is not null)
        {
            return failure;
        }

        List<PollGap> gaps = [.. tail.Checkpoint.Gaps.Append(gap).OrderBy(known => known.FromMs)];
        while (gaps.Count > MaxGaps)
        {
            gaps[0] = gaps[0] with { ToMs = Math.Max(gaps[0].ToMs, gaps[1].ToMs), Rows = gaps[0].Rows + gaps[1].Rows };
            gaps.RemoveAt(1);
        }

        return await tail.StoreAsync([], tail.Checkpoint with { Gaps = gaps }, cancellationToken);
    }

    /// <summary>Removes a gap after its rows have been read and stored.</summary>
    public static async Task<PollFailure?> CloseAsync(StreamPollContext tail, PollGap gap, int rows, CancellationToken cancellationToken)
    {
        var notice = new PollNotice(
            PollNotice.Recovered,
            tail.Clock.NowMs,
            $"Keycloak can read its events of realm '{tail.Source.Realm}' around {DateTimeOffset.FromUnixTimeMilliseconds(gap.FromMs):u} again; what is "
                + "still stored there is now complete here.",
            gap.FromMs,
            gap.ToMs,
            rows);
        var failure = await tail.RaiseAsync(notice, cancellationToken);
        return failure ?? await tail.StoreAsync(
            [], tail.Checkpoint with { Gaps = [.. tail.Checkpoint.Gaps.Where(known => known != gap)] }, cancellationToken);
    }
}
