using SiemForwarder.Service.Keycloak.Client;
using SiemForwarder.Service.Keycloak.Polling;

namespace SiemForwarder.Service.Keycloak.Tail;

/// <summary>What both tiers do at the begin and the end of a sweep.</summary>
internal static class SweepAnchor
{
    /// <summary>The anchor that a sweep starting now leaves behind: the watermark, or the server's clock less an allowance for its error.</summary>
    /// <remarks>Both are no later than the clock at the sweep's start, on which the proof rests; the later one spares reading a backlog twice.</remarks>
    public static long For(StreamPollContext tail) =>
        tail.Clock.IsMeasured
            ? Math.Max(tail.Checkpoint.WatermarkMs, tail.Clock.NowMs - PollTiming.ClockMarginMs)
            : tail.Checkpoint.WatermarkMs;

    /// <summary>Raises an event where rows of the last minutes are gone from the server: deleting them leaves no trace there.</summary>
    public static async Task<PollFailure?> ReportRemovedAsync(StreamPollContext tail, CancellationToken cancellationToken)
    {
        // What Keycloak's own expiration took is not removed by anybody.
        var unexpiredFromMs = tail.ExpirationSeconds is { } seconds ? tail.Clock.NowMs - (seconds * 1000) + PollTiming.ClockMarginMs : long.MinValue;
        var (count, oldestMs) = tail.Known.CompleteSweep(Math.Max(tail.KeptFromMs, unexpiredFromMs));
        if (count == 0)
        {
            return null;
        }

        var nowMs = tail.Clock.NowMs;
        return await tail.RaiseAsync(
            new PollNotice(
                PollNotice.Removed,
                nowMs,
                $"{count} events of the last minutes were removed from realm '{tail.Source.Realm}' at Keycloak. They are kept here; find out who cleared "
                    + "the events there.",
                oldestMs,
                nowMs,
                count),
            cancellationToken);
    }
}
