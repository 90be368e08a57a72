using SiemForwarder.Connections;
using SiemForwarder.Service.Keycloak.Client;
using SiemForwarder.Service.Keycloak.Polling;

namespace SiemForwarder.Service.Keycloak.Tail;

/// <summary>What both tiers do at the start and the end of a sweep.</summary>
internal static class SweepAnchor
{
    /// <summary>The anchor that a sweep starting now will set: the watermark, or the server's clock less an allowance for its error.</summary>
    /// <remarks>Neither is later than the clock at the sweep's start, as correctness requires; using the later one avoids reading a backlog twice.</remarks>
    public static long For(StreamPollContext tail) =>
        tail.Clock.IsMeasured
            ? Math.Max(tail.Checkpoint.WatermarkMs, tail.Clock.NowMs - PollTiming.ClockMarginMs)
            : tail.Checkpoint.WatermarkMs;

    /// <summary>Raises an event if rows of the last minutes are gone from the server, because deleting them leaves no trace there.</summary>
    public static async Task<PollFailure?> ReportRemovedAsync(StreamPollContext tail, CancellationToken cancellationToken)
    {
        // Rows that Keycloak itself expired do not count as removed.
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
                $"Someone removed {CountText.Of(count, "event")} of the last minutes from realm '{tail.Source.Realm}' at Keycloak. They are kept "
                    + "here; find out who cleared the events there.",
                oldestMs,
                nowMs,
                count),
            cancellationToken);
    }
}
