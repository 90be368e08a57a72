using SiemForwarder.Service.Keycloak.Client;
using SiemForwarder.Service.Keycloak.Polling;

namespace SiemForwarder.Service.Keycloak.Gaps;

/// <summary>Asks again for the rows that a server without ids could not read: finds their place by halving, then reads the page around it.</summary>
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

    /// <summary>The offset of the newest row no younger than the time, as far as unreadable rows let it be seen.</summary>
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
