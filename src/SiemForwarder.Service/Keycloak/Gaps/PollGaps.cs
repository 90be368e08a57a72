using SiemForwarder.Service.Keycloak.Client;
using SiemForwarder.Service.Keycloak.Polling;

namespace SiemForwarder.Service.Keycloak.Gaps;

/// <summary>The list of gaps in a checkpoint: what the server cannot read now and may be able to read after an upgrade or a repair.</summary>
internal static class PollGaps
{
    private const int MaxGaps = 500;

    /// <summary>Writes a gap down, in the checkpoint and as an event; one that is known already is left as it is.</summary>
    public static async Task<PollFailure?> AddAsync(StreamPollContext tail, PollGap gap, CancellationToken cancellationToken)
    {
        if (tail.Checkpoint.Gaps.Any(known => (known.FromMs, known.ToMs) == (gap.FromMs, gap.ToMs) || (known.FromMs < gap.ToMs && known.ToMs > gap.FromMs)))
        {
            return null;
        }

        var notice = new PollNotice(
            PollNotice.Unreadable,
            gap.FoundAtMs,
            $"Keycloak cannot read {gap.Rows} of its own stored events of realm '{tail.Source.Realm}' around "
                + $"{DateTimeOffset.FromUnixTimeMilliseconds(gap.FromMs):u}; they are missing here. Its server log names the cause. They are asked for "
                    + "again every hour.",
            gap.FromMs,
            gap.ToMs,
            gap.Rows);
        var failure = await tail.RaiseAsync(notice, cancellationToken);
        if (failure is not null)
        {
            return failure;
        }

        List<PollGap> gaps = [.. tail.Checkpoint.Gaps.Append(gap).OrderBy(known => known.FromMs)];
        while (gaps.Count > MaxGaps)
        {
            gaps[0] = gaps[0] with { ToMs = Math.Max(gaps[0].ToMs, gaps[1].ToMs), Rows = gaps[0].Rows + gaps[1].Rows };
            gaps.RemoveAt(1);
        }

        return await tail.StoreAsync([], tail.Checkpoint with { Gaps = gaps }, cancellationToken);
    }

    /// <summary>Strikes a gap out after its rows were read and stored.</summary>
    public static async Task<PollFailure?> CloseAsync(StreamPollContext tail, PollGap gap, int rows, CancellationToken cancellationToken)
    {
        var notice = new PollNotice(
            PollNotice.Recovered,
            tail.Clock.NowMs,
            $"Keycloak can read its events of realm '{tail.Source.Realm}' around {DateTimeOffset.FromUnixTimeMilliseconds(gap.FromMs):u} again; what is "
                + "still stored there is complete here now.",
            gap.FromMs,
            gap.ToMs,
            rows);
        var failure = await tail.RaiseAsync(notice, cancellationToken);
        return failure ?? await tail.StoreAsync(
            [], tail.Checkpoint with { Gaps = [.. tail.Checkpoint.Gaps.Where(known => known != gap)] }, cancellationToken);
    }
}
