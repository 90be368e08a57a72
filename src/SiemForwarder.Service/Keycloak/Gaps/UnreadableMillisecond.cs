using SiemForwarder.Events;
using SiemForwarder.Service.Keycloak.Client;
using SiemForwarder.Service.Keycloak.Polling;

namespace SiemForwarder.Service.Keycloak.Gaps;

/// <summary>Reads row by row a millisecond that holds a row the server cannot read, and keeps account of what is missing.</summary>
internal sealed class UnreadableMillisecond(StreamPollContext tail, PageKeys keys)
{
    private const int MaxRounds = 10;
    private const int MaxSteps = 500;

    /// <summary>Stores the readable rows of the millisecond and records the gap; the pass goes on from where it was and steps over it.</summary>
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

        // The order inside a millisecond may differ from query to query, so one round may meet a row twice and another not at all.
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
