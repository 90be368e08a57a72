using SiemForwarder.Service.Keycloak.Client;
using SiemForwarder.Service.Keycloak.Polling;

namespace SiemForwarder.Service.Keycloak.Tail;

/// <summary>Finds the day of the oldest stored event where the wished beginning is long before it, so that a walk over days skips the empty years.</summary>
internal sealed class OldestDay(StreamPollContext tail)
{
    private const int MaxDays = 16_384;

    /// <summary>The wished day, or the day before the oldest event if that is later.</summary>
    public async Task<(DateOnly Day, PollFailure? Failure)> FindAsync(DateOnly wished, CancellationToken cancellationToken)
    {
        var today = DayBackfill.Day(tail.Clock.NowMs);
        var (withEvents, without) = (0, 1);
        while (true)
        {
            if (today.AddDays(-without) <= wished || without > MaxDays)
            {
                without = today.DayNumber - wished.DayNumber;
                break;
            }

            var (exists, failure) = await ExistsAsync(today.AddDays(-without), cancellationToken);
            if (failure is not null)
            {
                return (wished, failure);
            }

            if (!exists)
            {
                break;
            }

            (withEvents, without) = (without, without * 2);
        }

        while (without - withEvents > 1)
        {
            var middle = (withEvents + without) / 2;
            var (exists, failure) = await ExistsAsync(today.AddDays(-middle), cancellationToken);
            if (failure is not null)
            {
                return (wished, failure);
            }

            (withEvents, without) = exists ? (middle, without) : (withEvents, middle);
        }

        var found = today.AddDays(-without - 1);
        return (found < wished ? wished : found, null);
    }

    private async Task<(bool Exists, PollFailure? Failure)> ExistsAsync(DateOnly day, CancellationToken cancellationToken)
    {
        var query = new EventQuery(tail.Stream, 1) { To = DescendingTail.Text(day) };
        var (fetched, failure) = await tail.FetchAsync(query, KeycloakClient.MaxPageBytes, cancellationToken);
        using var page = fetched;

        // A row that cannot be read is a row.
        return failure is { Suspect: PageSuspicion.UnreadableRow } ? (true, null) : (page?.Count > 0, failure);
    }
}
