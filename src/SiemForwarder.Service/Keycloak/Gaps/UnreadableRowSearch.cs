using SiemForwarder.Service.Keycloak.Client;
using SiemForwarder.Service.Keycloak.Polling;

namespace SiemForwarder.Service.Keycloak.Gaps;

/// <summary>Finds the millisecond of the first row that the server cannot read, by asking for shorter and shorter spans.</summary>
internal sealed class UnreadableRowSearch(StreamPollContext tail, PollFailure seen)
{
    private const long MaxSpanMs = 1L << 43;

    /// <summary>The time of the row; no time and no failure where everything can be read after all.</summary>
    public async Task<(long? TimeMs, PollFailure? Failure)> FindAsync(long fromMs, long? toMs, CancellationToken cancellationToken)
    {
        // A server in trouble fails on any query; then no row is to blame.
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
