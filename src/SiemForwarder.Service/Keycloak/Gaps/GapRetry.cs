using SiemForwarder.Service.Keycloak.Client;
using SiemForwarder.Service.Keycloak.Polling;

namespace SiemForwarder.Service.Keycloak.Gaps;

/// <summary>Asks again for the rows that the server could not read, on servers with ids.</summary>
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
