using SiemForwarder.Service.Keycloak.Client;
using SiemForwarder.Service.Keycloak.Polling;

namespace SiemForwarder.Service.Keycloak.Tail;

/// <summary>Goes back where the server's clock is behind what counts as read: its next events will be stamped there.</summary>
internal sealed class ClockWatch(StreamPollContext tail)
{
    /// <summary>When the stream began, in local time; null where it began in an earlier process.</summary>
    public long? BegunMs { get; set; }

    /// <summary>The anchor that the last step back left behind; null before one.</summary>
    public long? AnchorMs { get; private set; }

    /// <summary>Compares the checkpoint with the clock; true where it was moved back, or why that could not be told.</summary>
    public async Task<(bool HasGoneBack, PollFailure? Failure)> LookAsync(CancellationToken cancellationToken)
    {
        var (checkpoint, nowMs) = (tail.Checkpoint, tail.Clock.NowMs);
        var isBegin = checkpoint.LatestMs == checkpoint.StartMs && tail.Source.Start.Since is not null;
        if (!tail.Clock.IsMeasured || isBegin || checkpoint.LatestMs - nowMs <= ServerClock.ToleranceMs)
        {
            return (false, null);
        }

        // Until it was noticed the clock may have been there for as long as it was not heard of.
        var unheardMs = BegunMs is { } begunMs ? Math.Min(tail.Clock.UnheardMs, tail.Clock.LocalMs - begunMs) : tail.Clock.UnheardMs;
        var backToMs = Math.Max(0, nowMs - unheardMs - tail.HorizonMs);
        var failure = await tail.RaiseAsync(
            new PollNotice(
                PollNotice.ClockBehind,
                nowMs,
                $"A clock of Keycloak's shows {DateTimeOffset.FromUnixTimeMilliseconds(nowMs):u} and realm '{tail.Source.Realm}' was read up to "
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

        // History begins where the administrator said; the present begins where the clock is.
        var isHistory = tail.Source.Start.Everything || tail.Source.Start.Since is not null;
        tail.GoBack(checkpoint.Before(backToMs, isHistory ? checkpoint.StartMs : Math.Min(checkpoint.StartMs, backToMs)));
        AnchorMs = tail.Checkpoint.SweepAnchorMs;
        return (true, null);
    }
}
