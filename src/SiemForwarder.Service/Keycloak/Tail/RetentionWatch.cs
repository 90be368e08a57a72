using SiemForwarder.Events;
using SiemForwarder.Service.Keycloak.Client;
using SiemForwarder.Service.Keycloak.Polling;

namespace SiemForwarder.Service.Keycloak.Tail;

/// <summary>Detects that Keycloak may have deleted events before they could be read: the last complete poll is longer ago than it keeps them.</summary>
internal sealed class RetentionWatch(StreamPollContext tail, ClockWatch clockWatch)
{
    private long? toldAnchorMs;

    /// <summary>Checks before a backlog is read; raises an event if something may be lost. Null, or why that could not be stored.</summary>
    public async Task<PollFailure?> LookAsync(CancellationToken cancellationToken)
    {
        var checkpoint = tail.Checkpoint;
        var nowMs = tail.Clock.NowMs;

        // A stream that was never swept is new, and a backlog in progress was checked when it started.
        var isOutage = checkpoint is { Sweep: null, Backfill: null }
            && checkpoint.SweepAnchorMs > checkpoint.StartMs
            && checkpoint.SweepAnchorMs != toldAnchorMs
            && checkpoint.SweepAnchorMs != clockWatch.AnchorMs
            && nowMs - checkpoint.SweepAnchorMs > PollTiming.HorizonMs;
        if (!isOutage || !tail.Clock.IsMeasured)
        {
            return null;
        }

        toldAnchorMs = checkpoint.SweepAnchorMs;
        var keptSeconds = await FindExpirationAsync(cancellationToken);
        if (keptSeconds is not > 0 || nowMs - checkpoint.SweepAnchorMs <= keptSeconds * 1000)
        {
            return null;
        }

        var notice = new PollNotice(
            PollNotice.PossiblyLost,
            nowMs,
            $"Realm '{tail.Source.Realm}' was not read for {TimeSpan.FromMilliseconds(nowMs - checkpoint.SweepAnchorMs):d\\.hh\\:mm\\:ss}, and Keycloak "
                + $"deletes its events after {TimeSpan.FromSeconds(keptSeconds.Value):d\\.hh\\:mm\\:ss}: events of that time may be lost. Let Keycloak "
                    + "keep events longer than the longest outage.",
            checkpoint.SweepAnchorMs,
            nowMs - (keptSeconds.Value * 1000),
            0);
        var failure = await tail.RaiseAsync(notice, cancellationToken);
        toldAnchorMs = failure is null ? toldAnchorMs : null;
        return failure;
    }

    /// <summary>Seconds that the server keeps events of this stream; null if it does not say, 0 for forever.</summary>
    private async Task<long?> FindExpirationAsync(CancellationToken cancellationToken)
    {
        var isAdmin = tail.Stream == EventStream.Admin;
        var answer = isAdmin
            ? await tail.Client.GetRealmAsync(cancellationToken)
            : await tail.Client.GetEventsConfigAsync(cancellationToken);
        if (answer is not KeycloakAnswer.Content json)
        {
            return null;
        }

        using var body = json.Body;
        return KeycloakExpiration.Find(body, isAdmin);
    }
}
