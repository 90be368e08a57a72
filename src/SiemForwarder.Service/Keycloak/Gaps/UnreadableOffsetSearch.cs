using SiemForwarder.Service.Keycloak.Client;
using SiemForwarder.Service.Keycloak.Polling;

namespace SiemForwarder.Service.Keycloak.Gaps;

/// <summary>Finds the offset of the first row that a server without ids cannot read, and how many stand there in a row.</summary>
internal sealed class UnreadableOffsetSearch(StreamPollContext tail, PollFailure seen, Func<int, int, EventQuery> query)
{
    private const int MaxInARow = 200;

    /// <summary>How many of <paramref name="rows"/> rows from <paramref name="first"/> on can be read before one cannot; null where all
    /// can, or none of the server's answers can be trusted.</summary>
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

    /// <summary>How many rows cannot be read from <paramref name="offset"/> on, and the time of the next that can; null where none follows.</summary>
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
