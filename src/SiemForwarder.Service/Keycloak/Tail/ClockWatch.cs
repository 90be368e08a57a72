using SiemForwarder.Service.Keycloak.Client;
using SiemForwarder.Service.Keycloak.Polling;

namespace SiemForwarder.Service.Keycloak.Tail;

/// <summary>Moves back if the server's clock is behind what counts as read, because its next events will be stamped there.</summary>
internal sealed class ClockWatch(StreamPollContext tail)
{
    /// <summary>When the stream was started, in local time; null if it was started by an earlier process.</summary>
    public long? BegunMs { get; set; }

    /// <summary>The anchor set by the last move back; null before the first.</summary>
    public long? AnchorMs { get; private set; }

    /// <summary>Compares the checkpoint with the clock; returns whether it was moved back, or the failure to determine that.</summary>
    public async Task<(bool HasGoneBack, PollFailure? Failure)> LookAsync(CancellationToken cancellationToken)
    {
        var (checkpoint, nowMs) = (tail.Checkpoint, tail.Clock.NowMs);
        var isBegin = checkpoint.LatestMs == checkpoint.StartMs && tail.Source.Start.Since is not null;
        if (!tail.Clock.IsMeasured || isBegin || checkpoint.LatestMs - nowMs <= ServerClock.ToleranceMs)
        {
            return (false, null);
        }

        // The clock may have been there undetected for as long as it was not observed.
        var unheardMs = BegunMs is { } begunMs ? Math.Min(tail.Clock.UnheardMs, tail.Clock.LocalMs - begunMs) : tail.Clock.UnheardMs;
        var backToMs = Math.Max(0, nowMs - unheardMs - tail.HorizonMs);
        var failure = await tail.RaiseAsync(
            new PollNotice(
                PollNotice.ClockBehind,
                nowMs,
                $"A Keycloak clock shows {DateTimeOffset.FromUnixTimeMilliseconds(nowMs):u} and realm '{tail.Source.Realm}' was read up to "
                    + $"{DateTimeOffset.FromUnixTimeMilliseconds(checkpoint.LatestMs):u}: it was set back, or the clocks of the nodes differ. Everything since "
                    + $"{DateTimeOffset.FromUnixTimeMilliseconds(backToMs):u} is read again and stored once. Synchronize all nodes with a time server (NTP).",
                backToMs,
                checkpoint.LatestMs,
                0),
            cancellationToken);
        if (failure is not null)
        {
            return (false, failure);
        }

        // History starts where the administrator said; live polling starts at the clock.
        var isHistory = tail.Source.Start.Everything || tail.Source.Start.Since is not null;
        tail.GoBack(checkpoint.Before(backToMs, isHistory ? checkpoint.StartMs : Math.Min(checkpoint.StartMs, backToMs)));
        AnchorMs = tail.Checkpoint.SweepAnchorMs;
        return (true, null);
    }
}
